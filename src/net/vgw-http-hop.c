#include "net/vgw-http-hop.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-random.h"
#include "net/vgw-http-head.h"

#define MAX_IDS 16      /* of one request: each costs an HMAC */
#define MIN_ID_BYTES 34 /* what is shorter has no node's name */
#define MAX_AGE_S 60    /* clocks of nodes may differ by that much */
#define N_PARTS 5       /* of the header */
#define NONCE_BYTES 16
#define MAX_NONCES 100000
#define ADMIN_PATH "/sessions/"
#define BEARER "Bearer "

typedef struct
{
  char *text;
  gint64 seen_s;
} Nonce;

struct _VgwHttpHopNonces
{
  GHashTable *texts; /* of the nonces */
  GQueue order;      /* Nonce*, the oldest first */
};

/* "GET /ws?resume=TOKEN" of "GET /ws?resume=TOKEN HTTP/1.1". (transfer full) */
static char *
copy_request (const char *head, gsize length)
{
  const char *end = memchr (head, '\n', length);
  gsize n_line = end != NULL ? (gsize) (end - head) : length;
  const char *version = g_strrstr_len (head, (gssize) n_line, " ");

  return g_strndup (head, version != NULL ? (gsize) (version - head) : n_line);
}

/* The token of "Authorization: Bearer TOKEN" (RFC 6750 section 2.1). (transfer full) (nullable) */
static char *
copy_bearer (const char *head, gsize length)
{
  g_autofree char *value = vgw_http_head_find_field (head, length, "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, BEARER, strlen (BEARER)) != 0)
    return NULL;
  return g_strstrip (g_strdup (value + strlen (BEARER)));
}

/* @node: (transfer full) (nullable). Returns: it, but not for this node (transfer full) (nullable) */
static char *
take_other (const VgwNodeIds *ids, char *node)
{
  if (g_strcmp0 (node, vgw_node_ids_get_name (ids)) != 0)
    return node;
  g_free (node);
  return NULL;
}

char *
vgw_http_hop_find_node (const VgwNodeIds *ids, const char *head, gsize length)
{
  g_autofree char *request = copy_request (head, length);
  g_auto (GStrv) parts = g_strsplit_set (request, " /?&=", -1);
  g_autofree char *bearer = NULL;
  guint n_ids = 0;

  for (char **part = parts; *part != NULL && n_ids < MAX_IDS; part++)
    {
      char *node;

      if (strlen (*part) < MIN_ID_BYTES)
        continue;
      n_ids++;
      node = vgw_node_ids_find_node (ids, *part);
      if (node != NULL)
        return take_other (ids, node);
    }
  bearer = copy_bearer (head, length);
  return bearer != NULL ? take_other (ids, vgw_node_ids_find_node (ids, bearer)) : NULL;
}

char *
vgw_http_hop_find_admin_node (const VgwNodeIds *ids, const char *head, gsize length)
{
  g_autofree char *request = copy_request (head, length);
  const char *path = strchr (request, ' ');
  g_autofree char *id = NULL;

  if (path == NULL || !g_str_has_prefix (path + 1, ADMIN_PATH))
    return NULL;
  path += 1 + strlen (ADMIN_PATH);
  id = g_strndup (path, strcspn (path, "/?"));
  return take_other (ids, vgw_node_ids_find_node (ids, id));
}

gboolean
vgw_http_hop_is_marked (const char *head, gsize length)
{
  g_autofree char *value = vgw_http_head_find_field (head, length, VGW_HTTP_HOP_HEADER);

  return value != NULL;
}

/* What is signed. (transfer full) */
static char *
make_text (const char *from, const char *to, gboolean is_admin, const char *client, const char *time_s,
           const char *nonce, const char *request)
{
  return g_strjoin ("\n", from, to, is_admin ? "admin" : "public", client, time_s, nonce, request, NULL);
}

/* Whether the line at @line tells the client's address to a proxy. */
static gboolean
is_forwarding_line (const char *line, gsize length)
{
  static const char *const names[] = { "X-Forwarded-For:", "Forwarded:" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (length >= strlen (names[i]) && g_ascii_strncasecmp (line, names[i], strlen (names[i])) == 0)
      return TRUE;
  return FALSE;
}

char *
vgw_http_hop_make_mark (const VgwNodeIds *ids, const char *request, const char *node, gboolean is_admin,
                        const char *client, gint64 now_s)
{
  g_autofree char *time_s = g_strdup_printf ("%" G_GINT64_FORMAT, now_s);
  g_autofree char *nonce = vgw_random_base64url (NONCE_BYTES);
  g_autofree char *text = make_text (vgw_node_ids_get_name (ids), node, is_admin, client, time_s, nonce, request);
  g_autofree char *signature = vgw_node_ids_sign (ids, text);

  return g_strjoin (" ", vgw_node_ids_get_name (ids), client, time_s, nonce, signature, NULL);
}

char *
vgw_http_hop_write_head (const VgwNodeIds *ids, const char *head, gsize length, const char *node, gboolean is_admin,
                         const char *client, gint64 now_s)
{
  g_autofree char *request = copy_request (head, length);
  g_autofree char *mark = vgw_http_hop_make_mark (ids, request, node, is_admin, client, now_s);
  GString *written = g_string_sized_new (length + VGW_HTTP_HOP_MAX_BYTES);
  const char *line = head, *end;

  while ((end = memchr (line, '\n', head + length - line)) != NULL)
    {
      if (!is_forwarding_line (line, end - line))
        g_string_append_len (written, line, end + 1 - line);
      if (line == head)
        g_string_append_printf (written, "%s: %s\r\n", VGW_HTTP_HOP_HEADER, mark);
      line = end + 1;
    }
  return g_string_free (written, FALSE);
}

/* Whether @time_s is about @now_s. */
static gboolean
is_recent (const char *time_s, gint64 now_s)
{
  gint64 at_s;

  return g_ascii_string_to_signed (time_s, 10, now_s - MAX_AGE_S, now_s + MAX_AGE_S, &at_s, NULL);
}

static void
drop_oldest (VgwHttpHopNonces *self)
{
  Nonce *nonce = g_queue_pop_head (&self->order);

  g_hash_table_remove (self->texts, nonce->text);
  g_free (nonce->text);
  g_free (nonce);
}

/* FALSE where it has been there before. What a header's time allows for two minutes at most is kept for so long. */
static gboolean
add_nonce (VgwHttpHopNonces *self, const char *text, gint64 now_s)
{
  const Nonce *oldest;
  Nonce *nonce;

  while ((oldest = g_queue_peek_head (&self->order)) != NULL
         && (oldest->seen_s < now_s - 2 * MAX_AGE_S || self->order.length >= MAX_NONCES))
    drop_oldest (self);
  if (g_hash_table_contains (self->texts, text))
    return FALSE;
  nonce = g_new (Nonce, 1);
  *nonce = (Nonce){ g_strdup (text), now_s };
  g_queue_push_tail (&self->order, nonce);
  g_hash_table_add (self->texts, nonce->text);
  return TRUE;
}

VgwHttpHopNonces *
vgw_http_hop_nonces_new (void)
{
  VgwHttpHopNonces *self = g_new0 (VgwHttpHopNonces, 1);

  self->texts = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
vgw_http_hop_nonces_free (VgwHttpHopNonces *self)
{
  while (!g_queue_is_empty (&self->order))
    drop_oldest (self);
  g_hash_table_unref (self->texts);
  g_free (self);
}

char *
vgw_http_hop_read_client (const VgwNodeIds *ids, VgwHttpHopNonces *nonces, const char *head, gsize length,
                          gboolean is_admin, gint64 now_s, GError **error)
{
  g_autofree char *request = copy_request (head, length);
  g_autofree char *value = vgw_http_head_find_field (head, length, VGW_HTTP_HOP_HEADER);
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "", " ", -1);
  g_autofree char *text = NULL;

  if (g_strv_length (parts) == N_PARTS)
    text = make_text (parts[0], vgw_node_ids_get_name (ids), is_admin, parts[1], parts[2], parts[3], request);
  if (text == NULL || !vgw_node_ids_verify (ids, text, parts[4]))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
                           "the header " VGW_HTTP_HOP_HEADER " is not signed by a node for this request");
      return NULL;
    }
  if (!is_recent (parts[2], now_s))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
                           "the header " VGW_HTTP_HOP_HEADER " is not of this minute: the nodes' clocks differ");
      return NULL;
    }
  if (!add_nonce (nonces, parts[3], now_s))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED,
                           "the header " VGW_HTTP_HOP_HEADER " has been used before");
      return NULL;
    }
  return g_strdup (parts[1]);
}
