/* The table of keys: everything that is known about a key stands in its row, and nowhere else. The parser, --help,
 * --print-config, a reload, the man page and the sample file are made from it.
 *
 * The group [engine NAME] may stand several times under names of its own and fills a VgwEngineConfig for each: its keys
 * are all rows of that struct. Those of them whose group is "engine" may stand in [engine] too, where they fill the
 * defaults of all engines; the others have the group VGW_CONFIG_ENGINE_GROUP. */
#pragma once

#include "config/vgw-config-check.h"
#include "config/vgw-config.h"

#define VGW_CONFIG_ENGINE_GROUP "engine NAME"

/* What the member of a row is; vgw-config-keys.c lets the compiler check that. Texts and lists are owned by the
 * configuration and never NULL. */
typedef enum
{
  VGW_CONFIG_TEXT,         /* char *, const or not */
  VGW_CONFIG_CHOICE,       /* an enum, or a guint of which few values are good: one of choices */
  VGW_CONFIG_NUMBER,       /* guint, min to max */
  VGW_CONFIG_MILLISECONDS, /* the same: a duration, which may be written with its unit */
  VGW_CONFIG_SECONDS,
  VGW_CONFIG_PORT, /* guint16 */
  VGW_CONFIG_BOOL, /* gboolean */
  VGW_CONFIG_LIST, /* char **, const or not; NULL-terminated */
} VgwConfigType;

typedef enum
{
  VGW_CONFIG_SECRET = 1 << 0,     /* never shown; NAME-file gives a file to read it from */
  VGW_CONFIG_RELOADABLE = 1 << 1, /* can change without touching calls: vgw_config_reload () */
  VGW_CONFIG_PRIVATE = 1 << 2,    /* of a secret: its file must not be accessible to other users */
} VgwConfigFlags;

typedef struct
{
  const char *name; /* NULL ends the array */
  guint value;      /* for VGW_CONFIG_CHOICE */
} VgwConfigChoice;

typedef struct
{
  const char *group;
  const char *name;
  VgwConfigType type;
  gsize offset;             /* of the member: in VgwEngineConfig, or in VgwConfig */
  gboolean is_of_engine;    /* … which of the two */
  const char *default_text; /* as it would stand in a file */
  VgwConfigFlags flags;
  guint min, max;                 /* of a NUMBER or a duration */
  const VgwConfigChoice *choices; /* CHOICE; TEXT (nullable): the only good values */
  VgwConfigCheck check;           /* of a TEXT, or of each item of a LIST */
  const char *brief;              /* one line, no full stop */
  const char *detail;             /* (nullable) sentences */
  const char *alias;              /* (nullable) another name that is understood */
} VgwConfigKey;

typedef struct
{
  const char *name;
  const char *brief;
} VgwConfigGroup;

/* All keys, group by group, and the groups; each ends with a row without a name. */
extern const VgwConfigKey vgw_config_keys[];
extern const VgwConfigGroup vgw_config_groups[];

/* NAME where @group is "engine NAME", else NULL; into @group. */
const char *vgw_config_get_engine_name (const char *group);

/* Whether @key may stand in @group, "http" or "engine NAME". */
gboolean vgw_config_is_in_group (const VgwConfigKey *key, const char *group);
gboolean vgw_config_has_group (const char *group);

/* The key that @name means in @group, or NULL. @is_file is set where @name is that of a secret with "-file" behind. */
const VgwConfigKey *vgw_config_find_key (const char *group, const char *name, gboolean *is_file);

/* Where values come from, one for each row of the table: that of KEY is at [KEY - vgw_config_keys]. Returns: (transfer
 * full); the one of a key that there is (transfer none) */
VgwConfigOrigin *vgw_config_origins_new (void);
void vgw_config_origins_free (VgwConfigOrigin *origins);
VgwConfigOrigin *vgw_config_origins_find (VgwConfigOrigin *origins, const char *group, const char *name);

/* The struct in @config that @key's offset fits. (transfer none) */
gpointer vgw_config_get_values (const VgwConfig *config, const VgwConfigKey *key);

/* "VGW_HTTP_PORT" (transfer full). */
char *vgw_config_variable_name (const VgwConfigKey *key, gboolean is_file);

/* The key that the environment variable @variable ("VGW_HTTP_PORT") means, or NULL. */
const VgwConfigKey *vgw_config_find_variable (const char *variable, gboolean *is_file);
