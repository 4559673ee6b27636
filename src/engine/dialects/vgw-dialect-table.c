#include "engine/dialects/vgw-dialects.h"

static const VgwDialect *const dialects[] = {
  &vgw_dialect_native,
  &vgw_dialect_twilio,
  &vgw_dialect_jambonz,
  &vgw_dialect_asterisk,
  &vgw_dialect_vosk,
  &vgw_dialect_audiosocket,
  NULL,
};

const VgwDialect *const *
vgw_dialects (void)
{
  return dialects;
}

const VgwDialect *
vgw_dialect_find (const char *name)
{
  for (const VgwDialect *const *dialect = dialects; *dialect != NULL; dialect++)
    {
      if (g_strcmp0 ((*dialect)->name, name) == 0)
        return *dialect;
    }
  return NULL;
}
