#include "engine/vgw-engine-config.h"

#include <string.h>

#include "net/vgw-tls.h"

#define FALLBACK_PREFIX "fallback:"

/* The members that are texts, and what they are in a new configuration; NULL: the caller's. */
static const struct
{
  gsize offset;
  const char *default_text;
} texts[] = {
  { G_STRUCT_OFFSET (VgwEngineConfig, name), NULL },
  { G_STRUCT_OFFSET (VgwEngineConfig, type), NULL },
  { G_STRUCT_OFFSET (VgwEngineConfig, url), "" },
  { G_STRUCT_OFFSET (VgwEngineConfig, dialect), VGW_ENGINE_DEFAULT_DIALECT },
  { G_STRUCT_OFFSET (VgwEngineConfig, authorization), "" },
  { G_STRUCT_OFFSET (VgwEngineConfig, tls_ca), "" },
  { G_STRUCT_OFFSET (VgwEngineConfig, wraps), "" },
  { G_STRUCT_OFFSET (VgwEngineConfig, on_failure), VGW_ENGINE_DEFAULT_ON_FAILURE },
  { G_STRUCT_OFFSET (VgwEngineConfig, record_directory), VGW_ENGINE_DEFAULT_RECORD_DIRECTORY },
};

static char **
text_at (VgwEngineConfig *config, gsize index)
{
  return G_STRUCT_MEMBER_P (config, texts[index].offset);
}

VgwEngineConfig *
vgw_engine_config_new (const char *name, const char *type)
{
  VgwEngineConfig *config = g_new0 (VgwEngineConfig, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    *text_at (config, i) = g_strdup (texts[i].default_text);
  config->name = g_strdup (name);
  config->type = g_strdup (type);
  config->pass_parameters = g_new0 (char *, 1);
  config->sample_rate_hz = VGW_ENGINE_DEFAULT_SAMPLE_RATE_HZ;
  config->max_playout_ms = VGW_ENGINE_DEFAULT_MAX_PLAYOUT_MS;
  config->may_speed_up = TRUE;
  config->prebuffer_ms = VGW_ENGINE_DEFAULT_PREBUFFER_MS;
  config->speech_start_ms = VGW_ENGINE_DEFAULT_SPEECH_START_MS;
  config->speech_stop_ms = VGW_ENGINE_DEFAULT_SPEECH_STOP_MS;
  config->echo_margin_db = VGW_ENGINE_DEFAULT_ECHO_MARGIN_DB;
  config->connect_timeout_ms = VGW_ENGINE_DEFAULT_CONNECT_TIMEOUT_MS;
  config->max_reconnects = VGW_ENGINE_DEFAULT_MAX_RECONNECTS;
  config->grace_ms = VGW_ENGINE_DEFAULT_GRACE_MS;
  config->buffer_ms = VGW_ENGINE_DEFAULT_BUFFER_MS;
  config->stall_ms = VGW_ENGINE_DEFAULT_STALL_MS;
  return config;
}

VgwEngineConfig *
vgw_engine_config_copy (const VgwEngineConfig *config)
{
  VgwEngineConfig *copy = g_memdup2 (config, sizeof *config);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    *text_at (copy, i) = g_strdup (*text_at (copy, i));
  copy->authorities = config->authorities != NULL ? g_object_ref (config->authorities) : NULL;
  copy->pass_parameters = g_strdupv (config->pass_parameters);
  return copy;
}

void
vgw_engine_config_free (VgwEngineConfig *config)
{
  if (config == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*text_at (config, i));
  g_clear_object (&config->authorities);
  g_strfreev (config->pass_parameters);
  g_free (config);
}

gboolean
vgw_engine_config_load_authorities (VgwEngineConfig *config, GError **error)
{
  g_clear_object (&config->authorities);
  if (!vgw_tls_is_wanted (config->url))
    return TRUE;
  if (*config->tls_ca == '\0')
    {
      config->authorities = vgw_tls_get_system_authorities ();
      return TRUE;
    }
  config->authorities = vgw_tls_load_authorities (config->tls_ca, error);
  return config->authorities != NULL;
}

VgwOnFailure
vgw_engine_config_get_on_failure (const VgwEngineConfig *config, const char **fallback)
{
  *fallback = NULL;
  if (g_str_has_prefix (config->on_failure, FALLBACK_PREFIX))
    {
      *fallback = config->on_failure + strlen (FALLBACK_PREFIX);
      return VGW_ON_FAILURE_FALLBACK;
    }
  return g_str_equal (config->on_failure, "hold") ? VGW_ON_FAILURE_HOLD : VGW_ON_FAILURE_END;
}

const VgwEngineConfig *
vgw_engine_config_find (GPtrArray *engines, const char *name)
{
  for (guint i = 0; engines != NULL && i < engines->len; i++)
    {
      const VgwEngineConfig *config = g_ptr_array_index (engines, i);

      if (g_str_equal (config->name, name))
        return config;
    }
  return NULL;
}

const VgwEngineConfig *
vgw_engine_config_find_fallback (const VgwEngineConfig *config, GPtrArray *engines)
{
  const char *name;

  if (vgw_engine_config_get_on_failure (config, &name) != VGW_ON_FAILURE_FALLBACK)
    return NULL;
  return vgw_engine_config_find (engines, name);
}

gboolean
vgw_engine_config_is_behind_network (const VgwEngineConfig *config)
{
  return *config->url != '\0' || (g_str_equal (config->type, "record") && *config->wraps != '\0');
}
