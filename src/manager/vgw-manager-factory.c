#include "manager/vgw-manager-factory.h"

#include "base/vgw-error.h"
#include "manager/vgw-manager-group.h"
#include "manager/vgw-manager-log.h"
#include "manager/vgw-manager-redis.h"
#include "manager/vgw-manager-webhook.h"

static VgwManager *
create_log (const VgwManagerSettings *settings, GError **error)
{
  return vgw_manager_log_new ();
}

static VgwManager *
create_webhook (const VgwManagerSettings *settings, GError **error)
{
  if (settings->webhook.url != NULL && *settings->webhook.url != '\0')
    return vgw_manager_webhook_new (&settings->webhook);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG,
                       "manager.webhook-url is empty: manager.types = webhook needs an address");
  return NULL;
}

static VgwManager *
create_redis (const VgwManagerSettings *settings, GError **error)
{
  if (settings->redis.url != NULL && *settings->redis.url != '\0')
    return vgw_manager_redis_new (&settings->redis, settings->node, settings->node_ids, error);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG,
                       "manager.redis-url is empty: manager.types = redis needs an address");
  return NULL;
}

static const struct
{
  VgwManagerType type;
  VgwManager *(*create) (const VgwManagerSettings *settings, GError **error);
} factories[] = {
  { VGW_MANAGER_TYPE_LOG, create_log },
  { VGW_MANAGER_TYPE_WEBHOOK, create_webhook },
  { VGW_MANAGER_TYPE_REDIS, create_redis },
};

char *
vgw_manager_list_types (void)
{
  GString *types = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    g_string_append_printf (types, "%s%s", i > 0 ? ", " : "", vgw_manager_type_to_string (factories[i].type));
  return g_string_free (types, FALSE);
}

static gssize
find_type (const char *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      if (g_str_equal (vgw_manager_type_to_string (factories[i].type), type))
        return (gssize) i;
    }
  return -1;
}

gboolean
vgw_manager_has_type (const char *type)
{
  return find_type (type) >= 0;
}

VgwManager *
vgw_manager_create (const VgwManagerSettings *settings, GError **error)
{
  g_autoptr (GPtrArray) managers = g_ptr_array_new_with_free_func (g_object_unref);

  for (const char *const *type = settings->types; type != NULL && *type != NULL; type++)
    {
      gssize i = find_type (*type);
      VgwManager *manager;

      if (i < 0)
        {
          g_autofree char *known = vgw_manager_list_types ();

          g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "unknown session manager \"%s\"; known types are %s", *type,
                       known);
          return NULL;
        }
      manager = factories[i].create (settings, error);
      if (manager == NULL)
        return NULL;
      g_ptr_array_add (managers, manager);
    }
  return vgw_manager_group_new (g_steal_pointer (&managers));
}
