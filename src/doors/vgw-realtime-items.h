/* The items of a conversation as OpenAI's Realtime protocol has them: what was said and written, each with an id. The
 * last VGW_REALTIME_MAX_ITEMS are kept. Pure. Main thread. */
#pragma once

#include <json-glib/json-glib.h>

#define VGW_REALTIME_MAX_ITEMS 32
#define VGW_REALTIME_MAX_ITEM_BYTES 16384 /* of an item's text: what is longer is cut */

typedef enum
{
  VGW_REALTIME_USER_AUDIO,
  VGW_REALTIME_USER_TEXT,
  VGW_REALTIME_BOT_AUDIO,
} VgwRealtimeItemKind;

/* Counted by references. */
typedef struct
{
  char *id;
  VgwRealtimeItemKind kind;
  char *previous_id;  /* (nullable) of the item before it, once it is in the conversation */
  gboolean is_added;  /* it is in the conversation */
  const char *status; /* "in_progress", "completed", "incomplete" */
  char *text;         /* (nullable) the text, or the transcript of the audio */
  guint64 played_ms;  /* BOT_AUDIO: of its audio, so far as it is known */
} VgwRealtimeItem;

VgwRealtimeItem *vgw_realtime_item_ref (VgwRealtimeItem *self);
void vgw_realtime_item_unref (VgwRealtimeItem *self);

/* Valid UTF-8 of bounded length. @text (nullable): no text. */
void vgw_realtime_item_set_text (VgwRealtimeItem *self, const char *text);

/* {"id","object","type","status","role","content"}. Returns: (transfer full) */
JsonObject *vgw_realtime_item_to_json (const VgwRealtimeItem *self);

typedef struct _VgwRealtimeItems VgwRealtimeItems;

/* Returns: (transfer full) */
VgwRealtimeItems *vgw_realtime_items_new (void);
void vgw_realtime_items_free (VgwRealtimeItems *self);

/* A new one with @id, which is not in the conversation yet. Returns: (transfer full) */
VgwRealtimeItem *vgw_realtime_item_new (VgwRealtimeItemKind kind, const char *id);

/* @item (a reference is kept) comes after those that are there. */
void vgw_realtime_items_add (VgwRealtimeItems *self, VgwRealtimeItem *item);

/* (transfer none) (nullable) */
VgwRealtimeItem *vgw_realtime_items_find (VgwRealtimeItems *self, const char *id);
