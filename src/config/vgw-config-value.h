/* Values as text in a file, in the environment and with --set. Lists and escapes are those of GKeyFile: items are
 * separated by ';', and the escapes are "\;", "\\", "\n", "\r", "\t" and "\s" (space). */
#pragma once

#include "config/vgw-config-keys.h"

/* Sets @key in @values, the struct of the key's offset, to the value of @text. Errors: VGW_ERROR_CONFIG, with the valid
 * values, without the name of the key; @values is unchanged. */
gboolean vgw_config_assign (gpointer values, const VgwConfigKey *key, const char *text, GError **error);

/* Assigns the content of a secret's file: for a list an item per line (empty lines and those that begin with '#' are
 * skipped), else the text without surrounding space. There are no escapes. */
gboolean vgw_config_assign_file_text (gpointer values, const VgwConfigKey *key, const char *text, GError **error);

/* The value of @key in @values as text for vgw_config_assign (), also of a secret (transfer full). */
char *vgw_config_value_to_text (gconstpointer values, const VgwConfigKey *key);

/* The number of items of a list; for a text whether it is not empty. */
guint vgw_config_value_count (gconstpointer values, const VgwConfigKey *key);

/* For a struct that is zeroed or has a value. */
void vgw_config_clear_value (gpointer values, const VgwConfigKey *key);
void vgw_config_copy_value (gpointer to, gconstpointer from, const VgwConfigKey *key);

/* "a whole number from 0 to 65535"; NULL for free text (transfer full). */
char *vgw_config_describe_type (const VgwConfigKey *key);

/* @text in quotation marks, truncated, valid UTF-8 (transfer full). */
char *vgw_config_quote (const char *text);
