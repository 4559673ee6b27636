#include "manager/vgw-manager-log.h"

#include "base/vgw-log.h"

struct _VgwManagerLog
{
  GObject parent_instance;
};

static const char *
or_dash (const char *text)
{
  return text != NULL ? text : "-";
}

static void
vgw_manager_log_register (VgwManager *self, const VgwSessionFacts *facts)
{
  vgw_landmark (facts->session_id, "session started: client %s, identity %s, engine %s",
                or_dash (facts->client_address), or_dash (facts->identity), or_dash (facts->engine));
}

static void
vgw_manager_log_update (VgwManager *self, const VgwSessionFacts *facts)
{
  if (facts->is_periodic)
    return;
  vgw_info (facts->session_id, "session is %s: codec %s, after %" G_GINT64_FORMAT " ms", or_dash (facts->state),
            or_dash (facts->codec), facts->duration_ms);
}

static void
vgw_manager_log_deregister (VgwManager *self, const VgwSessionFacts *facts)
{
  vgw_landmark (facts->session_id,
                "session ended: reason %s, codec %s, client %s, engine %s, after %" G_GINT64_FORMAT " ms",
                or_dash (facts->reason), or_dash (facts->codec), or_dash (facts->client_address),
                or_dash (facts->engine), facts->duration_ms);
}

static void
vgw_manager_log_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = vgw_manager_log_register;
  iface->update_session = vgw_manager_log_update;
  iface->deregister_session = vgw_manager_log_deregister;
}

G_DEFINE_TYPE_WITH_CODE (VgwManagerLog, vgw_manager_log, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, vgw_manager_log_iface_init))

static void
vgw_manager_log_class_init (VgwManagerLogClass *klass)
{
}

static void
vgw_manager_log_init (VgwManagerLog *self)
{
}

VgwManager *
vgw_manager_log_new (void)
{
  return g_object_new (VGW_TYPE_MANAGER_LOG, NULL);
}
