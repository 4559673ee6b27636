#include "engine/vgw-engine-net.h"

#include "engine/vgw-engine-call.h"

struct _VgwEngineNet
{
  VgwEngine parent_instance;

  VgwEngineIo *io;
  VgwEngineConfig *config;
  const VgwDialect *dialect;
  VgwEngineCall *call; /* NULL before start () */
};

G_DEFINE_FINAL_TYPE (VgwEngineNet, vgw_engine_net, VGW_TYPE_ENGINE)

static gboolean
vgw_engine_net_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  VgwEngineNet *self = VGW_ENGINE_NET (engine);

  self->call = vgw_engine_call_new (self->io, self->config, self->dialect, engine, start);
  vgw_engine_call_start (self->call);
  return TRUE;
}

static void
vgw_engine_net_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
  vgw_engine_call_push_audio (VGW_ENGINE_NET (engine)->call, samples, n_samples);
}

static void
vgw_engine_net_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  vgw_engine_call_send (VGW_ENGINE_NET (engine)->call, input);
}

static void
vgw_engine_net_stop (VgwEngine *engine, const char *reason)
{
  VgwEngineNet *self = VGW_ENGINE_NET (engine);

  if (self->call != NULL)
    vgw_engine_call_stop (self->call, reason);
}

static void
vgw_engine_net_finalize (GObject *object)
{
  VgwEngineNet *self = VGW_ENGINE_NET (object);

  g_clear_pointer (&self->call, vgw_engine_call_unref);
  vgw_engine_config_free (self->config);
  vgw_engine_io_unref (self->io);
  G_OBJECT_CLASS (vgw_engine_net_parent_class)->finalize (object);
}

static void
vgw_engine_net_class_init (VgwEngineNetClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_engine_net_finalize;
  engine_class->start = vgw_engine_net_start;
  engine_class->push_audio = vgw_engine_net_push_audio;
  engine_class->takes_playout = TRUE;
  engine_class->takes_speech = TRUE;
  engine_class->handle = vgw_engine_net_handle;
  engine_class->stop = vgw_engine_net_stop;
}

static void
vgw_engine_net_init (VgwEngineNet *self)
{
}

VgwEngine *
vgw_engine_net_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect)
{
  VgwEngineNet *self = g_object_new (VGW_TYPE_ENGINE_NET, NULL);

  self->io = vgw_engine_io_ref (io);
  self->config = vgw_engine_config_copy (config);
  self->dialect = dialect;
  return VGW_ENGINE (self);
}
