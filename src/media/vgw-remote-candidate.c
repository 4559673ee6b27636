#include "media/vgw-remote-candidate.h"

#include <string.h>

#include "base/vgw-error.h"

gboolean
vgw_remote_candidate_check (const VgwOffer *offer, const char *candidate, const char *mid, int mline_index,
                            gboolean *is_useful, GError **error)
{
  gboolean has_mline = offer == NULL || vgw_offer_has_mline (offer, mid, mline_index);
  gboolean is_end = *candidate == '\0'; /* of gathering; it is not an error (JSEP 4.1.20) */

  if (has_mline && !is_end && !g_str_has_prefix (candidate, "candidate:"))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the candidate does not begin with \"candidate:\"");
      return FALSE;
    }
  /* mDNS names: the peer-reflexive candidate does the same, and 1.22's lookup leaks and uses freed memory */
  *is_useful = has_mline && !is_end && strstr (candidate, ".local") == NULL;
  return TRUE;
}
