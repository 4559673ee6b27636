#include "fuzz.h"

#include "net/vgw-http-multipart.h"

/* The first line of the input is Content-Type, the rest the body. Parts are pieces of the body. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  size_t n = 0;
  g_autofree char *content_type = NULL;
  g_autoptr (GPtrArray) parts = NULL;
  g_autoptr (GError) error = NULL;
  size_t total = 0;

  while (n < size && text[n] != '\n')
    n++;
  content_type = g_strndup (text, n);
  if (n < size)
    n++;
  parts = vgw_http_multipart_parse (content_type, text + n, size - n, &error);
  g_assert ((parts == NULL) == (error != NULL));
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    {
      const VgwHttpPart *part = g_ptr_array_index (parts, i);

      g_assert (part->name != NULL && part->text[part->length] == '\0');
      g_assert (vgw_http_multipart_find (parts, part->name) != NULL);
      total += part->length;
    }
  g_assert (total <= size);
  return 0;
}
