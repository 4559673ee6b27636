#include "engine/builtin/vgw-engine-echo.h"

struct _VgwEngineEcho
{
  VgwEngine parent_instance;
};

G_DEFINE_TYPE (VgwEngineEcho, vgw_engine_echo, VGW_TYPE_ENGINE)

static gboolean
vgw_engine_echo_start (VgwEngine *self, const VgwEngineStart *start, GError **error)
{
  return TRUE;
}

static void
vgw_engine_echo_handle (VgwEngine *self, const VgwEngineInput *input)
{
  if (input->type == VGW_ENGINE_INPUT_EVENT)
    vgw_engine_emit (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = input->json });
}

static void
vgw_engine_echo_class_init (VgwEngineEchoClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  engine_class->start = vgw_engine_echo_start;
  engine_class->push_audio = vgw_engine_play;
  engine_class->handle = vgw_engine_echo_handle;
}

static void
vgw_engine_echo_init (VgwEngineEcho *self)
{
}

VgwEngine *
vgw_engine_echo_new (void)
{
  return g_object_new (VGW_TYPE_ENGINE_ECHO, NULL);
}
