/* A speech engine of one session: receives the caller's audio and sends audio back, both as PCM. Base class of all
 * engines.
 *
 * Audio is passed by direct calls, vgw_engine_push_audio () and vgw_engine_play (). Everything else is a VgwEngineInput
 * to the engine or a VgwEngineOutput from it (vgw-engine-message.h).
 *
 * Threads: all functions are called on the main thread except push_audio (), which is called on the thread that
 * received the packet, never concurrently with itself, and never after stop () has returned. An engine may play on any
 * thread. No function may block: files and sockets need a thread of their own. */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"
#include "engine/vgw-engine-message.h"

#define VGW_TYPE_ENGINE (vgw_engine_get_type ())
G_DECLARE_DERIVABLE_TYPE (VgwEngine, vgw_engine, VGW, ENGINE, GObject)

/* The facts of a session for its engine. Strings are valid during start () only. */
typedef struct
{
  const char *session_id;
  const char *client_address;    /* (nullable) "192.0.2.1" */
  const char *identity;          /* (nullable) of the caller, as its token has it */
  const char *metadata;          /* (nullable) of the token: text of a JSON object */
  const char *traceparent;       /* (nullable) of the client, valid: base/vgw-traceparent.h */
  VgwAudioFormat format;         /* of both directions */
  const char *origin;            /* (nullable) of the page that calls */
  const char *user_agent;        /* (nullable) */
  const char *const *parameters; /* (nullable) of the page, those that are allowed: name, value, …, NULL */
} VgwEngineStart;

/* The receiver of an engine's audio and output. Must not block. Each function is nullable. */
typedef struct
{
  /* @n_samples of s16 mono PCM for the caller, in bursts of any size. Any thread. */
  void (*play) (const gint16 *samples, gsize n_samples, gpointer user_data);
  /* TRUE: the engine should wait; audio that is played nevertheless is queued up to a higher limit. Any thread. */
  gboolean (*is_full) (gpointer user_data);
  /* See vgw_engine_add_place (). Any thread. */
  guint64 (*add_place) (gpointer user_data);
  /* On the thread given in vgw-engine-message.h for the type. On the main thread it may stop the engine, which releases
   * @user_data. */
  void (*handle) (const VgwEngineOutput *output, gpointer user_data);
} VgwEngineSink;

struct _VgwEngineClass
{
  GObjectClass parent_class;

  /* Whether handle () needs these inputs; otherwise playout events and voice detection are off, which saves CPU. */
  gboolean takes_playout, takes_speech;

  gboolean (*start) (VgwEngine *self, const VgwEngineStart *start, GError **error);
  void (*push_audio) (VgwEngine *self, const gint16 *samples, gsize n_samples);
  void (*handle) (VgwEngine *self, const VgwEngineInput *input); /* (nullable) */
  void (*stop) (VgwEngine *self, const char *reason);            /* (nullable); once, also after a failed start */
};

/* Sets the receiver of the output; @sink is copied. Once, before start (); @user_data is released when the engine is
 * stopped. Main thread. */
void vgw_engine_set_sink (VgwEngine *self, const VgwEngineSink *sink, gpointer user_data, GDestroyNotify destroy);

/* Main thread. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error);

/* The caller's audio. One thread at a time. Ignored before start () and after stop (). */
void vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* @input (transfer none). Ignored before start () and after stop (). Main thread. */
void vgw_engine_send (VgwEngine *self, const VgwEngineInput *input);

/* Idempotent. When it returns, push_audio is not running and will not run again. Main thread. */
void vgw_engine_stop (VgwEngine *self, const char *reason);

/* The last one that it has emitted; VGW_ENGINE_STATUS_CONNECTED for an engine without a connection. Main thread. */
VgwEngineStatus vgw_engine_get_status (VgwEngine *self);

/* For implementations: plays audio to the caller. Any thread. Ignored after stop (). */
void vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* For implementations: whether to wait before playing more. FALSE after stop (). Any thread. */
gboolean vgw_engine_is_full (VgwEngine *self);

/* For implementations: the number of the place after the audio that was played so far, for an EVENT that is passed on
 * later, on the main thread; 0 where nothing depends on it. Any thread. */
guint64 vgw_engine_add_place (VgwEngine *self);

/* For implementations: passes @output (transfer none) to the sink, on the thread given for its type. Ignored after
 * stop (). */
void vgw_engine_emit (VgwEngine *self, const VgwEngineOutput *output);
