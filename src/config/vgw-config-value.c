#include "config/vgw-config-value.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_QUOTED_CHARACTERS 80
#define MAX_LIST_ITEMS 1000
#define MAX_NUMBER_CHARACTERS 16
#define LIST_SEPARATOR ';'

static const char *const true_words[] = { "true", "yes", "on", "1", NULL };
static const char *const false_words[] = { "false", "no", "off", "0", NULL };

static gpointer
get_slot (gconstpointer values, const VgwConfigKey *key)
{
  return (guint8 *) values + key->offset;
}

char *
vgw_config_quote (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, 4 * MAX_QUOTED_CHARACTERS + 4));
  g_autofree char *head = NULL;

  if (g_utf8_strlen (valid, -1) <= MAX_QUOTED_CHARACTERS)
    return g_strdup_printf ("\"%s\"", valid);
  head = g_utf8_substring (valid, 0, MAX_QUOTED_CHARACTERS);
  return g_strdup_printf ("\"%s...\"", head);
}

static char *
join_choices (const VgwConfigChoice *choices)
{
  GString *text = g_string_new (NULL);

  for (; choices->name != NULL; choices++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", choices->name);
  return g_string_free (text, FALSE);
}

char *
vgw_config_describe_type (const VgwConfigKey *key)
{
  g_autofree char *choices = key->choices != NULL ? join_choices (key->choices) : NULL;

  switch (key->type)
    {
    case VGW_CONFIG_CHOICE:
    case VGW_CONFIG_TEXT:
      if (choices == NULL)
        return NULL;
      return g_strdup_printf (strchr (choices, ',') != NULL ? "one of %s" : "only %s", choices);
    case VGW_CONFIG_NUMBER:
      return g_strdup_printf ("a whole number from %u to %u", key->min, key->max);
    case VGW_CONFIG_BOOL:
      return g_strdup ("true or false");
    case VGW_CONFIG_LIST:
      return g_strdup ("a list separated by ';'");
    }
  return NULL;
}

/* What spoils a value most often. */
static const char *
get_hint (const VgwConfigKey *key, const char *text)
{
  if (strstr (text, " #") != NULL)
    return "; a comment needs a line of its own";
  if (key->type == VGW_CONFIG_LIST && strchr (text, ',') != NULL)
    return "; the items of a list are separated by ';'";
  if (key->type != VGW_CONFIG_NUMBER || !g_ascii_isdigit (*text) || text[strspn (text, G_CSET_DIGITS)] == '\0')
    return "";
  if (g_str_has_suffix (key->name, "-ms"))
    return "; it is in milliseconds, or has a unit: 1500ms, 10s";
  return g_str_has_suffix (key->name, "-s") ? "; it is in seconds: 60 or 60s" : "";
}

static gboolean
fail (const VgwConfigKey *key, const char *text, GError **error)
{
  g_autofree char *quoted = vgw_config_quote (text);
  g_autofree char *type = vgw_config_describe_type (key);
  const char *hint = get_hint (key, text);

  if (key->flags & VGW_CONFIG_SECRET)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be %s%s", type, hint);
  else
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: must be %s%s", quoted, type, hint);
  return FALSE;
}

static gboolean
check_item (const VgwConfigKey *key, const char *text, guint number, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *quoted = NULL;
  const char *hint = get_hint (key, text);

  if (key->check == NULL || key->check (text, &cause))
    return TRUE;
  quoted = key->flags & VGW_CONFIG_SECRET ? g_strdup_printf ("item %u", number) : vgw_config_quote (text);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s", quoted, cause->message, hint);
  return FALSE;
}

static const VgwConfigChoice *
find_choice (const VgwConfigKey *key, const char *text)
{
  for (const VgwConfigChoice *choice = key->choices; choice->name != NULL; choice++)
    {
      if (strcmp (choice->name, text) == 0)
        return choice;
    }
  return NULL;
}

/* A time may be written with its unit, 1500ms or 10s. (transfer full) */
static char *
drop_unit (const VgwConfigKey *key, const char *text)
{
  gsize length = strlen (text);

  if (length > 1 && length <= MAX_NUMBER_CHARACTERS && g_str_has_suffix (key->name, "-s") && text[length - 1] == 's')
    return g_strndup (text, length - strlen ("s"));
  if (!g_str_has_suffix (key->name, "-ms") || length == 0 || length > MAX_NUMBER_CHARACTERS)
    return g_strdup (text);
  if (g_str_has_suffix (text, "ms"))
    return g_strndup (text, length - strlen ("ms"));
  if (text[length - 1] == 's' && length > 1)
    return g_strdup_printf ("%.*s000", (int) length - 1, text);
  return g_strdup (text);
}

static gboolean
assign_number (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  g_autofree char *plain = drop_unit (key, text);
  guint64 number;

  if (!g_ascii_string_to_unsigned (plain, 10, key->min, key->max, &number, NULL))
    return fail (key, text, error);
  *(guint *) get_slot (values, key) = (guint) number;
  return TRUE;
}

static gboolean
assign_bool (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  gboolean is_true = g_strv_contains (true_words, text);

  if (!is_true && !g_strv_contains (false_words, text))
    return fail (key, text, error);
  *(gboolean *) get_slot (values, key) = is_true;
  return TRUE;
}

static gboolean
assign_choice (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  const VgwConfigChoice *choice = find_choice (key, text);

  if (choice == NULL)
    return fail (key, text, error);
  /* The enums of the choices are as wide as a guint, which vgw-config.c asserts. */
  *(guint *) get_slot (values, key) = choice->value;
  return TRUE;
}

/* Takes @text. */
static gboolean
assign_text (gpointer values, const VgwConfigKey *key, char *text, GError **error)
{
  g_autofree char *owned = text;
  char **slot = get_slot (values, key);

  if (key->choices != NULL && find_choice (key, owned) == NULL)
    return fail (key, owned, error);
  if (!check_item (key, owned, 1, error))
    return FALSE;
  g_free (*slot);
  *slot = g_steal_pointer (&owned);
  return TRUE;
}

static gboolean
assign_list (gpointer values, const VgwConfigKey *key, GPtrArray *items, GError **error)
{
  char ***slot = get_slot (values, key);

  if (items->len > MAX_LIST_ITEMS)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must have at most %d items", MAX_LIST_ITEMS);
      return FALSE;
    }
  for (guint i = 0; i < items->len; i++)
    {
      if (!check_item (key, g_ptr_array_index (items, i), i + 1, error))
        return FALSE;
    }
  g_strfreev (*slot);
  *slot = g_new0 (char *, items->len + 1);
  for (guint i = 0; i < items->len; i++)
    (*slot)[i] = g_strdup (g_ptr_array_index (items, i));
  return TRUE;
}

/* What "\@letter" stands for, or NUL. */
static char
unescape_letter (char letter)
{
  switch (letter)
    {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 's':
      return ' ';
    case '\\':
    case LIST_SEPARATOR:
      return letter;
    default:
      return '\0';
    }
}

/* Reads from *@at to the end or, if @is_list, to the next separator, which it skips. Space around what it finds is
 * dropped, unless it is escaped. NULL for a bad escape. (transfer full) */
static char *
read_item (const char **at, gboolean is_list, GError **error)
{
  g_autoptr (GString) item = g_string_new (NULL);
  gsize length = 0; /* of the item without the space at its end */

  while (g_ascii_isspace (**at))
    (*at)++;
  for (; **at != '\0' && !(is_list && **at == LIST_SEPARATOR); (*at)++)
    {
      char c = **at;
      if (c == '\\')
        {
          c = unescape_letter ((*at)[1]);
          if (c == '\0')
            {
              g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG,
                                   "a backslash must be written \\\\; other escapes are \\; \\s \\t \\n \\r");
              return NULL;
            }
          (*at)++;
          length = item->len + 1;
        }
      g_string_append_c (item, c);
      if (!g_ascii_isspace (c))
        length = item->len;
    }
  if (**at == LIST_SEPARATOR && is_list)
    (*at)++;
  g_string_truncate (item, length);
  return g_string_free (g_steal_pointer (&item), FALSE);
}

static gboolean
assign_list_text (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_free);

  while (*text != '\0' && items->len <= MAX_LIST_ITEMS)
    {
      g_autofree char *item = read_item (&text, TRUE, error);
      if (item == NULL)
        return FALSE;
      if (*item != '\0')
        g_ptr_array_add (items, g_steal_pointer (&item));
    }
  return assign_list (values, key, items, error);
}

/* @controls: the control characters that are good. */
static gboolean
check_characters (const char *text, const char *controls, GError **error)
{
  const char *at = text;

  while ((guchar) *at >= ' ' || (*at != '\0' && strchr (controls, *at) != NULL))
    at++;
  if (*at == '\0' && g_utf8_validate (text, -1, NULL))
    return TRUE;
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be UTF-8 text without control characters");
  return FALSE;
}

gboolean
vgw_config_assign (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  g_autofree char *stripped = NULL;
  char *item;

  if (!check_characters (text, "\t", error))
    return FALSE;
  stripped = g_strstrip (g_strdup (text));
  switch (key->type)
    {
    case VGW_CONFIG_NUMBER:
      return assign_number (values, key, stripped, error);
    case VGW_CONFIG_BOOL:
      return assign_bool (values, key, stripped, error);
    case VGW_CONFIG_CHOICE:
      return assign_choice (values, key, stripped, error);
    case VGW_CONFIG_LIST:
      return assign_list_text (values, key, text, error);
    case VGW_CONFIG_TEXT:
      item = read_item (&text, FALSE, error);
      return item != NULL && assign_text (values, key, item, error);
    }
  return FALSE;
}

gboolean
vgw_config_assign_file_text (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  g_auto (GStrv) lines = NULL;

  if (!check_characters (text, "\t\r\n", error))
    return FALSE;
  if (key->type != VGW_CONFIG_LIST)
    return assign_text (values, key, g_strstrip (g_strdup (text)), error);

  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_strstrip (*line);
      if (**line != '\0' && **line != '#')
        g_ptr_array_add (items, *line);
    }
  return assign_list (values, key, items, error);
}

static void
append_escaped (GString *text, const char *item, gboolean is_list)
{
  gsize length = strlen (item);

  for (gsize i = 0; i < length; i++)
    {
      gboolean is_edge = i == 0 || i == length - 1;
      if (item[i] == '\\' || (is_list && item[i] == LIST_SEPARATOR))
        g_string_append_printf (text, "\\%c", item[i]);
      else if (item[i] == '\n')
        g_string_append (text, "\\n");
      else if (item[i] == '\r')
        g_string_append (text, "\\r");
      else if (item[i] == '\t')
        g_string_append (text, "\\t");
      else if (item[i] == ' ' && is_edge)
        g_string_append (text, "\\s");
      else
        g_string_append_c (text, item[i]);
    }
}

static char *
choice_to_text (const VgwConfigKey *key, guint value)
{
  for (const VgwConfigChoice *choice = key->choices; choice->name != NULL; choice++)
    {
      if (choice->value == value)
        return g_strdup (choice->name);
    }
  return g_strdup_printf ("%u", value);
}

char *
vgw_config_value_to_text (gconstpointer values, const VgwConfigKey *key)
{
  gconstpointer slot = get_slot (values, key);
  GString *text;

  switch (key->type)
    {
    case VGW_CONFIG_NUMBER:
      return g_strdup_printf ("%u", *(const guint *) slot);
    case VGW_CONFIG_BOOL:
      return g_strdup (*(const gboolean *) slot ? "true" : "false");
    case VGW_CONFIG_CHOICE:
      return choice_to_text (key, *(const guint *) slot);
    case VGW_CONFIG_TEXT:
      text = g_string_new (NULL);
      append_escaped (text, *(char *const *) slot, FALSE);
      return g_string_free (text, FALSE);
    case VGW_CONFIG_LIST:
      text = g_string_new (NULL);
      for (char *const *item = *(char **const *) slot; *item != NULL; item++)
        {
          if (text->len > 0)
            g_string_append_c (text, LIST_SEPARATOR);
          append_escaped (text, *item, TRUE);
        }
      return g_string_free (text, FALSE);
    }
  return NULL;
}

guint
vgw_config_value_count (gconstpointer values, const VgwConfigKey *key)
{
  gconstpointer slot = get_slot (values, key);

  if (key->type == VGW_CONFIG_LIST)
    return g_strv_length (*(char **const *) slot);
  return key->type == VGW_CONFIG_TEXT && **(char *const *) slot == '\0' ? 0 : 1;
}

void
vgw_config_clear_value (gpointer values, const VgwConfigKey *key)
{
  if (key->type == VGW_CONFIG_TEXT)
    g_clear_pointer ((char **) get_slot (values, key), g_free);
  else if (key->type == VGW_CONFIG_LIST)
    g_clear_pointer ((char ***) get_slot (values, key), g_strfreev);
}
