#include "fuzz.h"

#include <string.h>

#include "manager/vgw-verdict.h"

/* The input is the reply of a webhook. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) reply = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwVerdict) verdict = vgw_verdict_parse (reply, &error);

  g_assert ((verdict == NULL) == (error != NULL));
  if (verdict == NULL)
    return 0;
  g_assert (!verdict->is_default);
  g_assert (verdict->reason == NULL || strlen (verdict->reason) <= VGW_VERDICT_MAX_REASON_BYTES);
  g_assert (verdict->reason == NULL || g_utf8_validate (verdict->reason, -1, NULL));
  g_assert (verdict->engine == NULL || g_utf8_validate (verdict->engine, -1, NULL));
  g_assert (verdict->metadata == NULL || *verdict->metadata == '{');
  return 0;
}
