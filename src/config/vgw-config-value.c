#include "config/vgw-config-value.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_QUOTED_CHARACTERS 80
#define HIDDEN "***"
#define MAX_LIST_ITEMS 1000

static const VgwConfigChoice bools[] = {
  { "true", TRUE }, { "false", FALSE }, { "yes", TRUE }, { "no", FALSE }, { "on", TRUE },
  { "off", FALSE }, { "1", TRUE },      { "0", FALSE },  { NULL, FALSE },
};

static gpointer
get_slot (gconstpointer values, const VgwConfigKey *key)
{
  return (guint8 *) values + key->offset;
}

/* For all types except TEXT and LIST. */
static guint
get_number (gconstpointer values, const VgwConfigKey *key)
{
  gconstpointer slot = get_slot (values, key);

  return key->type == VGW_CONFIG_PORT ? *(const guint16 *) slot : *(const guint *) slot;
}

static void
set_number (gpointer values, const VgwConfigKey *key, guint number)
{
  if (key->type == VGW_CONFIG_PORT)
    *(guint16 *) get_slot (values, key) = (guint16) number;
  else
    *(guint *) get_slot (values, key) = number;
}

static guint
get_max (const VgwConfigKey *key)
{
  return key->type == VGW_CONFIG_PORT ? G_MAXUINT16 : key->max;
}

/* @text without the user, the password and the query of a URL, whether that is valid or not: what is before the last
 * '@', from "://" on where there is one. (transfer full) */
static char *
hide_credentials (const char *text)
{
  const char *host = strstr (text, "://");
  const char *start = host != NULL ? host + 3 : text, *at = strrchr (start, '@');
  const char *rest = at != NULL ? at : start;
  gsize n_rest = strcspn (rest, "?");

  return g_strdup_printf ("%.*s%s%.*s%s", (int) (start - text), text, at != NULL ? HIDDEN : "", (int) n_rest, rest,
                          rest[n_rest] != '\0' ? "?" HIDDEN : "");
}

char *
vgw_config_quote (const char *text)
{
  g_autofree char *shown = hide_credentials (text);
  g_autofree char *valid = g_utf8_make_valid (shown, (gssize) strnlen (shown, 4 * MAX_QUOTED_CHARACTERS + 4));
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
      return g_strdup_printf (strchr (choices, ',') != NULL ? "one of %s" : "%s, the only value so far", choices);
    case VGW_CONFIG_NUMBER:
    case VGW_CONFIG_MILLISECONDS:
    case VGW_CONFIG_SECONDS:
    case VGW_CONFIG_PORT:
      return g_strdup_printf ("a whole number from %u to %u", key->min, get_max (key));
    case VGW_CONFIG_BOOL:
      return g_strdup ("true or false");
    case VGW_CONFIG_LIST:
      return g_strdup ("a list separated by ';'");
    }
  return NULL;
}

/* Hints for the most frequent errors. */
static const char *
get_hint (const VgwConfigKey *key, const char *text)
{
  if (strstr (text, " #") != NULL)
    return "; a comment must be on a line of its own";
  if (key->type == VGW_CONFIG_LIST && strchr (text, ',') != NULL)
    return "; the items of a list are separated by ';'";
  if (!g_ascii_isdigit (*text) || text[strspn (text, G_CSET_DIGITS)] == '\0')
    return "";
  if (key->type == VGW_CONFIG_MILLISECONDS)
    return "; write milliseconds, or a unit: 1500ms, 10s";
  return key->type == VGW_CONFIG_SECONDS ? "; write seconds: 60 or 60s" : "";
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

  if (vgw_config_check (key->check, text, &cause))
    return TRUE;
  quoted = key->flags & VGW_CONFIG_SECRET ? g_strdup_printf ("item %u", number) : vgw_config_quote (text);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s%s", quoted, cause->message, hint);
  return FALSE;
}

static gboolean
find_choice (const VgwConfigChoice *choices, const char *text, guint *value)
{
  for (; choices->name != NULL; choices++)
    {
      *value = choices->value;
      if (strcmp (choices->name, text) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The factor of @unit ("", "ms", "s") to milliseconds; 0 where @key cannot have it. */
static guint
get_factor_ms (const VgwConfigKey *key, const char *unit)
{
  if (*unit == '\0')
    return key->type == VGW_CONFIG_SECONDS ? 1000 : 1;
  if (key->type != VGW_CONFIG_MILLISECONDS && key->type != VGW_CONFIG_SECONDS)
    return 0;
  return strcmp (unit, "ms") == 0 ? 1 : strcmp (unit, "s") == 0 ? 1000 : 0;
}

static gboolean
assign_number (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  gsize n_digits = strspn (text, G_CSET_DIGITS);
  g_autofree char *digits = g_strndup (text, n_digits);
  guint own_factor_ms = get_factor_ms (key, ""), factor_ms = get_factor_ms (key, text + n_digits);
  guint64 number;

  if (factor_ms == 0 || !g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT, &number, NULL))
    return fail (key, text, error);
  number *= factor_ms;
  if (number % own_factor_ms != 0 || number / own_factor_ms < key->min || number / own_factor_ms > get_max (key))
    return fail (key, text, error);
  set_number (values, key, (guint) (number / own_factor_ms));
  return TRUE;
}

static gboolean
assign_choice (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  guint value;

  if (!find_choice (key->type == VGW_CONFIG_BOOL ? bools : key->choices, text, &value))
    return fail (key, text, error);
  set_number (values, key, value);
  return TRUE;
}

/* @text: (transfer full) */
static gboolean
assign_text (gpointer values, const VgwConfigKey *key, char *text, GError **error)
{
  g_autofree char *owned = text;
  char **slot = get_slot (values, key);
  guint value;

  if (key->choices != NULL && !find_choice (key->choices, owned, &value))
    return fail (key, owned, error);
  if (!check_item (key, owned, 1, error))
    return FALSE;
  g_free (*slot);
  *slot = g_steal_pointer (&owned);
  return TRUE;
}

/* Splits @text at ';' and decodes the escapes of GKeyFile. (transfer full) (nullable) */
static char **
split (const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  char **parts;

  g_key_file_set_value (file, "g", "k", text);
  parts = g_key_file_get_string_list (file, "g", "k", NULL, NULL);
  if (parts == NULL)
    g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG,
                         "a backslash must be written \\\\; other escapes are \\; \\s \\t \\n \\r");
  return parts;
}

/* Assigns the non-empty ones of @parts (nullable: @error is set). */
static gboolean
assign_list (gpointer values, const VgwConfigKey *key, char **parts, GError **error)
{
  g_autoptr (GStrvBuilder) items = g_strv_builder_new ();
  char ***slot = get_slot (values, key);
  guint n = 0;

  for (char **part = parts; part != NULL && *part != NULL; part++)
    {
      if (*g_strstrip (*part) == '\0')
        continue;
      if (!check_item (key, *part, ++n, error))
        return FALSE;
      g_strv_builder_add (items, *part);
    }
  if (n > MAX_LIST_ITEMS)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must have at most %d items", MAX_LIST_ITEMS);
  if (parts == NULL || n > MAX_LIST_ITEMS)
    return FALSE;
  g_strfreev (*slot);
  *slot = g_strv_builder_end (items);
  return TRUE;
}

/* Decodes the escapes of @text; ';' is not a separator. (transfer full) (nullable) */
static char *
unescape (const char *text, GError **error)
{
  g_autofree char *with_end = g_strconcat (text, ".", NULL); /* split () would drop an empty last part */
  g_auto (GStrv) parts = split (with_end, error);
  char *joined = parts != NULL ? g_strjoinv (";", parts) : NULL;

  if (joined != NULL)
    joined[strlen (joined) - 1] = '\0';
  return joined;
}

/* @controls: the allowed control characters. */
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
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_auto (GStrv) parts = NULL;
  char *item;

  if (!check_characters (text, "\t", error))
    return FALSE;
  switch (key->type)
    {
    case VGW_CONFIG_NUMBER:
    case VGW_CONFIG_MILLISECONDS:
    case VGW_CONFIG_SECONDS:
    case VGW_CONFIG_PORT:
      return assign_number (values, key, stripped, error);
    case VGW_CONFIG_BOOL:
    case VGW_CONFIG_CHOICE:
      return assign_choice (values, key, stripped, error);
    case VGW_CONFIG_LIST:
      parts = split (stripped, error);
      return assign_list (values, key, parts, error);
    case VGW_CONFIG_TEXT:
      item = unescape (stripped, error);
      return item != NULL && assign_text (values, key, item, error);
    }
  return FALSE;
}

gboolean
vgw_config_assign_file_text (gpointer values, const VgwConfigKey *key, const char *text, GError **error)
{
  g_auto (GStrv) lines = NULL;

  if (!check_characters (text, "\t\r\n", error))
    return FALSE;
  if (key->type != VGW_CONFIG_LIST)
    return assign_text (values, key, g_strstrip (g_strdup (text)), error);

  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      if (*g_strchug (*line) == '#')
        **line = '\0';
    }
  return assign_list (values, key, lines, error);
}

static char *
choice_to_text (const VgwConfigChoice *choices, guint value)
{
  while (choices->name != NULL && choices->value != value)
    choices++;
  return g_strdup (choices->name);
}

/* The inverse of unescape (). (transfer full) */
static char *
escape (const char *text)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *escaped = NULL;
  gsize length;

  g_key_file_set_string (file, "g", "k", text);
  escaped = g_key_file_get_value (file, "g", "k", NULL);
  /* space at the beginning is escaped by GKeyFile */
  length = strlen (escaped);
  if (length == 0 || !g_ascii_isspace (escaped[length - 1]))
    return g_steal_pointer (&escaped);
  return g_strdup_printf ("%.*s\\%c", (int) length - 1, escaped, escaped[length - 1] == ' ' ? 's' : 't');
}

static char *
list_to_text (const char *const *list)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  char *text;

  g_key_file_set_string_list (file, "g", "k", list, g_strv_length ((char **) list));
  text = g_key_file_get_value (file, "g", "k", NULL);
  if (*text != '\0')
    text[strlen (text) - 1] = '\0'; /* the ';' after the last one */
  return text;
}

char *
vgw_config_value_to_text (gconstpointer values, const VgwConfigKey *key)
{
  gconstpointer slot = get_slot (values, key);

  switch (key->type)
    {
    case VGW_CONFIG_NUMBER:
    case VGW_CONFIG_MILLISECONDS:
    case VGW_CONFIG_SECONDS:
    case VGW_CONFIG_PORT:
      return g_strdup_printf ("%u", get_number (values, key));
    case VGW_CONFIG_BOOL:
      return choice_to_text (bools, get_number (values, key));
    case VGW_CONFIG_CHOICE:
      return choice_to_text (key->choices, get_number (values, key));
    case VGW_CONFIG_TEXT:
      return escape (*(char *const *) slot);
    case VGW_CONFIG_LIST:
      return list_to_text (*(const char *const *const *) slot);
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

void
vgw_config_copy_value (gpointer to, gconstpointer from, const VgwConfigKey *key)
{
  gconstpointer slot = get_slot (from, key);

  if (to == from)
    return;
  vgw_config_clear_value (to, key);
  if (key->type == VGW_CONFIG_TEXT)
    *(char **) get_slot (to, key) = g_strdup (*(char *const *) slot);
  else if (key->type == VGW_CONFIG_LIST)
    *(char ***) get_slot (to, key) = g_strdupv (*(char **const *) slot);
  else
    set_number (to, key, get_number (from, key));
}
