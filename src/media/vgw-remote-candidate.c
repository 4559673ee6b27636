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

/* RFC 8839 section 5.1: foundation, component, … */
static gboolean
is_for_rtp (const char *value)
{
  const char *component = strchr (value, ' ');

  return component != NULL && g_str_has_prefix (component, " 1 ");
}

GPtrArray *
vgw_remote_candidate_list (const VgwOffer *offer)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < offer->mlines->len; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (offer->sdp, i);
      const char *value;

      if (g_array_index (offer->mlines, VgwOfferMline, i).role == VGW_MLINE_REJECTED)
        continue;
      for (guint n = 0; (value = gst_sdp_media_get_attribute_val_n (media, "candidate", n)) != NULL; n++)
        {
          g_autofree char *candidate = g_strconcat ("candidate:", value, NULL);
          gboolean is_useful;

          if (is_for_rtp (value) && vgw_remote_candidate_check (offer, candidate, NULL, (int) i, &is_useful, NULL)
              && is_useful)
            g_ptr_array_add (list, g_steal_pointer (&candidate));
        }
    }
  return list;
}
