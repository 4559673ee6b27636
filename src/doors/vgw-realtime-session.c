#include "doors/vgw-realtime-session.h"

#include <string.h>

#include "base/vgw-json.h"

/* What the gateway decides. */
static const char *const facts[] = { "type", "object", "id", "model", "output_modalities", NULL };

JsonObject *
vgw_realtime_session_new (const char *id, const char *engine)
{
  JsonObject *session = json_object_new ();
  JsonArray *modalities = json_array_new ();

  json_array_add_string_element (modalities, "audio");
  json_object_set_string_member (session, "type", "realtime");
  json_object_set_string_member (session, "object", "realtime.session");
  json_object_set_string_member (session, "id", id);
  json_object_set_string_member (session, "model", engine);
  json_object_set_array_member (session, "output_modalities", modalities);
  return session;
}

JsonObject *
vgw_realtime_session_override (JsonObject *session, JsonObject *changes)
{
  JsonObject *const sources[] = { session, changes };
  JsonObject *merged = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *node;

      json_object_iter_init (&iter, sources[i]);
      while (json_object_iter_next (&iter, &name, &node))
        json_object_set_member (merged, name, json_node_copy (node));
    }
  return merged;
}

JsonObject *
vgw_realtime_session_merge (JsonObject *session, JsonObject *changes)
{
  g_autoptr (JsonObject) merged = vgw_realtime_session_override (session, changes);
  g_autofree char *text = NULL;

  for (const char *const *name = facts; *name != NULL; name++)
    json_object_set_member (merged, *name, json_node_copy (json_object_get_member (session, *name)));
  text = vgw_json_object_to_text (merged);
  return strlen (text) <= VGW_REALTIME_MAX_SESSION_BYTES ? g_steal_pointer (&merged) : NULL;
}
