/* A speech engine of one session: hears the caller as PCM, answers with PCM. Base class of all engines.
 *
 * Threads: everything is called on the main thread but push_audio (), which is called on a streaming thread, never
 * concurrently with itself, and never after stop () has returned. Signals are emitted on the main thread.
 * Nothing here may block: an engine that writes files or talks to a socket does so elsewhere.
 *
 * Signals:
 *   "event"  (const char *json)                    an application event for the client
 *   "failed" (const GError *error)                 the engine cannot go on; the session ends with reason "engine"
 *   "hangup" (void)                                the engine ends the call
 */
#pragma once

#include <glib-object.h>

#include "base/vgw-audio-format.h"

G_BEGIN_DECLS

#define VGW_TYPE_ENGINE (vgw_engine_get_type ())
G_DECLARE_DERIVABLE_TYPE (VgwEngine, vgw_engine, VGW, ENGINE, GObject)

/* What an engine is told when its session starts. Strings are valid during start () only. */
typedef struct
{
  const char *session_id;
  const char *client_address; /* (nullable) "192.0.2.1" */
  VgwAudioFormat format;      /* of both directions */
} VgwEngineStart;

/* Takes @n_samples of s16 mono PCM towards the caller. Any thread, any burst size; must not block. */
typedef void (*VgwEnginePlayFunc) (const gint16 *samples, gsize n_samples, gpointer user_data);

struct _VgwEngineClass
{
  GObjectClass parent_class;

  gboolean (*start) (VgwEngine *self, const VgwEngineStart *start, GError **error);
  void (*push_audio) (VgwEngine *self, const gint16 *samples, gsize n_samples);
  void (*send_event) (VgwEngine *self, const char *json); /* (nullable) */
  void (*stop) (VgwEngine *self, const char *reason);     /* (nullable); called once, also after a failed start */

  gpointer reserved[8];
};

/* Where the engine's voice goes. Set once, before start (); released when the engine is stopped. Main thread. */
void vgw_engine_set_play_func (VgwEngine *self, VgwEnginePlayFunc func, gpointer user_data, GDestroyNotify destroy);

/* Main thread. Errors: VGW_ERROR_ENGINE. */
gboolean vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error);

/* The caller's voice. One streaming thread at a time. Ignored before start () and after stop (). */
void vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples);

/* An application event from the client, JSON text. Main thread. */
void vgw_engine_send_event (VgwEngine *self, const char *json);

/* Idempotent. When it returns, push_audio is not running and will not run again. Main thread. */
void vgw_engine_stop (VgwEngine *self, const char *reason);

/* For implementations: audio towards the caller. Any thread. Ignored after stop (). */
void vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples);

G_END_DECLS
