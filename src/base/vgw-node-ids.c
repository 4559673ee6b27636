#include "base/vgw-node-ids.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/vgw-base64url.h"
#include "base/vgw-random.h"

#define RANDOM_BYTES 16 /* 128 bits: an id cannot be guessed */
#define TAG_BYTES 8     /* of the HMAC; a forged id leads to a node that does not know it */
#define HEAD_BYTES (RANDOM_BYTES + TAG_BYTES)
#define HMAC_BYTES 32
#define MIN_TEXT_BYTES (HEAD_BYTES / 3 * 4 + 2) /* with a name of one letter */
#define MAX_TEXT_BYTES ((HEAD_BYTES + VGW_NODE_NAME_MAX_BYTES) / 3 * 4 + 4)

#define PREFIX_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-"

/* What a key signs: no signature of one kind is one of the other. */
#define ID_LABEL "id"
#define TEXT_LABEL "text"

struct _VgwNodeIds
{
  char *name;
  char **keys;
};

VgwNodeIds *
vgw_node_ids_new (const VgwNodeSettings *settings)
{
  VgwNodeIds *self;

  if (settings->name == NULL || *settings->name == '\0')
    return NULL;
  g_return_val_if_fail (settings->keys != NULL && settings->keys[0] != NULL, NULL);
  g_return_val_if_fail (strlen (settings->name) <= VGW_NODE_NAME_MAX_BYTES, NULL);
  self = g_new0 (VgwNodeIds, 1);
  self->name = g_strdup (settings->name);
  self->keys = g_strdupv ((char **) settings->keys);
  return self;
}

void
vgw_node_ids_free (VgwNodeIds *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_strfreev (self->keys);
  g_free (self);
}

const char *
vgw_node_ids_get_name (const VgwNodeIds *self)
{
  return self->name;
}

/* HMAC SHA-256 (RFC 2104) of @label, @head and @tail. */
static void
compute (const char *key, const char *label, gconstpointer head, gsize n_head, const char *tail,
         guint8 digest[HMAC_BYTES])
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) key, strlen (key));
  gsize n_digest = HMAC_BYTES;

  g_hmac_update (hmac, (const guchar *) label, (gssize) strlen (label) + 1);
  g_hmac_update (hmac, head, (gssize) n_head);
  g_hmac_update (hmac, (const guchar *) tail, (gssize) strlen (tail));
  g_hmac_get_digest (hmac, digest, &n_digest);
}

/* The bytes that vgw_base64url_encode () makes @text of, with a zero after them; NULL where it makes it of none.
 * (transfer full) (nullable) */
static guint8 *
decode (const char *text, gsize *length)
{
  g_autofree guint8 *bytes = vgw_base64url_decode (text, length);
  g_autofree char *again = vgw_base64url_encode (bytes, *length);

  return g_str_equal (again, text) ? g_steal_pointer (&bytes) : NULL;
}

char *
vgw_node_ids_make (const VgwNodeIds *self)
{
  guint8 bytes[HEAD_BYTES + VGW_NODE_NAME_MAX_BYTES], digest[HMAC_BYTES];
  gsize n_name;

  if (self == NULL)
    return vgw_random_base64url (RANDOM_BYTES);
  n_name = strlen (self->name);
  vgw_random_bytes (bytes, RANDOM_BYTES);
  compute (self->keys[0], ID_LABEL, bytes, RANDOM_BYTES, self->name, digest);
  memcpy (bytes + RANDOM_BYTES, digest, TAG_BYTES);
  memcpy (bytes + HEAD_BYTES, self->name, n_name);
  return vgw_base64url_encode (bytes, HEAD_BYTES + n_name);
}

/* As vgw_node_ids_find_node (), without a prefix. */
static char *
read_id (const VgwNodeIds *self, const char *id)
{
  gsize n_text = strlen (id), length;
  g_autofree guint8 *bytes = n_text >= MIN_TEXT_BYTES && n_text <= MAX_TEXT_BYTES ? decode (id, &length) : NULL;
  const char *name;

  if (bytes == NULL || length <= HEAD_BYTES || length > HEAD_BYTES + VGW_NODE_NAME_MAX_BYTES)
    return NULL;
  name = (const char *) bytes + HEAD_BYTES;
  if (strlen (name) != length - HEAD_BYTES)
    return NULL;
  for (char **key = self->keys; *key != NULL; key++)
    {
      guint8 digest[HMAC_BYTES];

      compute (*key, ID_LABEL, bytes, RANDOM_BYTES, name, digest);
      if (CRYPTO_memcmp (digest, bytes + RANDOM_BYTES, TAG_BYTES) == 0)
        return g_strdup (name);
    }
  return NULL;
}

char *
vgw_node_ids_find_node (const VgwNodeIds *self, const char *id)
{
  gsize n_prefix = strspn (id, PREFIX_CHARS);
  char *name = read_id (self, id);

  return name == NULL && id[n_prefix] == '_' ? read_id (self, id + n_prefix + 1) : name;
}

char *
vgw_node_ids_sign (const VgwNodeIds *self, const char *text)
{
  guint8 digest[HMAC_BYTES];

  compute (self->keys[0], TEXT_LABEL, NULL, 0, text, digest);
  return vgw_base64url_encode (digest, HMAC_BYTES);
}

gboolean
vgw_node_ids_verify (const VgwNodeIds *self, const char *text, const char *signature)
{
  gsize length;
  g_autofree guint8 *given = decode (signature, &length);

  for (char **key = self->keys; given != NULL && length == HMAC_BYTES && *key != NULL; key++)
    {
      guint8 digest[HMAC_BYTES];

      compute (*key, TEXT_LABEL, NULL, 0, text, digest);
      if (CRYPTO_memcmp (digest, given, HMAC_BYTES) == 0)
        return TRUE;
    }
  return FALSE;
}
