/* RTVI, the messages of Pipecat's clients on the data channel "chat": text ↔ structs. docs/DOORS.md has the table.
 * Pure: neither sessions nor time. Any thread. */
#pragma once

#include <glib.h>

#define VGW_RTVI_VERSION "2.1.0"
#define VGW_RTVI_MAJOR 2
#define VGW_RTVI_MAX_ID_BYTES 128
#define VGW_RTVI_MAX_KEYS 64 /* of one message */

/* --- of the client --- */

typedef enum
{
  VGW_RTVI_PING,           /* "ping: 1764348077000", once a second */
  VGW_RTVI_SIGNALLING,     /* the state of a track: nothing follows from it */
  VGW_RTVI_CLIENT_READY,   /* version_major */
  VGW_RTVI_DISCONNECT_BOT, /* the call is over */
  VGW_RTVI_CLIENT_MESSAGE, /* event_json: {"type":"client-message","id","t","d"?} */
  VGW_RTVI_SEND_TEXT,      /* event_json: {"type":"text","text","run_immediately"?,"audio_response"?} */
  VGW_RTVI_DTMF,           /* keys */
  VGW_RTVI_REFUSED,        /* problem: unknown, or its data cannot be used */
} VgwRtviType;

/* Only the members of its type are set; strings are owned by the message. */
typedef struct
{
  VgwRtviType type;
  char *id;                 /* as sent; "" for none, and where it is no string or too long */
  int version_major;        /* CLIENT_READY: -1 where there is no version that can be read */
  gboolean run_immediately; /* SEND_TEXT: what the bot is saying is cut off for it */
  char *event_json;         /* CLIENT_MESSAGE, SEND_TEXT: an event for the engine */
  char *keys;               /* DTMF: one or more of "0123456789*#" */
  char *problem;            /* REFUSED: for the client */
} VgwRtviMessage;

/* Parses one text of the channel (UTF-8). Errors: VGW_ERROR_BAD_MESSAGE, VGW_ERROR_TOO_LARGE, for what is neither a
 * ping nor a JSON object with the label of RTVI and a type. Returns: (transfer full) */
VgwRtviMessage *vgw_rtvi_parse (const char *text, GError **error);
void vgw_rtvi_message_free (VgwRtviMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwRtviMessage, vgw_rtvi_message_free)

/* --- of the engine --- */

typedef enum
{
  VGW_RTVI_EVENT_USER_TRANSCRIPT, /* text, is_final */
  VGW_RTVI_EVENT_BOT_TRANSCRIPT,  /* text, is_final */
  VGW_RTVI_EVENT_RESPONSE,        /* reply: the engine's answer to a client-message, ready to be sent */
  VGW_RTVI_EVENT_OTHER,           /* of the application: vgw_rtvi_server_message () */
} VgwRtviEventType;

typedef struct
{
  VgwRtviEventType type;
  char *text;
  gboolean is_final;
  char *reply;
} VgwRtviEvent;

/* What @json, an event of an engine, is to a client. Text that is no JSON object is OTHER. */
void vgw_rtvi_event_read (VgwRtviEvent *event, const char *json);
void vgw_rtvi_event_clear (VgwRtviEvent *event);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VgwRtviEvent, vgw_rtvi_event_clear)

/* --- to the client; each returns: (transfer full) --- */

/* A message without data: "user-started-speaking", … */
char *vgw_rtvi_signal (const char *type);

/* @id: that of the client-ready. */
char *vgw_rtvi_bot_ready (const char *id, const char *library_version);

/* @id: that of the refused message. */
char *vgw_rtvi_error_response (const char *id, const char *error);
char *vgw_rtvi_error (const char *error, gboolean is_fatal);

/* @json: an event; NULL where it is no JSON object. */
char *vgw_rtvi_server_message (const char *json);

/* @timestamp: ISO 8601. */
char *vgw_rtvi_user_transcription (const char *text, const char *user_id, const char *timestamp, gboolean is_final);

typedef enum
{
  VGW_RTVI_SPOKEN_NEW,         /* it begins to be played */
  VGW_RTVI_SPOKEN_IN_PROGRESS, /* the first n_spoken_bytes of it have been played */
  VGW_RTVI_SPOKEN_COMPLETED,
} VgwRtviSpokenStatus;

/* What the bot says. @segment_id: the same in all messages about one text. @n_spoken_bytes: of @text, where the status
 * is IN_PROGRESS; at most its length, between two characters. */
char *vgw_rtvi_bot_output (const char *text, guint segment_id, VgwRtviSpokenStatus status, gsize n_spoken_bytes);

/* The same for clients of version 1, where the text has been played. */
char *vgw_rtvi_bot_output_v1 (const char *text);

/* @type: "user-audio-level" or "bot-audio-level"; @level: RMS, 0 to 1. */
char *vgw_rtvi_level (const char *type, double level);

/* Not of RTVI but of the transport: the bot has left, and the client disconnects. */
char *vgw_rtvi_peer_left (void);
