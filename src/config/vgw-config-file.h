/* Reads configuration files: [group], key = value and # comments, as in desktop entry files, with line numbers.
 * GKeyFile has no line numbers, stops at the first error, and accepts duplicate keys. Any thread. */
#pragma once

#include <glib.h>

/* The text of the file or pipe @path: at most 1 MiB, valid UTF-8 and without NUL. Errors: VGW_ERROR_CONFIG. Returns:
 * (transfer full) */
char *vgw_config_file_read (const char *path, GError **error);

/* The path of the file that a key names with @name. "credential:NAME" is a credential of the systemd unit, a file in
 * $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=), which has to exist. Another name is relative to @base, or
 * where that is NULL to the working directory. Errors: VGW_ERROR_CONFIG. Returns: (transfer full) */
char *vgw_config_file_find (const char *name, const char *base, GError **error);

/* A line that is neither empty nor a comment. Valid during the call. */
typedef struct
{
  guint number;        /* from 1 */
  const char *group;   /* "" before the first group */
  const char *name;    /* (nullable) NULL for the line of a group */
  const char *text;    /* the value, without surrounding space; "" for a group */
  const char *problem; /* (nullable) the error of an invalid line; then the rest is empty */
} VgwConfigLine;

typedef void (*VgwConfigLineFunc) (const VgwConfigLine *line, gpointer user_data);

/* Calls @func for each group, key and invalid line of @text, in order. */
void vgw_config_file_parse (const char *text, VgwConfigLineFunc func, gpointer user_data);
