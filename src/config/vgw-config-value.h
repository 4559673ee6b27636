/* Values as text, as they stand in a file, in the environment and behind --set. Lists and escapes are those of
 * GKeyFile: a list is separated by ';', "\;" is that character in an item, and "\\", "\n", "\r", "\t", "\s" (space)
 * stand for what they name. */
#pragma once

#include "config/vgw-config-keys.h"

/* Puts the value of @key that @text stands for into @values, the struct that the key's offset fits, in place of the one
 * there. Errors: VGW_ERROR_CONFIG, saying what would be right, without the name of the key; @values is as it was. */
gboolean vgw_config_assign (gpointer values, const VgwConfigKey *key, const char *text, GError **error);

/* Assigns what a secret's file holds: an item on each line for a list (lines that are empty or begin with '#' are
 * none), else the text without the space around it. Backslashes are themselves. */
gboolean vgw_config_assign_file_text (gpointer values, const VgwConfigKey *key, const char *text, GError **error);

/* The text that vgw_config_assign () would take for the value of @key in @values, secret or not (transfer full). */
char *vgw_config_value_to_text (gconstpointer values, const VgwConfigKey *key);

/* How many items the list has, or whether the text is not empty. */
guint vgw_config_value_count (gconstpointer values, const VgwConfigKey *key);

/* Both in a struct that is all zero, or has had a value before. */
void vgw_config_clear_value (gpointer values, const VgwConfigKey *key);
void vgw_config_copy_value (gpointer to, gconstpointer from, const VgwConfigKey *key);

/* "a whole number from 0 to 65535"; NULL for free text (transfer full). */
char *vgw_config_describe_type (const VgwConfigKey *key);

/* @text in quotation marks, cut to a length that a line bears, valid UTF-8 (transfer full). */
char *vgw_config_quote (const char *text);
