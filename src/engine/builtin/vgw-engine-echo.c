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
vgw_engine_echo_send_event (VgwEngine *self, const char *json)
{
  g_signal_emit_by_name (self, "event", json);
}

static void
vgw_engine_echo_class_init (VgwEngineEchoClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  engine_class->start = vgw_engine_echo_start;
  engine_class->push_audio = vgw_engine_play;
  engine_class->send_event = vgw_engine_echo_send_event;
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
