#include "engine/vgw-engine-factory.h"

#include "base/vgw-error.h"
#include "engine/vgw-engine-echo.h"
#include "engine/vgw-engine-record.h"

static VgwEngine *
create_echo (const VgwEngineSettings *settings, GError **error)
{
  return vgw_engine_echo_new ();
}

static VgwEngine *
create_record (const VgwEngineSettings *settings, GError **error)
{
  if (settings->record_dir == NULL || settings->record_dir[0] == '\0')
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "the engine \"record\" needs a directory for its files");
      return NULL;
    }
  return vgw_engine_record_new (settings->record_dir, settings->wav_writer);
}

/* A new engine is one line here and its file. Both arrays in the same order. */
static const struct
{
  const char *type;
  VgwEngine *(*create) (const VgwEngineSettings *settings, GError **error);
} factories[] = {
  { "echo", create_echo },
  { "record", create_record },
};

static const char *const types[] = { "echo", "record", NULL };

G_STATIC_ASSERT (G_N_ELEMENTS (types) == G_N_ELEMENTS (factories) + 1);

VgwEngine *
vgw_engine_create (const char *type, const VgwEngineSettings *settings, GError **error)
{
  g_autofree char *known = NULL;

  g_return_val_if_fail (type != NULL && settings != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    {
      if (g_str_equal (factories[i].type, type))
        return factories[i].create (settings, error);
    }

  known = g_strjoinv (", ", (char **) types);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "unknown engine \"%s\"; known are: %s", type, known);
  return NULL;
}

const char *const *
vgw_engine_types (void)
{
  return types;
}
