/* The table of keys, with all properties of each key. The parser, --help, --print-config, a reload, the man page and
 * the sample file are made from it.
 *
 * There may be several groups [engine NAME]; each fills a VgwEngineConfig, and its keys are all rows of that struct.
 * Rows with the group "engine" are also valid in [engine], for the defaults of all engines; the others have the group
 * VGW_CONFIG_ENGINE_GROUP. */
#pragma once

#include "config/vgw-config-check.h"
#include "config/vgw-config.h"

#define VGW_CONFIG_ENGINE_GROUP "engine NAME"

/* The type of a row's member, which the compiler checks in vgw-config-keys.c. Texts and lists are owned by the
 * configuration and never NULL. */
typedef enum
{
  VGW_CONFIG_TEXT,         /* char *, const or not */
  VGW_CONFIG_CHOICE,       /* an enum, or a guint with few valid values: one of choices */
  VGW_CONFIG_NUMBER,       /* guint, min to max */
  VGW_CONFIG_MILLISECONDS, /* a duration in a guint, with an optional unit */
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
  VGW_CONFIG_FILE_NAME = 1 << 3,  /* of a text: the name of a file, or of a credential (vgw_config_file_find ()) */
} VgwConfigFlags;

typedef struct
{
  const char *name; /* NULL ends the array */
  guint value;      /* for VGW_CONFIG_CHOICE */
} VgwConfigChoice;

#define VGW_CONFIG_FILE_SUFFIX "-file" /* of the name of a secret: its value is the name of a file */

typedef struct
{
  const char *group;
  const char *name;
  VgwConfigType type;
  gsize offset;             /* of the member: in VgwEngineConfig, or in VgwConfig */
  gboolean is_of_engine;    /* the former */
  const char *default_text; /* as in a file */
  VgwConfigFlags flags;
  guint min, max;                 /* of a NUMBER or a duration */
  const VgwConfigChoice *choices; /* CHOICE; TEXT (nullable): the valid values */
  VgwConfigCheck check;           /* of a TEXT, or of each item of a LIST */
  const char *brief;              /* one line, no full stop */
  const char *detail;             /* (nullable) sentences */
  const char *alias;              /* (nullable) another accepted name */
} VgwConfigKey;

typedef struct
{
  const char *name;
  const char *brief;
} VgwConfigGroup;

/* All keys, by group, and the groups; the last row has no name. */
extern const VgwConfigKey vgw_config_keys[];
extern const VgwConfigGroup vgw_config_groups[];

/* NAME where @group is "engine NAME", borrowed from it; else NULL. */
const char *vgw_config_get_engine_name (const char *group);

/* Whether @key is valid in @group, "http" or "engine NAME". */
gboolean vgw_config_is_in_group (const VgwConfigKey *key, const char *group);
gboolean vgw_config_has_group (const char *group);

/* The key @name of @group, or NULL. @is_file is set where @name is that of a secret followed by "-file". */
const VgwConfigKey *vgw_config_find_key (const char *group, const char *name, gboolean *is_file);

/* The origins of values, one for each row of the table: that of KEY is at [KEY - vgw_config_keys]. new: (transfer
 * full); find: of an existing key (transfer none) */
VgwConfigOrigin *vgw_config_origins_new (void);
void vgw_config_origins_free (VgwConfigOrigin *origins);
VgwConfigOrigin *vgw_config_origins_find (VgwConfigOrigin *origins, const char *group, const char *name);

/* The struct in @config that @key's offset refers to. (transfer none) */
gpointer vgw_config_get_values (const VgwConfig *config, const VgwConfigKey *key);
