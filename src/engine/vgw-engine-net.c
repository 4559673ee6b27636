/* The half on the main thread: everything but audio is passed to the engine thread as jobs, in order. */
#include "engine/vgw-engine-net.h"

#include "engine/vgw-bot-link.h"

struct _VgwEngineNet
{
  VgwEngine parent_instance;

  VgwEngineIo *io;
  VgwEngineConfig *config;
  const VgwDialect *dialect;
  VgwBotLink *link; /* NULL before start () */
};

G_DEFINE_FINAL_TYPE (VgwEngineNet, vgw_engine_net, VGW_TYPE_ENGINE)

/* --- jobs; engine thread --- */

typedef struct
{
  VgwBotLink *link;
  VgwEngineInput *input; /* (nullable) */
  char *reason;          /* (nullable) of the stop */
} Job;

static void
free_job (gpointer user_data)
{
  Job *job = user_data;

  vgw_bot_link_unref (job->link);
  g_clear_pointer (&job->input, vgw_engine_input_free);
  g_free (job->reason);
  g_free (job);
}

static void
run_start (gpointer user_data)
{
  vgw_bot_link_start (((Job *) user_data)->link);
}

static void
run_input (gpointer user_data)
{
  Job *job = user_data;

  vgw_bot_link_handle (job->link, job->input);
}

static void
run_stop (gpointer user_data)
{
  Job *job = user_data;

  vgw_bot_link_stop (job->link, job->reason);
}

/* @input (nullable) and @reason (nullable): transfer full. Main thread. */
static void
invoke (VgwEngineNet *self, VgwEngineIoFunc func, VgwEngineInput *input, char *reason)
{
  Job *job = g_new (Job, 1);

  *job = (Job){ vgw_bot_link_ref (self->link), input, reason };
  vgw_engine_io_invoke (self->io, func, job, free_job);
}

/* --- the engine --- */

static gboolean
vgw_engine_net_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  VgwEngineNet *self = VGW_ENGINE_NET (engine);

  self->link = vgw_bot_link_new (self->io, self->config, self->dialect, engine, start);
  invoke (self, run_start, NULL, NULL);
  return TRUE;
}

static void
vgw_engine_net_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
  vgw_bot_link_push_audio (VGW_ENGINE_NET (engine)->link, samples, n_samples);
}

static void
vgw_engine_net_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  invoke (VGW_ENGINE_NET (engine), run_input, vgw_engine_input_copy (input), NULL);
}

static void
vgw_engine_net_stop (VgwEngine *engine, const char *reason)
{
  VgwEngineNet *self = VGW_ENGINE_NET (engine);

  vgw_bot_link_detach (self->link);
  invoke (self, run_stop, NULL, g_strdup (reason));
}

static void
vgw_engine_net_finalize (GObject *object)
{
  VgwEngineNet *self = VGW_ENGINE_NET (object);

  g_clear_pointer (&self->link, vgw_bot_link_unref);
  vgw_engine_config_free (self->config);
  vgw_engine_io_unref (self->io);
  G_OBJECT_CLASS (vgw_engine_net_parent_class)->finalize (object);
}

static void
vgw_engine_net_class_init (VgwEngineNetClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_engine_net_finalize;
  engine_class->takes_playout = TRUE;
  engine_class->takes_speech = TRUE;
  engine_class->start = vgw_engine_net_start;
  engine_class->push_audio = vgw_engine_net_push_audio;
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
