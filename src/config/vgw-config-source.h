/* Where values come from, and taking them from there. For vgw-config.c and vgw-config-engines.c. Any thread. */
#pragma once

#include "config/vgw-config-keys.h"
#include "config/vgw-config.h"

G_BEGIN_DECLS

typedef enum
{
  VGW_CONFIG_FROM_DEFAULT,
  VGW_CONFIG_FROM_FILE,
  VGW_CONFIG_FROM_ENVIRONMENT,
  VGW_CONFIG_FROM_SETTING,
} VgwConfigSource;

/* Where the value of a key comes from. All zero: nowhere yet. */
struct _VgwConfigOrigin
{
  VgwConfigSource source;
  gboolean is_from_file; /* by its "-file" name */
  char *where;           /* (nullable) as errors say it */
};

/* One text for one key, and where it stands. */
typedef struct
{
  VgwConfigSource source;
  const char *where; /* as errors say it: "a.conf:3: [http] port" */
  gboolean is_file;  /* by its "-file" name: the text is the name of a file */
  const char *base;  /* (nullable) the directory that a relative file name is relative to */
  const char *text;
} VgwConfigEntry;

/* Gives @key the value of @entry in @values, and notes in @origin where it is from. Errors: VGW_ERROR_CONFIG, with
 * @entry's where in front; a file that sets the key a second time is one. */
gboolean vgw_config_take (gpointer values, VgwConfigOrigin *origin, const VgwConfigKey *key,
                          const VgwConfigEntry *entry, GError **error);

/* The text of the file @path: at most 1 MiB, valid UTF-8 and without NUL. Returns: (transfer full) */
char *vgw_config_read_file (const char *path, GError **error);

/* Sets @error to "WHERE: WHAT SUGGESTION". Takes @suggestion. Returns FALSE. */
gboolean vgw_config_fail_unknown (const char *where, const char *what, char *suggestion, GError **error);

G_END_DECLS
