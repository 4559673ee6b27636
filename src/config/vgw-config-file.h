/* Files, and the lines of a configuration file: [group], key = value and # comments, as desktop entry files have them,
 * with the number of each line. GKeyFile reads the same, but knows no line numbers, stops at the first error and lets
 * the second of two equal keys win. Any thread. */
#pragma once

#include <glib.h>

/* The text of the file or pipe @path: at most 1 MiB, valid UTF-8 and without NUL. Errors: VGW_ERROR_CONFIG. Returns:
 * (transfer full) */
char *vgw_config_file_read (const char *path, GError **error);

/* A line that is neither empty nor a comment. All texts live as long as the call. */
typedef struct
{
  guint number;        /* from 1 */
  const char *group;   /* "" before the first group */
  const char *name;    /* (nullable) NULL for the line of the group itself */
  const char *text;    /* the value, without the space around it; "" for a group */
  const char *problem; /* (nullable) why the line is neither a group, a key nor a comment; then the rest is empty */
} VgwConfigLine;

typedef void (*VgwConfigLineFunc) (const VgwConfigLine *line, gpointer user_data);

/* Calls @func for each group, each key and each bad line of @text, from first to last. */
void vgw_config_file_parse (const char *text, VgwConfigLineFunc func, gpointer user_data);
