#include "app/vgw-app-engines.h"

#include "config/vgw-config-load.h"
#include "engine/builtin/vgw-engine-record.h"

static gboolean
has_networked_engine (const VgwConfig *config)
{
  for (guint i = 0; i < config->engine.engines->len; i++)
    {
      const VgwEngineConfig *engine = config->engine.engines->pdata[i];
      if (vgw_engine_type_is_networked (engine->type))
        return TRUE;
    }
  return FALSE;
}

/* Whether a call can use @engine: it is the default, selectable, or the fallback of another engine. */
static gboolean
is_in_use (const VgwConfig *config, const VgwEngineConfig *engine)
{
  if (engine->is_selectable || g_str_equal (engine->name, config->engine.default_name))
    return TRUE;
  for (guint i = 0; i < config->engine.engines->len; i++)
    {
      const VgwEngineConfig *other = config->engine.engines->pdata[i];

      if (other != engine && vgw_engine_config_find_fallback (other, config->engine.engines) == engine)
        return TRUE;
    }
  return FALSE;
}

/* The place where the directory of @engine's recordings is configured, for error messages (transfer full). */
static char *
where_is_directory (const VgwConfig *config, const VgwEngineConfig *engine)
{
  if (g_str_equal (engine->record_directory, config->engine.defaults.record_directory))
    return vgw_config_where (config, "record", "directory");
  return g_strdup_printf ("[engine %s] record-directory", engine->name);
}

void
vgw_app_engines_open (VgwEngineShared *shared, const VgwConfig *config)
{
  shared->wav_writer = vgw_wav_writer_new ();
  shared->io = has_networked_engine (config) ? vgw_engine_io_new () : NULL;
  shared->engines = config->engine.engines;
}

void
vgw_app_engines_close (VgwEngineShared *shared)
{
  g_clear_pointer (&shared->wav_writer, vgw_wav_writer_unref);
  g_clear_pointer (&shared->io, vgw_engine_io_unref);
}

void
vgw_app_engines_check (const VgwConfig *config, const VgwEngineShared *shared, VgwConfigErrors *errors)
{
  GError *bundles_error = NULL;

  for (guint i = 0; i < shared->engines->len; i++)
    {
      const VgwEngineConfig *engine_config = shared->engines->pdata[i];
      GError *error = NULL;
      g_autoptr (VgwEngine) engine = vgw_engine_create (engine_config, shared, &error);

      vgw_config_errors_add (errors, g_steal_pointer (&error));
      if (!g_str_equal (engine_config->type, "record") || !is_in_use (config, engine_config)
          || vgw_engine_record_check_directory (engine_config->record_directory, &error))
        continue;
      g_autofree char *where = where_is_directory (config, engine_config);
      g_prefix_error (&error, "%s: ", where);
      vgw_config_errors_add (errors, error);
    }
  if (*config->bundles.directory == '\0'
      || vgw_engine_record_check_directory (config->bundles.directory, &bundles_error))
    return;
  g_prefix_error (&bundles_error, "record.call-bundle: ");
  vgw_config_errors_add (errors, bundles_error);
}
