/* A speech engine of one session: hears the caller as PCM, answers with PCM. Base class of all engines.
 *
 * Threads: everything is called on the main thread but push_audio (), which is called on the thread that received the
 * packet, never concurrently with itself, and never after stop () has returned. Signals are emitted on the main thread.
 * Nothing here may block: an engine that writes files or talks to a socket does so elsewhere.
 *
 * Signals:
 *   "event"  (const char *json)                    an application event for the client
 *   "failed" (const GError *error)                 the engine cannot go on; the session ends with reason "engine"
 *   "hangup" (void)                                the engine ends the call; once
 *   "status" (const char *status)                  of an engine behind a network: "engine-connecting",
 *                                                  "engine-connected", "engine-unreachable", "engine-lost",
 *                                                  "engine-restored"; the client is told
 */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-playout-event.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE (vgw_engine_get_type ())
G_DECLARE_DERIVABLE_TYPE (VgwEngine, vgw_engine, VGW, ENGINE, GObject)

/* What an engine is told when its session starts. Strings are valid during start () only. */
typedef struct
{
  const char *session_id;
  const char *client_address;    /* (nullable) "192.0.2.1" */
  VgwAudioFormat format;         /* of both directions */
  const char *origin;            /* (nullable) of the page that calls */
  const char *user_agent;        /* (nullable) */
  const char *const *parameters; /* (nullable) of the page, those that are allowed: name, value, …, NULL */
} VgwEngineStart;

/* Where an engine's voice goes. Any thread; must not block. */
typedef struct
{
  /* @n_samples of s16 mono PCM towards the caller, in any burst size */
  void (*play) (const gint16 *samples, gsize n_samples, gpointer user_data);
  /* (nullable) answered with VGW_PLAYOUT_MARK when everything played before it has been heard */
  void (*mark) (const char *name, gpointer user_data);
  /* (nullable) drops what waits; answered with VGW_PLAYOUT_CLEARED */
  void (*clear) (gpointer user_data);
  /* (nullable) TRUE: what waits stays, and is not played */
  void (*hold) (gboolean is_held, gpointer user_data);
  /* (nullable) TRUE: enough waits; what is played all the same is kept as long as there is memory for it */
  gboolean (*is_full) (gpointer user_data);
} VgwEngineOutput;

struct _VgwEngineClass
{
  GObjectClass parent_class;

  gboolean (*start) (VgwEngine *self, const VgwEngineStart *start, GError **error);
  void (*push_audio) (VgwEngine *self, const gint16 *samples, gsize n_samples);
  void (*send_event) (VgwEngine *self, const char *json); /* (nullable) */
  void (*stop) (VgwEngine *self, const char *reason);     /* (nullable); called once, also after a failed start */
  void (*send_dtmf) (VgwEngine *self, char digit, guint duration_ms);    /* (nullable) */
  void (*speech_changed) (VgwEngine *self, gboolean is_speaking);        /* (nullable) */
  void (*playout_event) (VgwEngine *self, const VgwPlayoutEvent *event); /* (nullable) */

  gpointer reserved[5];
};

/* Where the engine's voice goes; @output is copied. Set once, before start (); released when the engine is stopped.
 * Main thread. */
void vgw_engine_set_output (VgwEngine *self, const VgwEngineOutput *output, gpointer user_data, GDestroyNotify destroy);

/* Main thread. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error);

/* The caller's voice. One thread at a time. Ignored before start () and after stop (). */
void vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* An application event from the client, JSON text. Main thread. */
void vgw_engine_send_event (VgwEngine *self, const char *json);

/* A key that the caller pressed ('0'-'9', '*', '#', 'A'-'D'). Main thread. */
void vgw_engine_send_dtmf (VgwEngine *self, char digit, guint duration_ms);

/* The caller has begun or ended to speak. Main thread. */
void vgw_engine_speech_changed (VgwEngine *self, gboolean is_speaking);

/* What became of the engine's own voice. Main thread. */
void vgw_engine_playout_event (VgwEngine *self, const VgwPlayoutEvent *event);

/* Idempotent. When it returns, push_audio is not running and will not run again. Main thread. */
void vgw_engine_stop (VgwEngine *self, const char *reason);

/* For implementations: audio towards the caller. Any thread. Ignored after stop (). */
void vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* For implementations: a mark behind what was played so far; drop all that waits; hold it, or go on. Any thread.
 * Ignored after stop (). */
void vgw_engine_mark (VgwEngine *self, const char *name);
void vgw_engine_clear (VgwEngine *self);
void vgw_engine_hold (VgwEngine *self, gboolean is_held);

/* For implementations: whether to wait before more is played. FALSE after stop (). Any thread. */
gboolean vgw_engine_is_full (VgwEngine *self);

G_END_DECLS
