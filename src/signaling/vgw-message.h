/* The gateway's own signaling (docs/PROTOCOL.md): text <-> VgwMessage. Pure functions, no sockets, any thread. */
#pragma once

#include <json-glib/json-glib.h>

#define VGW_MESSAGE_MAX_BYTES 65536 /* of one message, all its fragments together */

typedef enum
{
  VGW_MESSAGE_UNKNOWN, /* a well-formed message of a type we do not know; `name` holds the type */
  VGW_MESSAGE_OFFER,
  VGW_MESSAGE_ANSWER,
  VGW_MESSAGE_CANDIDATE,
  VGW_MESSAGE_SESSION,
  VGW_MESSAGE_STATE,
  VGW_MESSAGE_TRACK,
  VGW_MESSAGE_ERROR,
  VGW_MESSAGE_BYE,
  VGW_MESSAGE_PING,
  VGW_MESSAGE_PONG,
  VGW_MESSAGE_EVENT,
} VgwMessageType;

typedef struct
{
  char *url;        /* "stun:…", "turn:…" */
  char *username;   /* (nullable) */
  char *credential; /* (nullable) */
} VgwIceServer;

typedef struct
{
  guint max_message_bytes;
  guint max_candidates;
  guint max_data_channels;
  guint max_duration_s; /* 0: no bound */
} VgwSessionLimits;

/* One message. Only the fields of its type are set; strings are owned by the message. */
typedef struct
{
  VgwMessageType type;
  guint64 seq;             /* any type, from the gateway: 1, 2, …; 0 for none */
  char *name;              /* UNKNOWN: the type as sent; STATE: "connecting", "active", "recovering", "ended" */
  char *sdp;               /* OFFER, ANSWER */
  char *candidate;         /* CANDIDATE: "candidate:…"; "" or NULL ends the candidates */
  char *sdp_mid;           /* CANDIDATE (nullable), TRACK */
  int sdp_mline_index;     /* CANDIDATE: -1 where the client did not say */
  char *username_fragment; /* CANDIDATE (nullable) */
  char *reason;            /* STATE (nullable): see VgwEndReason */
  char *event_json;        /* EVENT: the payload as JSON text, passed on as it is */
  char *session_id;        /* SESSION */
  char *resume_token;      /* SESSION (nullable) */
  gboolean is_resumed;     /* SESSION: it goes on; what the client has missed follows */
  guint64 n_missed;        /* SESSION: messages that it has missed and will not get */
  GPtrArray *ice_servers;  /* SESSION: VgwIceServer*, (nullable) */
  char **engines;          /* SESSION (nullable): names of the engines that a client may ask for */
  char *engine;            /* SESSION (nullable): the one that it has */
  VgwSessionLimits limits; /* SESSION */
  char *kind, *codec;      /* TRACK */
  guint clock_rate_hz;     /* TRACK */
  guint32 ssrc;            /* TRACK */
  int error_code;          /* ERROR: VgwErrorCode */
  char *error_message;     /* ERROR */
  gboolean is_fatal;       /* ERROR */
  char *about;             /* ERROR (nullable): "offer" where the offer was refused and there will be no answer to it */
} VgwMessage;

/* Parses one text message. `payload` may be JSON in a string, or an object; keys match without regard to case.
 * Errors: VGW_ERROR_BAD_MESSAGE, VGW_ERROR_TOO_LARGE (over VGW_MESSAGE_MAX_BYTES, or nested too deeply).
 * Accepts every type of the table in both directions (the load client parses what the gateway sends).
 * Returns: (transfer full) */
VgwMessage *vgw_message_parse (const char *text, gsize length, GError **error);

/* The wire text: lower-case keys, payload as JSON in a string. Returns: (transfer full) */
char *vgw_message_to_text (const VgwMessage *message);

/* A copy of @message, one that a client sends. Returns: (transfer full) */
VgwMessage *vgw_message_copy_input (const VgwMessage *message);

void vgw_message_free (VgwMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwMessage, vgw_message_free)

/* The wire name of @type, "offer" and so on (static). */
const char *vgw_message_type_to_string (VgwMessageType type);

/* Constructors. All strings are copied. Returns: (transfer full) */
VgwMessage *vgw_message_new (VgwMessageType type); /* sdp_mline_index -1, everything else empty */
VgwMessage *vgw_message_new_sdp (VgwMessageType offer_or_answer, const char *sdp);
VgwMessage *vgw_message_new_candidate (const char *candidate, const char *sdp_mid, int sdp_mline_index);
VgwMessage *vgw_message_new_state (const char *state, const char *reason);
VgwMessage *vgw_message_new_track (const char *kind, const char *codec, guint clock_rate_hz, guint32 ssrc,
                                   const char *mid);
/* A client reads no more of VGW_ERROR_INTERNAL, VGW_ERROR_ENGINE and errors of others than their code. */
VgwMessage *vgw_message_new_error (const GError *error, gboolean is_fatal);
VgwMessage *vgw_message_new_event (const char *event_json);

VgwIceServer *vgw_ice_server_new (const char *url, const char *username, const char *credential);
void vgw_ice_server_free (VgwIceServer *server);

/* @servers (nullable) (element-type VgwIceServer) as RTCConfiguration.iceServers. Returns: (transfer full) */
JsonArray *vgw_ice_servers_to_json (const GPtrArray *servers);
