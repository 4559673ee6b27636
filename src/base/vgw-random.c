#include "base/vgw-random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/vgw-base64url.h"

void
vgw_random_bytes (guint8 *bytes, gsize length)
{
  gsize filled = 0;

  while (filled < length)
    {
      gssize n = getrandom (bytes + filled, length - filled, 0);

      /* no secret is safe without it; getrandom (2) documents no such failure */
      if (n < 0 && errno != EINTR)
        g_error ("getrandom: %s", g_strerror (errno));
      filled += MAX (n, 0);
    }
}

char *
vgw_random_base64 (gsize n_bytes)
{
  g_autofree guint8 *bytes = g_malloc (n_bytes);
  char *text;

  vgw_random_bytes (bytes, n_bytes);
  text = g_base64_encode (bytes, n_bytes);
  *strchrnul (text, '=') = '\0';
  return text;
}

char *
vgw_random_base64url (gsize n_bytes)
{
  g_autofree guint8 *bytes = g_malloc (n_bytes);

  vgw_random_bytes (bytes, n_bytes);
  return vgw_base64url_encode (bytes, n_bytes);
}
