/* The messages of OpenAI's Live protocol: the moments of a call as its events, a client's messages as what is to be
 * done, and which of them a page may have. What the gateway does not know it does not send. Pure. */
#pragma once

#include "access/vgw-access.h"

/* --- what a page may send and receive --- */

typedef struct
{
  char **client_events, **server_events; /* types; NULL: all */
} VgwLiveLimits;

/* Reads `client.data_channel.allowed_client_events` and `allowed_server_events` of @client (nullable): "all", or a list
 * of types. Errors: VGW_ERROR_BAD_MESSAGE for anything else. */
gboolean vgw_live_limits_read (VgwLiveLimits *self, JsonObject *client, GError **error);
void vgw_live_limits_clear (VgwLiveLimits *self);

/* Always of an event `session.started` and `error`: without them a page could not work. */
gboolean vgw_live_limits_allow_server (const VgwLiveLimits *self, const char *type);
gboolean vgw_live_limits_allow_client (const VgwLiveLimits *self, const char *type);

/* --- events of the gateway: JSON text; returns: (transfer full) --- */

char *vgw_live_make_started (const char *id, const char *engine);

/* @reason: see VgwEndReason; @is_requested: by session.close. @usage_s: the length of the session. */
char *vgw_live_make_closed (const char *reason, gboolean is_requested, guint64 usage_s);

/* @client_event_id: (nullable) the `event_id` of what was refused. */
char *vgw_live_make_error (const char *code, const char *message, const char *client_event_id);

/* @pcm: s16le mono, 24 kHz. */
char *vgw_live_make_input_audio (const GByteArray *pcm);
char *vgw_live_make_output_audio (const GByteArray *pcm, guint64 start_ms, guint64 end_ms);

/* Transcripts: `session.input_transcript.delta`, `session.output_transcript.delta`. The bot's is sent when it was
 * heard, so that it has no text of what was cut off. */
typedef struct
{
  GString *input_partial; /* (nullable) as far as the caller's transcript that is not final was sent */
  guint64 input_start_ms; /* when the caller began */
  guint64 output_start_ms;
} VgwLiveTranscripts;

void vgw_live_transcripts_clear (VgwLiveTranscripts *self);

/* The event that follows from @moment at @now_ms of the session, or NULL. @type (out): its type (static). Returns:
 * (transfer full) (nullable) */
char *vgw_live_handle_moment (VgwLiveTranscripts *self, const VgwMoment *moment, guint64 now_ms, const char **type);

/* --- messages of a client --- */

typedef enum
{
  VGW_LIVE_CLOSE,  /* session.close */
  VGW_LIVE_PASS,   /* for_engine */
  VGW_LIVE_REFUSE, /* code, message */
} VgwLiveActionType;

typedef struct
{
  VgwLiveActionType type;
  char *event_type; /* (nullable) of the message */
  char *event_id;   /* (nullable) of the message */
  char *for_engine; /* PASS: an application event, JSON text */
  const char *code; /* REFUSE (static) */
  char *message;
} VgwLiveAction;

void vgw_live_action_clear (VgwLiveAction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VgwLiveAction, vgw_live_action_clear)

/* @text: UTF-8. */
void vgw_live_read_message (const char *text, gsize length, VgwLiveAction *action);
