#include "net/vgw-tls.h"

#include <string.h>

#include "base/vgw-error.h"

gboolean
vgw_tls_is_wanted (const char *url)
{
  static const char *const schemes[] = { "wss:", "https:" };

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (url, schemes[i], strlen (schemes[i])) == 0)
      return TRUE;
  return FALSE;
}

/* For a file without certificates GLib reports no error, only an empty list. */
static gboolean
check_certificates (const char *path, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GList *certificates = g_tls_certificate_list_new_from_file (path, &cause);
  gboolean is_good = certificates != NULL;

  g_list_free_full (certificates, g_object_unref);
  if (!is_good)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be a file of certificates in PEM: %s",
                 cause != NULL ? cause->message : "it contains none");
  return is_good;
}

GTlsDatabase *
vgw_tls_load_authorities (const char *path, GError **error)
{
  g_autofree char *absolute_path = g_canonicalize_filename (path, NULL);
  g_autoptr (GError) cause = NULL;
  GTlsDatabase *database;

  if (!check_certificates (absolute_path, error))
    return NULL;
  database = g_tls_file_database_new (absolute_path, &cause);
  if (database == NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "must be a file of certificates in PEM: %s", cause->message);
  return database;
}

GTlsDatabase *
vgw_tls_get_system_authorities (void)
{
  return g_tls_backend_get_default_database (g_tls_backend_get_default ());
}
