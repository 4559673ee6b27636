#include "engine/vgw-engine-factory.h"

#include "base/vgw-error.h"
#include "engine/builtin/vgw-engine-echo.h"
#include "engine/vgw-engine-net.h"
#include "engine/builtin/vgw-engine-record.h"

static VgwEngine *
create_echo (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  return vgw_engine_echo_new ();
}

/* What a `record` engine records; NULL with an error. */
static VgwEngine *
create_wrapped (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  const VgwEngineConfig *wrapped = vgw_engine_config_find (shared->engines, config->wraps);

  if (*config->wraps == '\0')
    return vgw_engine_echo_new ();
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
  return wrapped != NULL ? vgw_engine_record_new (config->record_directory, shared->wav_writer, wrapped) : NULL;
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

/* A new engine is one line here and its file. Both arrays in the same order. */
static const struct
{
  const char *type;
  gboolean is_networked;
  VgwEngine *(*create) (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error);
} factories[] = {
  { "echo", FALSE, create_echo },
  { "record", FALSE, create_record },
  { "websocket", TRUE, create_networked },
  { "audiosocket", TRUE, create_networked },
};

static const char *const types[] = {
  "echo", "record", "websocket", "audiosocket", NULL,
};

G_STATIC_ASSERT (G_N_ELEMENTS (types) == G_N_ELEMENTS (factories) + 1);

VgwEngine *
vgw_engine_create (const VgwEngineConfig *config, const VgwEngineShared *shared, GError **error)
{
  g_autofree char *known = NULL;

  g_return_val_if_fail (config != NULL && shared != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      if (g_str_equal (factories[i].type, config->type))
        return factories[i].create (config, shared, error);
    }

  known = g_strjoinv (", ", (char **) types);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "engine \"%s\": unknown type \"%s\"; known are: %s%s", config->name,
               config->type, known, vgw_engine_type_lack (config->type));
  return NULL;
}

const char *
vgw_engine_type_lack (const char *name)
{
  if (g_str_equal (name, "assistant"))
    return "; the assistant is a program of its own now: start voice-gateway-assistant, and add the group "
           "[engine assistant] with type = websocket and url = ws://127.0.0.1:8082 (docs/ASSISTANT.md)";
  return "";
}

const char *const *
vgw_engine_types (void)
{
  return types;
}

gboolean
vgw_engine_type_is_networked (const char *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      if (g_str_equal (factories[i].type, type))
        return factories[i].is_networked;
    }
  return FALSE;
}

gboolean
vgw_engine_type_is_builtin (const char *type)
{
  return g_strv_contains (types, type) && !vgw_engine_type_is_networked (type);
}

const VgwDialect *
vgw_engine_config_find_dialect (const VgwEngineConfig *config)
{
  const VgwDialect *dialect;

  if (!vgw_engine_type_is_networked (config->type))
    return NULL;
  if (g_str_equal (config->type, "audiosocket"))
    return vgw_dialect_find ("audiosocket");
  dialect = vgw_dialect_find (config->dialect);
  return dialect != NULL && !dialect->is_stream ? dialect : NULL; /* bytes over TCP are no WebSocket */
}
