#include "engine/vgw-engine.h"

/* Lock order: push_lock, then play_lock. An engine that answers in push_audio () holds both. */
typedef struct
{
  GMutex push_lock; /* held while push_audio () runs, so that stop () can wait for it */
  enum
  {
    ENGINE_CREATED,
    ENGINE_STARTING, /* start () was called and has not succeeded */
    ENGINE_RUNNING,
    ENGINE_STOPPED,
  } state; /* written on the main thread under push_lock */

  GMutex play_lock;              /* held while the play function runs, so that stop () can wait for it */
  VgwEngineOutput output;        /* guarded by play_lock; all NULL for nowhere */
  gpointer output_data;          /* guarded by play_lock */
  GDestroyNotify output_destroy; /* guarded by play_lock */
} VgwEnginePrivate;

enum
{
  SIGNAL_EVENT,
  SIGNAL_FAILED,
  SIGNAL_HANGUP,
  SIGNAL_STATUS,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VgwEngine, vgw_engine, G_TYPE_OBJECT)

static VgwEnginePrivate *
get_private (VgwEngine *self)
{
  return vgw_engine_get_instance_private (self);
}

static void
set_state (VgwEnginePrivate *priv, int state)
{
  g_mutex_lock (&priv->push_lock);
  priv->state = state;
  g_mutex_unlock (&priv->push_lock);
}

static void
replace_output (VgwEnginePrivate *priv, const VgwEngineOutput *output, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify old_destroy;
  gpointer old_data;

  g_mutex_lock (&priv->play_lock);
  old_destroy = priv->output_destroy;
  old_data = priv->output_data;
  priv->output = output != NULL ? *output : (VgwEngineOutput){ NULL };
  priv->output_data = user_data;
  priv->output_destroy = destroy;
  g_mutex_unlock (&priv->play_lock);

  if (old_destroy != NULL)
    old_destroy (old_data);
}

static void
vgw_engine_dispose (GObject *object)
{
  vgw_engine_stop (VGW_ENGINE (object), "error");
  G_OBJECT_CLASS (vgw_engine_parent_class)->dispose (object);
}

static void
vgw_engine_finalize (GObject *object)
{
  VgwEnginePrivate *priv = get_private (VGW_ENGINE (object));

  g_mutex_clear (&priv->push_lock);
  g_mutex_clear (&priv->play_lock);
  G_OBJECT_CLASS (vgw_engine_parent_class)->finalize (object);
}

static void
vgw_engine_class_init (VgwEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_engine_dispose;
  object_class->finalize = vgw_engine_finalize;
  signals[SIGNAL_EVENT] = g_signal_new ("event", VGW_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                        1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", VGW_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                         1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_HANGUP] =
      g_signal_new ("hangup", VGW_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_STATUS] = g_signal_new ("status", VGW_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                         1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
vgw_engine_init (VgwEngine *self)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_init (&priv->push_lock);
  g_mutex_init (&priv->play_lock);
  priv->state = ENGINE_CREATED;
}

void
vgw_engine_set_output (VgwEngine *self, const VgwEngineOutput *output, gpointer user_data, GDestroyNotify destroy)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));
  g_return_if_fail (priv->state == ENGINE_CREATED);

  replace_output (priv, output, user_data, destroy);
}

gboolean
vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_val_if_fail (VGW_IS_ENGINE (self), FALSE);
  g_return_val_if_fail (priv->state == ENGINE_CREATED, FALSE);

  set_state (priv, ENGINE_STARTING);
  if (!VGW_ENGINE_GET_CLASS (self)->start (self, start, error))
    return FALSE;

  /* a signal that start () emitted may have stopped the engine already */
  if (priv->state == ENGINE_STARTING)
    set_state (priv, ENGINE_RUNNING);
  return TRUE;
}

void
vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_lock (&priv->push_lock);
  if (priv->state == ENGINE_RUNNING)
    VGW_ENGINE_GET_CLASS (self)->push_audio (self, samples, n_samples);
  g_mutex_unlock (&priv->push_lock);
}

void
vgw_engine_send_event (VgwEngine *self, const char *json)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_RUNNING && VGW_ENGINE_GET_CLASS (self)->send_event != NULL)
    VGW_ENGINE_GET_CLASS (self)->send_event (self, json);
}

void
vgw_engine_send_dtmf (VgwEngine *self, char digit, guint duration_ms)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_RUNNING && VGW_ENGINE_GET_CLASS (self)->send_dtmf != NULL)
    VGW_ENGINE_GET_CLASS (self)->send_dtmf (self, digit, duration_ms);
}

void
vgw_engine_speech_changed (VgwEngine *self, gboolean is_speaking)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_RUNNING && VGW_ENGINE_GET_CLASS (self)->speech_changed != NULL)
    VGW_ENGINE_GET_CLASS (self)->speech_changed (self, is_speaking);
}

void
vgw_engine_playout_event (VgwEngine *self, const VgwPlayoutEvent *event)
{
  VgwEnginePrivate *priv = get_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_RUNNING && VGW_ENGINE_GET_CLASS (self)->playout_event != NULL)
    VGW_ENGINE_GET_CLASS (self)->playout_event (self, event);
}

void
vgw_engine_stop (VgwEngine *self, const char *reason)
{
  VgwEnginePrivate *priv = get_private (self);
  gboolean was_started;

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_STOPPED)
    return;

  was_started = priv->state != ENGINE_CREATED;
  set_state (priv, ENGINE_STOPPED);
  replace_output (priv, NULL, NULL, NULL);
  if (was_started && VGW_ENGINE_GET_CLASS (self)->stop != NULL)
    VGW_ENGINE_GET_CLASS (self)->stop (self, reason);
}

void
vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_lock (&priv->play_lock);
  if (priv->output.play != NULL)
    priv->output.play (samples, n_samples, priv->output_data);
  g_mutex_unlock (&priv->play_lock);
}

void
vgw_engine_mark (VgwEngine *self, const char *name)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_lock (&priv->play_lock);
  if (priv->output.mark != NULL)
    priv->output.mark (name, priv->output_data);
  g_mutex_unlock (&priv->play_lock);
}

void
vgw_engine_clear (VgwEngine *self)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_lock (&priv->play_lock);
  if (priv->output.clear != NULL)
    priv->output.clear (priv->output_data);
  g_mutex_unlock (&priv->play_lock);
}

void
vgw_engine_hold (VgwEngine *self, gboolean is_held)
{
  VgwEnginePrivate *priv = get_private (self);

  g_mutex_lock (&priv->play_lock);
  if (priv->output.hold != NULL)
    priv->output.hold (is_held, priv->output_data);
  g_mutex_unlock (&priv->play_lock);
}

gboolean
vgw_engine_is_full (VgwEngine *self)
{
  VgwEnginePrivate *priv = get_private (self);
  gboolean is_full;

  g_mutex_lock (&priv->play_lock);
  is_full = priv->output.is_full != NULL && priv->output.is_full (priv->output_data);
  g_mutex_unlock (&priv->play_lock);
  return is_full;
}
