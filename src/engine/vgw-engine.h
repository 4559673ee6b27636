/* A speech engine of one session: receives the caller's voice as PCM, answers with PCM. Base class of all engines.
 *
 * Audio is handed over by direct calls, vgw_engine_push_audio () and vgw_engine_play (). Everything else is a
 * VgwEngineInput to the engine or a VgwEngineOutput from it (vgw-engine-message.h).
 *
 * Threads: everything is called on the main thread but push_audio (), which is called on the thread that received the
 * packet, never concurrently with itself, and never after stop () has returned. An engine plays on any thread.
 * Nothing here may block: an engine that writes files or talks to a socket does so elsewhere.
 */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"
#include "engine/vgw-engine-message.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE (vgw_engine_get_type ())
G_DECLARE_DERIVABLE_TYPE (VgwEngine, vgw_engine, VGW, ENGINE, GObject)

/* The facts of a session for its engine. Strings are valid during start () only. */
typedef struct
{
  const char *session_id;
  const char *client_address;    /* (nullable) "192.0.2.1" */
  VgwAudioFormat format;         /* of both directions */
  const char *origin;            /* (nullable) of the page that calls */
  const char *user_agent;        /* (nullable) */
  const char *const *parameters; /* (nullable) of the page, those that are allowed: name, value, …, NULL */
} VgwEngineStart;

/* Where an engine's audio and output go. Must not block. Each function is nullable. */
typedef struct
{
  /* @n_samples of s16 mono PCM towards the caller, in any burst size. Any thread. */
  void (*play) (const gint16 *samples, gsize n_samples, gpointer user_data);
  /* TRUE: enough waits; what is played all the same is kept as long as there is memory for it. Any thread. */
  gboolean (*is_full) (gpointer user_data);
  /* On the thread that vgw-engine-message.h names for the type. On the main thread it may stop the engine, which
   * releases @user_data. */
  void (*handle) (const VgwEngineOutput *output, gpointer user_data);
} VgwEngineSink;

struct _VgwEngineClass
{
  GObjectClass parent_class;

  /* handle () wants these inputs, which cost something: the playout queue notes, and voice is detected, for no other */
  gboolean takes_playout, takes_speech;

  gboolean (*start) (VgwEngine *self, const VgwEngineStart *start, GError **error);
  void (*push_audio) (VgwEngine *self, const gint16 *samples, gsize n_samples);
  void (*handle) (VgwEngine *self, const VgwEngineInput *input); /* (nullable) */
  void (*stop) (VgwEngine *self, const char *reason);            /* (nullable); once, also after a failed start */
};

/* Where the engine's output goes; @sink is copied. Set once, before start (); @user_data is released when the engine is
 * stopped. Main thread. */
void vgw_engine_set_sink (VgwEngine *self, const VgwEngineSink *sink, gpointer user_data, GDestroyNotify destroy);

/* Main thread. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error);

/* The caller's voice. One thread at a time. Ignored before start () and after stop (). */
void vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* @input (transfer none). Ignored before start () and after stop (). Main thread. */
void vgw_engine_send (VgwEngine *self, const VgwEngineInput *input);

/* Idempotent. When it returns, push_audio is not running and will not run again. Main thread. */
void vgw_engine_stop (VgwEngine *self, const char *reason);

/* For implementations: audio towards the caller. Any thread. Ignored after stop (). */
void vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* For implementations: whether to wait before more is played. FALSE after stop (). Any thread. */
gboolean vgw_engine_is_full (VgwEngine *self);

/* For implementations: @output (transfer none) goes to the sink, on the thread that its type asks for. Ignored after
 * stop (). */
void vgw_engine_emit (VgwEngine *self, const VgwEngineOutput *output);

G_END_DECLS
