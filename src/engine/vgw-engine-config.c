#include "engine/vgw-engine-config.h"

#include <string.h>

#include "net/vgw-tls.h"

#define FALLBACK_PREFIX "fallback:"

VgwEngineConfig *
vgw_engine_config_new (const char *name, const char *type)
{
  VgwEngineConfig *config = g_new0 (VgwEngineConfig, 1);

  config->name = g_strdup (name);
  config->type = g_strdup (type);
  config->url = g_strdup ("");
  config->dialect = g_strdup (VGW_ENGINE_DEFAULT_DIALECT);
  config->authorization = g_strdup ("");
  config->tls_ca = g_strdup ("");
  config->wraps = g_strdup ("");
  config->on_failure = g_strdup (VGW_ENGINE_DEFAULT_ON_FAILURE);
  config->record_directory = g_strdup (VGW_ENGINE_DEFAULT_RECORD_DIRECTORY);
  config->pass_parameters = g_new0 (char *, 1);
  config->sample_rate_hz = VGW_ENGINE_DEFAULT_SAMPLE_RATE_HZ;
  config->max_playout_ms = VGW_ENGINE_DEFAULT_MAX_PLAYOUT_MS;
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
  VgwEngineConfig *copy = g_new (VgwEngineConfig, 1);

  *copy = *config;
  copy->name = g_strdup (config->name);
  copy->type = g_strdup (config->type);
  copy->url = g_strdup (config->url);
  copy->dialect = g_strdup (config->dialect);
  copy->authorization = g_strdup (config->authorization);
  copy->tls_ca = g_strdup (config->tls_ca);
  copy->authorities = config->authorities != NULL ? g_object_ref (config->authorities) : NULL;
  copy->wraps = g_strdup (config->wraps);
  copy->on_failure = g_strdup (config->on_failure);
  copy->record_directory = g_strdup (config->record_directory);
  copy->pass_parameters = g_strdupv (config->pass_parameters);
  return copy;
}

void
vgw_engine_config_free (VgwEngineConfig *config)
{
  if (config == NULL)
    return;
  g_free (config->name);
  g_free (config->type);
  g_free (config->url);
  g_free (config->dialect);
  g_free (config->authorization);
  g_free (config->tls_ca);
  g_clear_object (&config->authorities);
  g_free (config->wraps);
  g_free (config->on_failure);
  g_free (config->record_directory);
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
