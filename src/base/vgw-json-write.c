/* Serializes JSON: json-glib 1.6 writes doubles as "1e+20.0", which is not JSON, and does not replace invalid UTF-8. */
#include <math.h>
#include <string.h>

#include "base/vgw-json.h"

#define SHORT_DIGITS "%.15g" /* the shorter form, where it is the same double */
#define EXACT_DIGITS "%.17g"

static void append_node (GString *text, JsonNode *node);

static void
append_string (GString *text, const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string != NULL ? string : "", -1);
  static const char plain_escapes[] = "\"\\\b\f\n\r\t";
  static const char escape_letters[] = "\"\\bfnrt";

  g_string_append_c (text, '"');
  for (const char *at = valid; *at != '\0'; at++)
    {
      const char *escape = strchr (plain_escapes, *at);
      if (escape != NULL)
        g_string_append_printf (text, "\\%c", escape_letters[escape - plain_escapes]);
      else if ((guchar) *at < 0x20)
        g_string_append_printf (text, "\\u%04x", (guint) *at);
      else
        g_string_append_c (text, *at);
    }
  g_string_append_c (text, '"');
}

static void
append_double (GString *text, double number)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (number))
    {
      g_string_append (text, "null"); /* as JSON.stringify () does */
      return;
    }
  g_ascii_formatd (digits, sizeof digits, SHORT_DIGITS, number);
  if (g_ascii_strtod (digits, NULL) != number)
    g_ascii_formatd (digits, sizeof digits, EXACT_DIGITS, number);
  g_string_append (text, digits);
  if (strpbrk (digits, ".e") == NULL)
    g_string_append (text, ".0"); /* stays a double when it is read again */
}

static void
append_value (GString *text, JsonNode *node)
{
  GType type = json_node_get_value_type (node);

  if (type == G_TYPE_STRING)
    append_string (text, json_node_get_string (node));
  else if (type == G_TYPE_INT64)
    g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else if (type == G_TYPE_DOUBLE)
    append_double (text, json_node_get_double (node));
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (text, json_node_get_boolean (node) ? "true" : "false");
  else
    g_string_append (text, "null");
}

static void
append_object (GString *text, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  const char *comma = "";

  g_string_append_c (text, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_string_append (text, comma);
      append_string (text, name);
      g_string_append_c (text, ':');
      append_node (text, node);
      comma = ",";
    }
  g_string_append_c (text, '}');
}

static void
append_array (GString *text, JsonArray *array)
{
  guint n = json_array_get_length (array);

  g_string_append_c (text, '[');
  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      append_node (text, json_array_get_element (array, i));
    }
  g_string_append_c (text, ']');
}

static void
append_node (GString *text, JsonNode *node)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      append_object (text, json_node_get_object (node));
      break;
    case JSON_NODE_ARRAY:
      append_array (text, json_node_get_array (node));
      break;
    case JSON_NODE_VALUE:
      append_value (text, node);
      break;
    case JSON_NODE_NULL:
      g_string_append (text, "null");
      break;
    }
}

char *
vgw_json_to_text (JsonNode *node)
{
  GString *text;

  g_return_val_if_fail (node != NULL, NULL);

  text = g_string_new (NULL);
  append_node (text, node);
  return g_string_free (text, FALSE);
}

char *
vgw_json_object_to_text (JsonObject *object)
{
  GString *text;

  g_return_val_if_fail (object != NULL, NULL);

  text = g_string_new (NULL);
  append_object (text, object);
  return g_string_free (text, FALSE);
}
