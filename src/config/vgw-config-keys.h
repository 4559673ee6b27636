/* The table of keys: everything that is known about a key stands in its row, and nowhere else. The parser, --help,
 * --print-config, the man page and the sample file are made from it.
 *
 * To add a key: a field in VgwConfig, a row in vgw-config-keys.c, and VGW_TEST_UPDATE=1 for the test vgw-config, which
 * rewrites the sample file and the man page. The group [engine NAME] may stand several times under names of its own and
 * has a VgwEngineConfig of its own: its keys are the rows of vgw_config_engine_rows (), and those of vgw_config_keys ()
 * with the flag VGW_CONFIG_PER_ENGINE, whose values in [engine] are the defaults. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_CONFIG_TEXT,   /* char *, never NULL */
  VGW_CONFIG_CHOICE, /* an enum, or a guint of which few values are good: one of choices */
  VGW_CONFIG_NUMBER, /* guint, min to max */
  VGW_CONFIG_BOOL,   /* gboolean */
  VGW_CONFIG_LIST,   /* char **, never NULL */
} VgwConfigType;

typedef enum
{
  VGW_CONFIG_SECRET = 1 << 0,     /* never shown; NAME-file gives a file to read it from */
  VGW_CONFIG_RELOADABLE = 1 << 1, /* can change without touching calls: vgw_app_reload () */
  VGW_CONFIG_PER_ENGINE = 1 << 2, /* may also stand in [engine NAME]; a value of VgwConfig.engine_defaults */
} VgwConfigFlags;

typedef struct
{
  const char *name; /* NULL ends the array */
  guint value;      /* for VGW_CONFIG_CHOICE */
} VgwConfigChoice;

/* Checks one text, or one item of a list. Errors: VGW_ERROR_CONFIG, "must be …", without the text itself. */
typedef gboolean (*VgwConfigCheck) (const char *text, GError **error);

typedef struct
{
  const char *group;
  const char *name;
  VgwConfigType type;
  const char *default_text; /* as it would stand in a file */
  gsize offset;             /* of the value in its struct */
  VgwConfigFlags flags;
  guint min, max;                 /* NUMBER */
  const VgwConfigChoice *choices; /* CHOICE; TEXT (nullable): the only good values */
  VgwConfigCheck check;           /* TEXT, LIST (nullable) */
  const char *brief;              /* one line, no full stop */
  const char *detail;             /* (nullable) sentences */
  const char *go_name;            /* (nullable) the same setting of the Go service that this one replaces */
  const char *alias;              /* (nullable) another name that is understood */
} VgwConfigKey;

typedef struct
{
  const char *name;
  const char *brief;
} VgwConfigGroup;

/* All keys, group by group in the order of vgw_config_groups (). (static) */
const VgwConfigKey *vgw_config_keys (guint *n_keys);
const VgwConfigGroup *vgw_config_groups (guint *n_groups);

/* The keys that only [engine NAME] has; their offsets are in VgwEngineConfig. (static) */
const VgwConfigKey *vgw_config_engine_rows (guint *n_rows);

/* A number of its own for each row that an [engine NAME] may have, below vgw_config_count_engine_rows (). */
guint vgw_config_engine_row_number (const VgwConfigKey *row);
guint vgw_config_count_engine_rows (void);

/* @row with its offset in VgwEngineConfig. */
VgwConfigKey vgw_config_engine_key (const VgwConfigKey *row);

gboolean vgw_config_has_group (const char *group);

/* The key that "@group.@name" means, or NULL. @is_file is set where @name is that of a secret with "-file" behind. */
const VgwConfigKey *vgw_config_find_key (const char *group, const char *name, gboolean *is_file);

/* The row that "@name" means in [engine NAME], or NULL. */
const VgwConfigKey *vgw_config_find_engine_row (const char *name, gboolean *is_file);

/* The key that the environment variable @variable ("VGW_HTTP_PORT") means, or NULL. */
const VgwConfigKey *vgw_config_find_variable (const char *variable, gboolean *is_file);

/* "VGW_HTTP_PORT" (transfer full). */
char *vgw_config_variable_name (const VgwConfigKey *key, gboolean is_file);

/* What to say behind "no such …": "; did you mean http.port?", the group that has a key of that name, or "" where
 * nothing is near (transfer full). */
char *vgw_config_suggest_key (const char *group, const char *name);
char *vgw_config_suggest_engine_key (const char *name);
char *vgw_config_suggest_group (const char *group);
char *vgw_config_suggest_setting (const char *group, const char *name); /* "--set GROUP.NAME" with an unknown group */
char *vgw_config_suggest_variable (const char *variable);

G_END_DECLS
