#include "net/vgw-http-proxies.h"

#include <gio/gio.h>
#include <string.h>

#include "net/vgw-http-connection.h"

struct _VgwHttpProxies
{
  GPtrArray *masks; /* GInetAddressMask */
};

/* The address of one hop, from its place in the list. (transfer full) (nullable) */
typedef char *(*ReadHopFunc) (const char *hop);

VgwHttpProxies *
vgw_http_proxies_new (const char *const *list)
{
  VgwHttpProxies *self = g_new0 (VgwHttpProxies, 1);

  self->masks = g_ptr_array_new_with_free_func (g_object_unref);
  for (; list != NULL && *list != NULL; list++)
    {
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (*list, NULL);

      if (mask != NULL)
        g_ptr_array_add (self->masks, mask);
    }
  return self;
}

void
vgw_http_proxies_free (VgwHttpProxies *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->masks);
  g_free (self);
}

gboolean
vgw_http_proxies_is_item (const char *text)
{
  g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (text, NULL);

  return mask != NULL;
}

gboolean
vgw_http_proxies_has (VgwHttpProxies *self, const char *address)
{
  g_autoptr (GInetAddress) inet = self->masks->len > 0 ? g_inet_address_new_from_string (address) : NULL;

  for (guint i = 0; inet != NULL && i < self->masks->len; i++)
    if (g_inet_address_mask_matches (self->masks->pdata[i], inet))
      return TRUE;
  return FALSE;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80" as vgw_http_address_to_string ()
 * has it. (transfer full) (nullable) */
static char *
read_address (const char *text)
{
  const char *colon = strchr (text, ':');
  gboolean has_port = colon != NULL && strchr (colon + 1, ':') == NULL;
  g_autofree char *host = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (*text == '[')
    host = g_strndup (text + 1, strcspn (text + 1, "]"));
  else
    host = g_strndup (text, has_port ? (gsize) (colon - text) : strlen (text));
  address = strchr (host, '%') == NULL ? g_inet_socket_address_new_from_string (host, 0) : NULL;
  return address != NULL ? vgw_http_address_to_string (address) : NULL;
}

/* `for` of an element of Forwarded, whose value may be quoted: RFC 7239 section 4. */
static char *
read_forwarded_hop (const char *hop)
{
  g_auto (GStrv) pairs = g_strsplit (hop, ";", -1);

  for (char **pair = pairs; *pair != NULL; pair++)
    {
      char *value = g_strstrip (*pair);
      gsize length;

      if (g_ascii_strncasecmp (value, "for=", strlen ("for=")) != 0)
        continue;
      value += strlen ("for=");
      length = strlen (value);
      if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
        {
          value[length - 1] = '\0';
          value++;
        }
      return read_address (value);
    }
  return NULL;
}

/* Walks @header from its right end, where the nearest proxy has written; commas in quotes are not looked for, since no
 * address has any. Returns: (transfer full) */
static char *
walk (VgwHttpProxies *self, const char *peer, const char *header, ReadHopFunc read)
{
  g_auto (GStrv) hops = g_strsplit (header, ",", -1);
  g_autofree char *client = g_strdup (peer);

  for (guint i = g_strv_length (hops); i > 0 && vgw_http_proxies_has (self, client); i--)
    {
      char *address = read (g_strstrip (hops[i - 1]));

      if (address == NULL)
        break;
      g_free (client);
      client = address;
    }
  return g_steal_pointer (&client);
}

char *
vgw_http_proxies_find_client (VgwHttpProxies *self, const char *peer, const char *forwarded_for, const char *forwarded)
{
  g_autofree char *by_list = NULL, *by_elements = NULL;

  if ((forwarded_for == NULL && forwarded == NULL) || !vgw_http_proxies_has (self, peer))
    return g_strdup (peer);
  by_list = forwarded_for != NULL ? walk (self, peer, forwarded_for, read_address) : NULL;
  by_elements = forwarded != NULL ? walk (self, peer, forwarded, read_forwarded_hop) : NULL;
  if (by_list != NULL && by_elements != NULL && !g_str_equal (by_list, by_elements))
    return NULL;
  return by_list != NULL ? g_steal_pointer (&by_list) : g_steal_pointer (&by_elements);
}
