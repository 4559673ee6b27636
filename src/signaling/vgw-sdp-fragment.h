/* Candidates and ICE credentials that come apart from their description: application/trickle-ice-sdpfrag (RFC 8840
 * section 9), as WHIP has it in the body of PATCH (RFC 9725 section 4.3). Text <-> VgwSdpFragment. Pure functions, any
 * thread. */
#pragma once

#include <glib.h>

typedef struct
{
  char *text; /* "candidate:…" */
  char *mid;  /* (nullable) of its m-line */
} VgwSdpCandidate;

typedef struct
{
  char *ufrag, *pwd;     /* (nullable) both or neither: of the one transport that a bundle has */
  char *mline, *mid;     /* (nullable) "m=audio 9 …", a=mid: of the first m-line */
  GPtrArray *candidates; /* VgwSdpCandidate* */
  gboolean is_complete;  /* no candidate follows */
} VgwSdpFragment;

/* Parses the body of a request. What it has beside candidates and credentials is ignored. Errors: VGW_ERROR_BAD_MESSAGE
 * for what is no SDP, has credentials that are malformed, incomplete, or more than one pair of them, or has nothing of
 * all this. Returns: (transfer full) */
VgwSdpFragment *vgw_sdp_fragment_parse (const char *text, gsize length, GError **error);

/* As one of a lite agent (a=ice-lite). Returns: (transfer full) */
char *vgw_sdp_fragment_to_text (const VgwSdpFragment *self);

/* An empty one. Returns: (transfer full) */
VgwSdpFragment *vgw_sdp_fragment_new (void);
void vgw_sdp_fragment_free (VgwSdpFragment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwSdpFragment, vgw_sdp_fragment_free)

/* Both copied. */
void vgw_sdp_fragment_add_candidate (VgwSdpFragment *self, const char *text, const char *mid);
