#include "ice/vgw-ice-advertise.h"

#include <string.h>

#include "ice/vgw-ice-candidate.h"

#define MAX_PORT 65535

/* A look-up may outlast its caller's wait. */
typedef struct
{
  gatomicrefcount ref_count;
  char *host;
  GMutex lock;
  GCond done;
  gboolean is_done; /* guarded by lock, as the next */
  GList *addresses; /* GInetAddress */
  GError *error;    /* (nullable) */
} Lookup;

static void
lookup_unref (Lookup *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->host);
  g_list_free_full (self->addresses, g_object_unref);
  g_clear_error (&self->error);
  g_cond_clear (&self->done);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gpointer
look_up (gpointer data)
{
  Lookup *self = data;
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GError *error = NULL;
  GList *addresses = g_resolver_lookup_by_name (resolver, self->host, NULL, &error);

  g_mutex_lock (&self->lock);
  self->addresses = addresses;
  self->error = error;
  self->is_done = TRUE;
  g_cond_signal (&self->done);
  g_mutex_unlock (&self->lock);
  lookup_unref (self);
  return NULL;
}

/* Waits until @end_us. Returns: (transfer full) (element-type GInetAddress), NULL with @error set */
static GList *
resolve_host (const char *host, gint64 end_us, GError **error)
{
  Lookup *lookup = g_new0 (Lookup, 1);
  GList *addresses = NULL;
  gboolean is_in_time = TRUE;
  GThread *thread;

  g_atomic_ref_count_init (&lookup->ref_count);
  g_atomic_ref_count_inc (&lookup->ref_count);
  g_mutex_init (&lookup->lock);
  g_cond_init (&lookup->done);
  lookup->host = g_strdup (host);
  thread = g_thread_try_new ("vgw-resolve", look_up, lookup, error);
  if (thread == NULL)
    lookup_unref (lookup);
  else
    {
      g_thread_unref (thread);
      g_mutex_lock (&lookup->lock);
      while (!lookup->is_done && is_in_time)
        is_in_time = g_cond_wait_until (&lookup->done, &lookup->lock, end_us);
      addresses = g_steal_pointer (&lookup->addresses);
      if (lookup->error != NULL)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, lookup->error->message);
      else if (addresses == NULL)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the name could not be looked up in time");
      g_mutex_unlock (&lookup->lock);
    }
  lookup_unref (lookup);
  return addresses;
}

static gboolean
append (GArray *addresses, const VgwIceAddress *address, GError **error)
{
  for (guint i = 0; i < addresses->len; i++)
    if (vgw_ice_address_equal (&g_array_index (addresses, VgwIceAddress, i), address))
      return TRUE;
  if (vgw_ice_address_is_any (address))
    return TRUE;
  if (addresses->len == VGW_ICE_MAX_CANDIDATES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "there are more than %d addresses",
                   VGW_ICE_MAX_CANDIDATES);
      return FALSE;
    }
  g_array_append_val (addresses, *address);
  return TRUE;
}

/* "HOST" or "HOST:PORT". */
static gboolean
split_name (const char *entry, char **host, guint16 *port)
{
  const char *colon = strchr (entry, ':');
  const char *label;
  guint64 number = 0;

  if (colon != NULL && !g_ascii_string_to_unsigned (colon + 1, 10, 1, MAX_PORT, &number, NULL))
    return FALSE;
  *host = colon != NULL ? g_strndup (entry, (gsize) (colon - entry)) : g_strdup (entry);
  *port = (guint16) number;
  /* a last label of digits is an address that is written wrong: getaddrinfo () takes "1.2.3" for 1.2.0.3 */
  label = strrchr (*host, '.') != NULL ? strrchr (*host, '.') + 1 : *host;
  return **host != '\0' && strpbrk (*host, "[]/ ") == NULL && label[strspn (label, "0123456789")] != '\0';
}

static gboolean
append_entry (GArray *addresses, const char *entry, gint64 end_us, GError **error)
{
  g_autofree char *host = NULL;
  VgwIceAddress literal;
  gboolean is_good;
  GList *found;
  guint16 port;

  if (vgw_ice_address_parse (&literal, entry) && !vgw_ice_address_is_any (&literal))
    return append (addresses, &literal, error);
  if (!split_name (entry, &host, &port))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "neither an IP address nor a host name, each with or without a port");
      return FALSE;
    }
  found = resolve_host (host, end_us, error);
  is_good = found != NULL;
  for (const GList *i = found; i != NULL && is_good; i = i->next)
    {
      VgwIceAddress address = { .family = (guint8) g_inet_address_get_family (i->data), .port = port };

      memcpy (address.ip, g_inet_address_to_bytes (i->data), g_inet_address_get_native_size (i->data));
      is_good = append (addresses, &address, error);
    }
  g_list_free_full (found, g_object_unref);
  return is_good;
}

GArray *
vgw_ice_advertise_resolve (const char *const *entries, guint timeout_ms, GError **error)
{
  g_autoptr (GArray) addresses = g_array_new (FALSE, FALSE, sizeof (VgwIceAddress));
  gint64 end_us = g_get_monotonic_time () + (gint64) timeout_ms * G_TIME_SPAN_MILLISECOND;

  for (; *entries != NULL; entries++)
    if (!append_entry (addresses, *entries, end_us, error))
      {
        g_prefix_error (error, "cannot advertise \"%s\": ", *entries);
        return NULL;
      }
  if (addresses->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no address to advertise");
      return NULL;
    }
  return g_steal_pointer (&addresses);
}
