/* A dialect: the codec of a bot's protocol, between the call and the frames of a connection (net/vgw-ws-channel.h).
 * Pure: no I/O, no threads, no clock; output is passed to the handlers before a function returns. A state is used by
 * one thread at a time. */
#pragma once

#include "base/vgw-audio-format.h"
#include "engine/vgw-engine-message.h"

/* Of one text frame of a bot, without audio in base64; longer ones are refused before they are parsed. */
#define VGW_DIALECT_MAX_TEXT_BYTES (80 * 1024)

/* Facts of the call, which do not change but for is_paused. Strings are valid while the state lives. */
typedef struct
{
  const char *session_id;
  const char *client_address;    /* (nullable) */
  const char *identity;          /* (nullable) of the caller, as its token has it */
  const char *metadata;          /* (nullable) of the token: text of a JSON object */
  const char *traceparent;       /* (nullable) W3C Trace Context */
  const char *trace_id;          /* (nullable) its trace id */
  VgwAudioFormat format;         /* of the call's PCM, in both directions */
  const char *origin;            /* (nullable) of the page */
  const char *user_agent;        /* (nullable) */
  const char *const *parameters; /* (nullable) of the page: name, value, …, NULL */
  gboolean is_paused;            /* the client is away */
} VgwDialectCall;

/* The receivers of output. None may call the dialect. */
typedef struct
{
  /* towards the bot: one frame */
  void (*send) (gboolean is_text, const guint8 *data, gsize length, gpointer user_data);
  /* towards the call */
  void (*play) (const gint16 *samples, gsize n_samples, gpointer user_data);
  void (*emit) (const VgwEngineOutput *output, gpointer user_data); /* MARK, CLEAR, HOLD, EVENT, HANGUP */
} VgwDialectHandlers;

typedef struct
{
  const char *name;           /* as in the configuration */
  const char *subprotocol;    /* (nullable) of the WebSocket */
  guint rate_hz;              /* the only sample rate of the protocol, or 0 for any */
  guint default_rate_hz;      /* where the engine has none configured, or 0 */
  gboolean is_stream;         /* bytes over TCP rather than frames over a WebSocket */
  gboolean is_telephony;      /* a bot cannot resume a call: a lost connection is a hang-up */
  gboolean has_audio_in_text; /* in base64: a text frame may be as long as the playout queue */

  /* @call, @handlers and @user_data outlive the state. Returns: (transfer full) */
  gpointer (*open) (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data);
  void (*free) (gpointer state);

  /* The connection is up (again): the first frames. */
  void (*start) (gpointer state);
  /* The caller's audio. */
  void (*audio) (gpointer state, const gint16 *samples, gsize n_samples);
  void (*handle) (gpointer state, const VgwEngineInput *input); /* (nullable) */
  /* The call is over: the last frames. */
  void (*stop) (gpointer state, const char *reason);

  /* One frame of the bot (@is_stream: any piece of the stream). Errors: VGW_ERROR_ENGINE for a violation of the
   * protocol; the frame is dropped, and the state remains usable. */
  gboolean (*receive) (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error);
} VgwDialect;

/* The known dialects by name: vgw-dialect-table.c. NULL for an unknown name. (transfer none) */
const VgwDialect *vgw_dialect_find (const char *name);
/* All of them, NULL-terminated. (static) */
const VgwDialect *const *vgw_dialects (void);
