#include "engine/vgw-engine-factory.h"

#include "base/vgw-error.h"
#include "engine/builtin/vgw-engine-echo.h"
#include "engine/builtin/vgw-engine-record.h"
#include "engine/dialects/vgw-dialects.h"
#include "engine/vgw-engine-net.h"

static VgwEngine *
create_echo (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  return vgw_engine_echo_new (config->skips_silence);
}

/* The engine that a `record` engine wraps; NULL with an error. */
static VgwEngine *
create_wrapped (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  const VgwEngineConfig *wrapped = vgw_engine_config_find (shared->engines, config->wraps);

  if (*config->wraps == '\0')
    return vgw_engine_echo_new (FALSE);
  if (wrapped == NULL || g_str_equal (wrapped->type, "record"))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine \"%s\": cannot record the engine \"%s\"", config->name,
                   config->wraps);
      return NULL;
    }
  return vgw_engine_create (wrapped, shared, error);
}

static VgwEngine *
create_record (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  VgwEngine *wrapped;

  if (*config->record_directory == '\0')
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine \"%s\" needs a directory for its files", config->name);
      return NULL;
    }
  wrapped = create_wrapped (config, shared, error);
  return wrapped != NULL
             ? vgw_engine_record_new (config->record_directory, shared->wav_writer, wrapped, config->max_playout_ms)
             : NULL;
}

static VgwEngine *
create_networked (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  const VgwDialect *dialect = vgw_engine_config_find_dialect (config);

  if (dialect == NULL || *config->url == '\0' || shared->io == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine \"%s\" needs a url and a known dialect", config->name);
      return NULL;
    }
  return vgw_engine_net_new (shared->io, config, dialect);
}

static const VgwEngineType types[] = {
  { "echo", FALSE, NULL, { "skip-silence" }, create_echo },
  { "record", FALSE, NULL, { "wraps", "record-directory" }, create_record },
  { "websocket", TRUE, NULL, { "url", "dialect", "authorization", "tls-ca" }, create_networked },
  { "audiosocket", TRUE, &vgw_dialect_audiosocket, { "url" }, create_networked },
  { NULL },
};

const VgwEngineType *
vgw_engine_types (void)
{
  return types;
}

const VgwEngineType *
vgw_engine_type_find (const char *name)
{
  for (const VgwEngineType *type = types; type->name != NULL; type++)
    {
      if (g_str_equal (type->name, name))
        return type;
    }
  return NULL;
}

char *
vgw_engine_type_list (void)
{
  GString *list = g_string_new (types[0].name);

  for (const VgwEngineType *type = types + 1; type->name != NULL; type++)
    g_string_append_printf (list, ", %s", type->name);
  return g_string_free (list, FALSE);
}

const char *
vgw_engine_type_lack (const char *name)
{
  if (g_str_equal (name, "assistant"))
    return "; the assistant is a separate program now: start voice-gateway-assistant, and add the group "
           "[engine assistant] with type = websocket and url = ws://127.0.0.1:8082 (docs/ASSISTANT.md)";
  return "";
}

gboolean
vgw_engine_type_has_key (const char *name, const char *key)
{
  gboolean is_of_every_type = TRUE;

  for (const VgwEngineType *type = types; type->name != NULL; type++)
    {
      if (!g_strv_contains (type->keys, key))
        continue;
      if (g_str_equal (type->name, name))
        return TRUE;
      is_of_every_type = FALSE;
    }
  return is_of_every_type;
}

gboolean
vgw_engine_type_is_networked (const char *name)
{
  const VgwEngineType *type = vgw_engine_type_find (name);

  return type != NULL && type->is_networked;
}

const VgwDialect *
vgw_engine_config_find_dialect (const VgwEngineConfig *config)
{
  const VgwEngineType *type = vgw_engine_type_find (config->type);
  const VgwDialect *dialect;

  if (type == NULL || !type->is_networked)
    return NULL;
  if (type->dialect != NULL)
    return type->dialect;
  dialect = vgw_dialect_find (config->dialect);
  return dialect != NULL && !dialect->is_stream ? dialect : NULL; /* not for a WebSocket */
}

VgwEngine *
vgw_engine_create (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  const VgwEngineType *type;
  g_autofree char *known = NULL;

  g_return_val_if_fail (config != NULL && shared != NULL, NULL);

  type = vgw_engine_type_find (config->type);
  if (type != NULL)
    return type->create (config, shared, error);
  known = vgw_engine_type_list ();
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine \"%s\": unknown type \"%s\"; known types are %s%s",
               config->name, config->type, known, vgw_engine_type_lack (config->type));
  return NULL;
}
