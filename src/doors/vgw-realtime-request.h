/* What a client of OpenAI's Realtime protocol sends on its data channel or sideband: the text of an event → what it
 * asks for. Pure. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

typedef enum
{
  VGW_REALTIME_REFUSED,       /* code, param, message: the text is not good, or nothing here can do what it asks for */
  VGW_REALTIME_UPDATE,        /* session.update: object is the session */
  VGW_REALTIME_CLEAR,         /* output_audio_buffer.clear */
  VGW_REALTIME_CANCEL,        /* response.cancel */
  VGW_REALTIME_RESPOND,       /* response.create: object (nullable) is the response */
  VGW_REALTIME_CREATE_ITEM,   /* conversation.item.create: text of the user; item_id (nullable) */
  VGW_REALTIME_RETRIEVE_ITEM, /* conversation.item.retrieve: item_id */
  VGW_REALTIME_TRUNCATE_ITEM, /* conversation.item.truncate: item_id */
  VGW_REALTIME_PASS_ON,       /* gateway.event: object is an event for the engine */
} VgwRealtimeRequestType;

typedef struct
{
  VgwRealtimeRequestType type;
  char *event_id; /* (nullable) the client's */
  char *item_id;
  char *text;
  JsonObject *object;
  const char *code, *param; /* static; param (nullable) */
  char *message;
  gboolean is_metered; /* set by the caller: the connection that it came on bounds the time that requests take */
} VgwRealtimeRequest;

/* Returns: (transfer full) */
VgwRealtimeRequest *vgw_realtime_request_parse (const char *text, gsize length);
void vgw_realtime_request_free (VgwRealtimeRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwRealtimeRequest, vgw_realtime_request_free)
