/* A dialect: what a bot's protocol says, without a socket. A codec from the call to frames and from frames to the call,
 * over one connection class (net/vgw-ws-channel.h). Pure: no I/O, no threads, no clock; what comes out goes through the
 * handlers before a function returns. One state is used by one thread at a time.
 */
#pragma once

#include "base/vgw-audio-format.h"
#include "engine/vgw-engine-message.h"

/* Of one text frame of a bot; what is longer is refused before it is parsed, but for audio in base64. */
#define VGW_DIALECT_MAX_TEXT_BYTES (80 * 1024)

/* Facts of the call. Strings are valid while the state lives. */
typedef struct
{
  const char *session_id;
  const char *client_address;    /* (nullable) */
  const char *identity;          /* (nullable) of the caller, as its token has it */
  const char *metadata;          /* (nullable) of the token: text of a JSON object */
  const char *trace_id;          /* (nullable) */
  VgwAudioFormat format;         /* of the PCM on the call's side, both directions */
  const char *origin;            /* (nullable) of the page */
  const char *user_agent;        /* (nullable) */
  const char *const *parameters; /* (nullable) of the page: name, value, …, NULL */
} VgwDialectCall;

/* Where things go. None may call back into the dialect. */
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
  const char *name;        /* as in the configuration */
  const char *subprotocol; /* (nullable) of the WebSocket */
  guint rate_hz;           /* the only rate that the protocol has, or 0 for any that is configured */
  guint default_rate_hz;   /* where none is configured for the engine: what bots expect that are told of none, or 0 */
  gboolean is_stream;      /* bytes over TCP rather than frames over a WebSocket */
  gboolean is_telephony;   /* a bot that goes away in a conversation has hung up: it cannot take it up again */
  gboolean has_audio_in_text; /* in base64: one text frame may be as long as the playout queue takes */

  /* @call, @handlers and @user_data outlive the state. Returns: (transfer full) */
  gpointer (*open) (const VgwDialectCall *call, const VgwDialectHandlers *handlers, gpointer user_data);
  void (*free) (gpointer state);

  /* The connection is up (again): the first frames. */
  void (*start) (gpointer state);
  /* The caller's voice. */
  void (*audio) (gpointer state, const gint16 *samples, gsize n_samples);
  void (*handle) (gpointer state, const VgwEngineInput *input); /* (nullable) */
  /* The call is over: the last frames. */
  void (*stop) (gpointer state, const char *reason);

  /* One frame of the bot (@is_stream: any piece of the stream). Errors: VGW_ERROR_ENGINE for what the protocol does not
   * allow; the frame is dropped then, and the state can go on. */
  gboolean (*receive) (gpointer state, gboolean is_text, const guint8 *data, gsize length, GError **error);
} VgwDialect;

/* The known dialects by name: vgw-dialect-table.c. NULL for an unknown name. (transfer none) */
const VgwDialect *vgw_dialect_find (const char *name);
/* All of them, NULL-terminated. (static) */
const VgwDialect *const *vgw_dialects (void);
