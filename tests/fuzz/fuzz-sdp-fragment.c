#include "fuzz.h"

#include <string.h>

#include "signaling/vgw-sdp-fragment.h"
#include "signaling/vgw-sdp-sections.h"

/* What was read is written, and read again, as the same; a description refuses nothing of itself. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *ufrag = vgw_sdp_find_ufrag (text);
  g_autoptr (VgwSdpFragment) fragment = vgw_sdp_fragment_parse ((const char *) data, size, NULL);
  g_autoptr (VgwSdpFragment) again = NULL;
  g_autofree char *written = NULL;

  g_assert (!vgw_sdp_is_refused_in_part (text, text));
  if (fragment == NULL)
    return 0;
  g_assert ((fragment->ufrag == NULL) == (fragment->pwd == NULL));
  written = vgw_sdp_fragment_to_text (fragment);
  again = vgw_sdp_fragment_parse (written, strlen (written), NULL);
  g_assert (again != NULL && again->candidates->len == fragment->candidates->len);
  g_assert (g_strcmp0 (again->ufrag, fragment->ufrag) == 0 && g_strcmp0 (again->mid, fragment->mid) == 0);
  return 0;
}
