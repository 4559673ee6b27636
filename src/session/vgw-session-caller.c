/* What the engine learns of who calls: what the page's request said, within bounds, and of its parameters those that
 * the operator allows. Main thread. */
#include "session/vgw-session-private.h"

#include <string.h>

#include "base/vgw-log.h"

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

void
vgw_session_set_page (VgwSession *self, const char *origin, const char *user_agent, const char *query)
{
  g_return_if_fail (VGW_IS_SESSION (self));

  g_free (self->origin);
  g_free (self->user_agent);
  g_free (self->query);
  self->origin = origin != NULL && strlen (origin) <= MAX_ORIGIN_BYTES ? copy_bounded (origin, MAX_ORIGIN_BYTES) : NULL;
  self->user_agent = copy_bounded (user_agent, MAX_USER_AGENT_BYTES);
  self->query = g_strdup (query);
}

char **
vgw_session_pick_parameters (VgwSession *self, const VgwEngineConfig *config)
{
  g_autoptr (GHashTable) all = NULL;
  g_autoptr (GPtrArray) picked = g_ptr_array_new ();

  if (self->query != NULL) /* NULL for what cannot be decoded, or is no UTF-8 */
    all = g_uri_parse_params (self->query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
  for (char **name = config->pass_parameters; all != NULL && *name != NULL; name++)
    {
      const char *value = g_hash_table_lookup (all, *name);

      if (value != NULL && strlen (value) > MAX_PARAMETER_BYTES)
        vgw_debug (self->id, "parameter %s: more than %d bytes, not passed to the engine", *name, MAX_PARAMETER_BYTES);
      else if (value != NULL)
        {
          g_ptr_array_add (picked, g_strdup (*name));
          g_ptr_array_add (picked, g_strdup (value));
        }
    }
  if (all != NULL && g_hash_table_size (all) > picked->len / 2)
    vgw_debug (self->id, "%u parameters of the page are not passed to the engine",
               g_hash_table_size (all) - picked->len / 2);
  g_ptr_array_add (picked, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&picked), FALSE);
}
