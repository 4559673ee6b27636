#include "access/vgw-client-secrets.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-random.h"

#define SECRET_BYTES 24 /* 192 bits: a secret cannot be guessed; of the 192 of a node's, 128 are random */
#define MAX_SECRETS 8192
#define MAX_SESSIONS_BYTES (16 * 1024 * 1024) /* of all of them */
#define OWNER_PART 4                          /* one owner may have so much of either */

struct _VgwClientSecrets
{
  const VgwNodeIds *node_ids; /* (nullable) */
  GHashTable *secrets;        /* value → VgwClientSecret */
  GHashTable *owners;         /* owner → Owner* */
  gsize sessions_bytes;
};

/* What one of them has. */
typedef struct
{
  guint n_secrets;
  gsize sessions_bytes;
} Owner;

static gsize
size_of (const char *session)
{
  return session != NULL ? strlen (session) : 0;
}

static void
secret_free (gpointer data)
{
  VgwClientSecret *secret = data;

  vgw_token_free (secret->token);
  g_free (secret->value);
  g_free (secret->session);
  g_free (secret->owner);
  g_free (secret);
}

VgwClientSecrets *
vgw_client_secrets_new (const VgwNodeIds *node_ids)
{
  VgwClientSecrets *self = g_new0 (VgwClientSecrets, 1);

  self->node_ids = node_ids;
  self->secrets = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, secret_free);
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
vgw_client_secrets_free (VgwClientSecrets *self)
{
  g_hash_table_unref (self->secrets);
  g_hash_table_unref (self->owners);
  g_free (self);
}

static void
forget (VgwClientSecrets *self, const VgwClientSecret *secret)
{
  Owner *owner = g_hash_table_lookup (self->owners, secret->owner);

  self->sessions_bytes -= size_of (secret->session);
  owner->sessions_bytes -= size_of (secret->session);
  if (--owner->n_secrets == 0)
    g_hash_table_remove (self->owners, secret->owner);
}

static void
count (VgwClientSecrets *self, const VgwClientSecret *secret)
{
  Owner *owner = g_hash_table_lookup (self->owners, secret->owner);

  if (owner == NULL)
    {
      owner = g_new0 (Owner, 1);
      g_hash_table_insert (self->owners, g_strdup (secret->owner), owner);
    }
  owner->n_secrets++;
  owner->sessions_bytes += size_of (secret->session);
  self->sessions_bytes += size_of (secret->session);
}

static void
drop_expired (VgwClientSecrets *self, gint64 now_s)
{
  GHashTableIter iter;
  gpointer secret;

  g_hash_table_iter_init (&iter, self->secrets);
  while (g_hash_table_iter_next (&iter, NULL, &secret))
    if (((VgwClientSecret *) secret)->expires_at_s <= now_s)
      {
        forget (self, secret);
        g_hash_table_iter_remove (&iter);
      }
}

static gboolean
has_room (VgwClientSecrets *self, const char *name, gsize session_bytes)
{
  static const Owner nobody = { 0, 0 };
  const Owner *owner = g_hash_table_lookup (self->owners, name);

  if (owner == NULL)
    owner = &nobody;
  return g_hash_table_size (self->secrets) < MAX_SECRETS && owner->n_secrets < MAX_SECRETS / OWNER_PART
         && self->sessions_bytes + session_bytes <= MAX_SESSIONS_BYTES
         && owner->sessions_bytes + session_bytes <= MAX_SESSIONS_BYTES / OWNER_PART;
}

const VgwClientSecret *
vgw_client_secrets_add (VgwClientSecrets *self, const VgwToken *token, const char *owner, const char *session,
                        guint ttl_s, gint64 now_s, GError **error)
{
  gsize session_bytes = size_of (session);
  g_autofree char *random = NULL;
  VgwClientSecret *secret;

  if (session_bytes > VGW_CLIENT_SECRET_MAX_SESSION_BYTES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the session has more than %d bytes",
                   VGW_CLIENT_SECRET_MAX_SESSION_BYTES);
      return NULL;
    }
  if (!has_room (self, owner, session_bytes))
    drop_expired (self, now_s);
  if (!has_room (self, owner, session_bytes))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BUSY, "too many client secrets are in use");
      return NULL;
    }
  random = self->node_ids != NULL ? vgw_node_ids_make (self->node_ids) : vgw_random_base64url (SECRET_BYTES);
  secret = g_new0 (VgwClientSecret, 1);
  secret->value = g_strconcat (VGW_CLIENT_SECRET_PREFIX, random, NULL);
  secret->token = token != NULL ? vgw_token_copy (token) : NULL;
  secret->session = g_strdup (session);
  secret->expires_at_s = now_s + ttl_s;
  secret->owner = g_strdup (owner);
  g_hash_table_insert (self->secrets, secret->value, secret);
  count (self, secret);
  return secret;
}

const VgwClientSecret *
vgw_client_secrets_find (VgwClientSecrets *self, const char *value, gint64 now_s)
{
  const VgwClientSecret *secret = g_hash_table_lookup (self->secrets, value);

  return secret != NULL && secret->expires_at_s > now_s ? secret : NULL;
}

void
vgw_client_secrets_clear (VgwClientSecrets *self)
{
  g_hash_table_remove_all (self->secrets);
  g_hash_table_remove_all (self->owners);
  self->sessions_bytes = 0;
}
