#include "engine/dialects/vgw-dialects.h"

static const VgwDialect *const dialects[] = {
  &vgw_dialect_native,   &vgw_dialect_twilio, &vgw_dialect_jambonz,
  &vgw_dialect_asterisk, &vgw_dialect_vosk,   &vgw_dialect_audiosocket,
};

static const char *const names[] = { "native", "twilio", "jambonz", "asterisk", "vosk", "audiosocket", NULL };

G_STATIC_ASSERT (G_N_ELEMENTS (names) == G_N_ELEMENTS (dialects) + 1);

const VgwDialect *
vgw_dialect_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++)
    {
      if (g_strcmp0 (dialects[i]->name, name) == 0)
        return dialects[i];
    }
  return NULL;
}

const char *const *
vgw_dialect_names (void)
{
  return names;
}
