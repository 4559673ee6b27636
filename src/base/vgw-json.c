#include "base/vgw-json.h"

#include <math.h>

#include "base/vgw-error.h"
#include "base/vgw-json-scan.h"

#define EXACT_DOUBLE_LIMIT 9007199254740992.0 /* 2^53: every integer up to here is a double and back */

JsonObject *
vgw_json_parse_object (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) cause = NULL;
  JsonNode *root;

  if (length > G_MAXSSIZE)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "JSON text too large");
      return NULL;
    }
  if (!vgw_json_scan (text != NULL ? text : "", text != NULL ? length : 0, VGW_JSON_MAX_DEPTH, error))
    return NULL;

  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, (gssize) length, &cause))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "not JSON: %s", cause->message);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "not a JSON object");
      return NULL;
    }
  return json_node_dup_object (root);
}

JsonNode *
vgw_json_get (JsonObject *object, const char *name)
{
  JsonObjectIter iter;
  const char *member;
  JsonNode *node;

  g_return_val_if_fail (object != NULL && name != NULL, NULL);

  node = json_object_get_member (object, name);
  if (node != NULL)
    return node;
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &member, &node))
    {
      if (g_ascii_strcasecmp (member, name) == 0)
        return node;
    }
  return NULL;
}

const char *
vgw_json_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = vgw_json_get (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

gint64
vgw_json_get_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 fallback)
{
  JsonNode *node = vgw_json_get (object, name);
  gint64 value;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return fallback;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    {
      value = json_node_get_int (node);
    }
  else if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    {
      /* 1.0 and 1e3 are integers to a JavaScript client. */
      double number = json_node_get_double (node);
      if (!(fabs (number) <= EXACT_DOUBLE_LIMIT) || number != floor (number))
        return fallback;
      value = (gint64) number;
    }
  else
    {
      return fallback;
    }
  return value >= min && value <= max ? value : fallback;
}
