/* Which of a client's candidates are passed on. Pure. */
#pragma once

#include "media/vgw-offer.h"

/* Looks at @candidate, for @mid (nullable) and @mline_index (-1 where it is not known) of @offer (nullable). @is_useful
 * (out): whether an agent that uses remote candidates is to have it. Errors: VGW_ERROR_BAD_MESSAGE for what is none. */
gboolean vgw_remote_candidate_check (const VgwOffer *offer, const char *candidate, const char *mid, int mline_index,
                                     gboolean *is_useful, GError **error);

/* The useful ones that @offer itself has, for RTP (component 1), as "candidate:…". Returns: (transfer full)
 * (element-type utf8) */
GPtrArray *vgw_remote_candidate_list (const VgwOffer *offer);
