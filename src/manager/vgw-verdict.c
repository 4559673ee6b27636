#include "manager/vgw-verdict.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

void
vgw_verdict_free (VgwVerdict *self)
{
  g_free (self->reason);
  g_free (self->engine);
  g_free (self->metadata);
  g_free (self);
}

/* The member @name of @object; TRUE also where it is absent or null. @value (out) (nullable) (transfer none). */
static gboolean
read_text (JsonObject *object, const char *name, gsize max_bytes, const char **value, GError **error)
{
  JsonNode *node = vgw_json_get (object, name);

  *value = NULL;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"%s\" is not a string", name);
      return FALSE;
    }
  *value = json_node_get_string (node);
  if (strlen (*value) <= max_bytes)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "\"%s\" has more than %" G_GSIZE_FORMAT " bytes", name,
               max_bytes);
  return FALSE;
}

/* As above, the text of an object (transfer full). */
static gboolean
read_metadata (JsonObject *object, char **value, GError **error)
{
  JsonNode *node = vgw_json_get (object, "metadata");

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"metadata\" is not an object");
      return FALSE;
    }
  *value = vgw_json_to_text (node);
  if (strlen (*value) <= VGW_VERDICT_MAX_METADATA_BYTES)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "\"metadata\" has more than %d bytes",
               VGW_VERDICT_MAX_METADATA_BYTES);
  return FALSE;
}

VgwVerdict *
vgw_verdict_parse (GBytes *json, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (json, &length);
  g_autoptr (JsonObject) object = vgw_json_parse_object (text, length, error);
  g_autoptr (VgwVerdict) verdict = g_new0 (VgwVerdict, 1);
  JsonNode *admit = object != NULL ? vgw_json_get (object, "admit") : NULL;
  const char *reason, *engine;

  if (object == NULL)
    return NULL;
  if (admit == NULL || !JSON_NODE_HOLDS_VALUE (admit) || json_node_get_value_type (admit) != G_TYPE_BOOLEAN)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "\"admit\" is neither true nor false");
      return NULL;
    }
  verdict->is_admitted = json_node_get_boolean (admit);
  if (!read_text (object, "reason", VGW_VERDICT_MAX_REASON_BYTES, &reason, error)
      || !read_text (object, "engine", VGW_VERDICT_MAX_REASON_BYTES, &engine, error)
      || !read_metadata (object, &verdict->metadata, error))
    return NULL;
  verdict->reason = g_strdup (reason);
  verdict->engine = g_strdup (engine);
  return g_steal_pointer (&verdict);
}
