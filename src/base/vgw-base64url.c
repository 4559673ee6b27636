#include "base/vgw-base64url.h"

#include <string.h>

char *
vgw_base64url_encode (const guint8 *bytes, gsize length)
{
  char *text = g_base64_encode (bytes, length);

  *strchrnul (text, '=') = '\0';
  g_strdelimit (text, "+", '-');
  return g_strdelimit (text, "/", '_');
}

guint8 *
vgw_base64url_decode (const char *text, gsize *length)
{
  static const char *const padding[] = { "", "===", "==", "=" };
  g_autofree char *standard = g_strconcat (text, padding[strlen (text) % 4], NULL);
  guint8 *bytes;

  g_strdelimit (standard, "-", '+');
  g_strdelimit (standard, "_", '/');
  bytes = g_base64_decode (standard, length);
  bytes = g_realloc (bytes, *length + 1);
  bytes[*length] = '\0';
  return bytes;
}
