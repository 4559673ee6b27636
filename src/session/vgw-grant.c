#include "session/vgw-grant.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "base/vgw-traceparent.h"

#define MAX_ORIGIN_BYTES 512
#define MAX_USER_AGENT_BYTES 512
#define MAX_PARAMETER_BYTES 1024

/* Valid UTF-8 of at most @max_bytes: what is longer is cut where a character ends. NULL for NULL. */
static char *
copy_bounded (const char *text, gsize max_bytes)
{
  g_autofree char *head = g_strndup (text, max_bytes);
  const char *end;

  if (head == NULL)
    return NULL;
  if (!g_utf8_validate (head, -1, &end) && strlen (text) > max_bytes && head + strlen (head) - end < 4)
    head[end - head] = '\0';
  return g_utf8_make_valid (head, -1);
}

static void
grant_clear (gpointer data)
{
  VgwGrant *self = data;

  g_free (self->identity);
  g_free (self->metadata);
  g_free (self->address);
  g_strfreev (self->engines);
  g_free (self->origin);
  g_free (self->user_agent);
  g_free (self->traceparent);
  g_clear_pointer (&self->parameters, g_hash_table_unref);
}

VgwGrant *
vgw_grant_new (const char *address, const VgwEngineConfig *engine, char **engines)
{
  VgwGrant *self = g_rc_box_new0 (VgwGrant);

  self->address = g_strdup (address);
  self->engine = engine;
  self->engines = engines;
  return self;
}

VgwGrant *
vgw_grant_ref (VgwGrant *self)
{
  return g_rc_box_acquire (self);
}

void
vgw_grant_unref (VgwGrant *self)
{
  g_rc_box_release_full (self, grant_clear);
}

void
vgw_grant_set_page (VgwGrant *self, const char *origin, const char *user_agent, const char *query)
{
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->user_agent, g_free);
  g_clear_pointer (&self->parameters, g_hash_table_unref);
  /* a part of an origin is another one */
  self->origin = origin != NULL && strlen (origin) <= MAX_ORIGIN_BYTES ? copy_bounded (origin, MAX_ORIGIN_BYTES) : NULL;
  self->user_agent = copy_bounded (user_agent, MAX_USER_AGENT_BYTES);
  if (query != NULL) /* NULL for what cannot be decoded, or is no UTF-8 */
    self->parameters = g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
  if (self->parameters != NULL)
    g_hash_table_remove (self->parameters, "token");
}

void
vgw_grant_set_token (VgwGrant *self, const char *identity, guint max_duration_s, const char *metadata)
{
  self->identity = g_strdup (identity);
  self->max_duration_s = max_duration_s;
  self->metadata = g_strdup (metadata);
}

/* The members of @text in @object, if it is an object. */
static void
add_members (JsonObject *object, const char *text)
{
  g_autoptr (JsonObject) other = text != NULL ? vgw_json_parse_object (text, strlen (text), NULL) : NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (other == NULL)
    return;
  json_object_iter_init (&iter, other);
  while (json_object_iter_next (&iter, &name, &value))
    json_object_set_member (object, name, json_node_copy (value));
}

void
vgw_grant_decide (VgwGrant *self, const VgwEngineConfig *engine, const char *metadata)
{
  g_autoptr (JsonObject) both = json_object_new ();

  if (engine != NULL)
    self->engine = engine;
  if (metadata == NULL)
    return;
  add_members (both, self->metadata);
  add_members (both, metadata);
  g_free (self->metadata);
  self->metadata = vgw_json_object_to_text (both);
}

const char *
vgw_grant_get_parameter (const VgwGrant *self, const char *name)
{
  return self->parameters != NULL ? g_hash_table_lookup (self->parameters, name) : NULL;
}

void
vgw_grant_set_trace (VgwGrant *self, const char *header)
{
  const char *text = header != NULL ? header : vgw_grant_get_parameter (self, "traceparent");

  self->traceparent = vgw_traceparent_parse (text);
  if (text != NULL && self->traceparent == NULL)
    vgw_debug (NULL, "the traceparent of a client of %s is not valid, and ignored", self->address);
}

guint
vgw_grant_get_max_duration_s (const VgwGrant *self, guint limit_s)
{
  return limit_s == 0 || self->max_duration_s == 0 ? MAX (limit_s, self->max_duration_s)
                                                   : MIN (limit_s, self->max_duration_s);
}

char **
vgw_grant_pick_parameters (const VgwGrant *self, const VgwEngineConfig *config, const char *session_id)
{
  g_autoptr (GPtrArray) picked = g_ptr_array_new ();
  guint n_given = self->parameters != NULL ? g_hash_table_size (self->parameters) : 0;

  for (char **name = config->pass_parameters; n_given > 0 && *name != NULL; name++)
    {
      const char *value = g_hash_table_lookup (self->parameters, *name);

      if (value != NULL && strlen (value) > MAX_PARAMETER_BYTES)
        vgw_debug (session_id, "parameter %s: more than %d bytes, not passed to the engine", *name,
                   MAX_PARAMETER_BYTES);
      else if (value != NULL)
        {
          g_ptr_array_add (picked, g_strdup (*name));
          g_ptr_array_add (picked, g_strdup (value));
        }
    }
  if (n_given > picked->len / 2)
    vgw_debug (session_id, "%u parameters of the page are not passed to the engine", n_given - picked->len / 2);
  g_ptr_array_add (picked, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&picked), FALSE);
}

gboolean
vgw_grant_start_engine (const VgwGrant *self, VgwEngine *engine, const VgwEngineConfig *config, const char *session_id,
                        const VgwAudioFormat *format, GError **error)
{
  g_auto (GStrv) parameters = vgw_grant_pick_parameters (self, config, session_id);
  const VgwEngineStart start = {
    .session_id = session_id,
    .client_address = self->address,
    .identity = self->identity,
    .metadata = self->metadata,
    .traceparent = self->traceparent,
    .format = *format,
    .origin = self->origin,
    .user_agent = self->user_agent,
    .parameters = (const char *const *) parameters,
  };

  return vgw_engine_start (engine, &start, error);
}
