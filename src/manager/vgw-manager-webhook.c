#include "manager/vgw-manager-webhook.h"

#include "manager/vgw-manager-settings.h"
#include "manager/vgw-session-event.h"

struct _VgwManagerWebhook
{
  GObject parent_instance;
  VgwWebhookQueue *queue;
};

static void
send_event (VgwManager *manager, VgwSessionEventType type, const VgwSessionFacts *facts)
{
  vgw_webhook_queue_add (VGW_MANAGER_WEBHOOK (manager)->queue, facts->session_id, type == VGW_SESSION_EVENT_UPDATE,
                         vgw_session_event_to_json (type, facts, g_get_real_time ()));
}

static void
vgw_manager_webhook_register (VgwManager *self, const VgwSessionFacts *facts)
{
  send_event (self, VGW_SESSION_EVENT_REGISTER, facts);
}

static void
vgw_manager_webhook_update (VgwManager *self, const VgwSessionFacts *facts)
{
  send_event (self, VGW_SESSION_EVENT_UPDATE, facts);
}

static void
vgw_manager_webhook_deregister (VgwManager *self, const VgwSessionFacts *facts)
{
  send_event (self, VGW_SESSION_EVENT_DEREGISTER, facts);
}

static void
vgw_manager_webhook_reload (VgwManager *self, const struct _VgwManagerSettings *settings)
{
  vgw_webhook_queue_reload (VGW_MANAGER_WEBHOOK (self)->queue, &settings->webhook);
}

static void
vgw_manager_webhook_get_stats (VgwManager *self, VgwManagerStats *stats)
{
  vgw_webhook_queue_get_stats (VGW_MANAGER_WEBHOOK (self)->queue, stats);
}

static void
vgw_manager_webhook_hasten (VgwManager *self)
{
  vgw_webhook_queue_hasten (VGW_MANAGER_WEBHOOK (self)->queue);
}

static void
vgw_manager_webhook_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = vgw_manager_webhook_register;
  iface->update_session = vgw_manager_webhook_update;
  iface->deregister_session = vgw_manager_webhook_deregister;
  iface->reload = vgw_manager_webhook_reload;
  iface->get_stats = vgw_manager_webhook_get_stats;
  iface->hasten = vgw_manager_webhook_hasten;
}

G_DEFINE_TYPE_WITH_CODE (VgwManagerWebhook, vgw_manager_webhook, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, vgw_manager_webhook_iface_init))

static void
vgw_manager_webhook_finalize (GObject *object)
{
  g_clear_pointer (&VGW_MANAGER_WEBHOOK (object)->queue, vgw_webhook_queue_free);
  G_OBJECT_CLASS (vgw_manager_webhook_parent_class)->finalize (object);
}

static void
vgw_manager_webhook_class_init (VgwManagerWebhookClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_manager_webhook_finalize;
}

static void
vgw_manager_webhook_init (VgwManagerWebhook *self)
{
}

VgwManager *
vgw_manager_webhook_new (const VgwWebhookSettings *settings)
{
  VgwManagerWebhook *self = g_object_new (VGW_TYPE_MANAGER_WEBHOOK, NULL);

  self->queue = vgw_webhook_queue_new (settings);
  return VGW_MANAGER (self);
}
