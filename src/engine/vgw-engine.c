#include "engine/vgw-engine.h"

/* Lock order: push_lock, then play_lock. An engine that plays from push_audio () holds both. */
typedef struct
{
  GMutex push_lock; /* held while push_audio () runs; stop () waits for it */
  enum
  {
    ENGINE_CREATED,
    ENGINE_STARTING, /* start () has not returned yet */
    ENGINE_RUNNING,
    ENGINE_STOPPED,
  } state;                /* written on the main thread under push_lock */
  VgwEngineStatus status; /* main thread */

  GMutex play_lock;            /* held while the sink is used off the main thread; stop () waits for it */
  VgwEngineSink sink;          /* written on the main thread under play_lock; all NULL: none */
  gpointer sink_data;          /* as sink */
  GDestroyNotify sink_destroy; /* as sink */
} VgwEnginePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VgwEngine, vgw_engine, G_TYPE_OBJECT)

static void
set_state (VgwEnginePrivate *priv, int state)
{
  g_mutex_lock (&priv->push_lock);
  priv->state = state;
  g_mutex_unlock (&priv->push_lock);
}

static void
replace_sink (VgwEnginePrivate *priv, const VgwEngineSink *sink, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify old_destroy = priv->sink_destroy;
  gpointer old_data = priv->sink_data;

  g_mutex_lock (&priv->play_lock);
  priv->sink = sink != NULL ? *sink : (VgwEngineSink){ NULL };
  priv->sink_data = user_data;
  priv->sink_destroy = destroy;
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
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (VGW_ENGINE (object));

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
}

static void
vgw_engine_init (VgwEngine *self)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_mutex_init (&priv->push_lock);
  g_mutex_init (&priv->play_lock);
  priv->state = ENGINE_CREATED;
  priv->status = VGW_ENGINE_STATUS_CONNECTED;
}

void
vgw_engine_set_sink (VgwEngine *self, const VgwEngineSink *sink, gpointer user_data, GDestroyNotify destroy)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));
  g_return_if_fail (priv->state == ENGINE_CREATED);

  replace_sink (priv, sink, user_data, destroy);
}

gboolean
vgw_engine_start (VgwEngine *self, const VgwEngineStart *start, GError **error)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_return_val_if_fail (VGW_IS_ENGINE (self), FALSE);
  g_return_val_if_fail (priv->state == ENGINE_CREATED, FALSE);

  set_state (priv, ENGINE_STARTING);
  if (!VGW_ENGINE_GET_CLASS (self)->start (self, start, error))
    return FALSE;

  /* what start () emitted may have stopped the engine already */
  if (priv->state == ENGINE_STARTING)
    set_state (priv, ENGINE_RUNNING);
  return TRUE;
}

void
vgw_engine_push_audio (VgwEngine *self, const gint16 *samples, gsize n_samples)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_mutex_lock (&priv->push_lock);
  if (priv->state == ENGINE_RUNNING)
    VGW_ENGINE_GET_CLASS (self)->push_audio (self, samples, n_samples);
  g_mutex_unlock (&priv->push_lock);
}

void
vgw_engine_send (VgwEngine *self, const VgwEngineInput *input)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_RUNNING && VGW_ENGINE_GET_CLASS (self)->handle != NULL)
    VGW_ENGINE_GET_CLASS (self)->handle (self, input);
}

void
vgw_engine_stop (VgwEngine *self, const char *reason)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);
  gboolean was_started;

  g_return_if_fail (VGW_IS_ENGINE (self));

  if (priv->state == ENGINE_STOPPED)
    return;

  was_started = priv->state != ENGINE_CREATED;
  set_state (priv, ENGINE_STOPPED);
  replace_sink (priv, NULL, NULL, NULL);
  if (was_started && VGW_ENGINE_GET_CLASS (self)->stop != NULL)
    VGW_ENGINE_GET_CLASS (self)->stop (self, reason);
}

void
vgw_engine_play (VgwEngine *self, const gint16 *samples, gsize n_samples)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_mutex_lock (&priv->play_lock);
  if (priv->sink.play != NULL)
    priv->sink.play (samples, n_samples, priv->sink_data);
  g_mutex_unlock (&priv->play_lock);
}

gboolean
vgw_engine_is_full (VgwEngine *self)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);
  gboolean is_full;

  g_mutex_lock (&priv->play_lock);
  is_full = priv->sink.is_full != NULL && priv->sink.is_full (priv->sink_data);
  g_mutex_unlock (&priv->play_lock);
  return is_full;
}

guint64
vgw_engine_add_place (VgwEngine *self)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);
  guint64 place;

  g_mutex_lock (&priv->play_lock);
  place = priv->sink.add_place != NULL ? priv->sink.add_place (priv->sink_data) : 0;
  g_mutex_unlock (&priv->play_lock);
  return place;
}

void
vgw_engine_emit (VgwEngine *self, const VgwEngineOutput *output)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);
  g_autoptr (VgwEngine) keep = NULL;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
      g_mutex_lock (&priv->play_lock);
      if (priv->sink.handle != NULL)
        priv->sink.handle (output, priv->sink_data);
      g_mutex_unlock (&priv->play_lock);
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
      priv->status = output->status;
      /* fall through */
    case VGW_ENGINE_OUTPUT_EVENT:
    case VGW_ENGINE_OUTPUT_FAILED:
    case VGW_ENGINE_OUTPUT_HANGUP:
      keep = g_object_ref (self);
      if (priv->sink.handle != NULL) /* without the lock: it may stop the engine */
        priv->sink.handle (output, priv->sink_data);
      break;
    }
}

VgwEngineStatus
vgw_engine_get_status (VgwEngine *self)
{
  VgwEnginePrivate *priv = vgw_engine_get_instance_private (self);

  g_return_val_if_fail (VGW_IS_ENGINE (self), VGW_ENGINE_STATUS_LOST);
  return priv->status;
}
