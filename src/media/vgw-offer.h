/* Parses SDP offers before webrtcbin does: bounded, checked, and reduced to the one audio stream and the data channel
 * that the gateway serves. Pure functions over text; any thread. */
#pragma once

#include "media/vgw-offer-codec.h"

/* What becomes of an m-line in the answer. */
typedef enum
{
  VGW_MLINE_AUDIO,    /* the call's audio */
  VGW_MLINE_DATA,     /* the data channels */
  VGW_MLINE_INACTIVE, /* kept in the bundle, a=inactive: more audio, any video */
  VGW_MLINE_REJECTED, /* port 0 */
} VgwMlineRole;

typedef struct
{
  VgwMlineRole role;
  char *mid;            /* (nullable) in a bundle never, unless the m-line is rejected */
  gboolean is_received; /* AUDIO: the client sends on it */
  gboolean is_sent;     /* AUDIO: the client listens on it */
} VgwOfferMline;

typedef struct
{
  GstSDPMessage *sdp;        /* as offered */
  GArray *mlines;            /* VgwOfferMline, one per m-line in order */
  char **bundle;             /* (nullable) the mids of the BUNDLE group that the audio is in, as offered */
  guint audio_index;         /* of the m-line whose audio we receive, or of the only one */
  int send_index;            /* of the m-line that we send audio on, mostly the same; -1 for none */
  int data_index;            /* of the m-line with role DATA, -1 for none */
  gboolean is_lite;          /* the client never begins a connectivity check */
  guint sctp_port;           /* of the data channels */
  gboolean is_old_sctp;      /* DTLS/SCTP with a=sctpmap, as drafts before RFC 8841 had it, and aiortc still has */
  GPtrArray *codecs;         /* VgwOfferCodec*, of the m-line audio_index, in the client's order */
  char *ice_ufrag, *ice_pwd; /* of the bundle's transport */
  char *setup;               /* "actpass", "active" or "passive" */
  GPtrArray *fingerprints;   /* char*, "sha-256 AB:CD:…", of the bundle's transport; at least one */
} VgwOffer;

/* Parses and checks @text. Errors: VGW_ERROR_BAD_MESSAGE with what is wrong for SDP that does not parse, or has no
 * fingerprint of a hash we know or no ICE credentials; VGW_ERROR_UNSUPPORTED for one without audio that can be served,
 * with rtcp-mux; VGW_ERROR_TOO_LARGE for more than @max_mlines m-lines. Returns: (transfer full) */
VgwOffer *vgw_offer_parse (const char *text, guint max_mlines, GError **error);

/* The same for an offer that comes after @previous, the last one that was answered. It may have no audio at all, and
 * more m-lines; data channels are where @previous has them. Errors, beside those: VGW_ERROR_BAD_STATE for the offer of
 * another connection: with another certificate, or with both another id in o= and other ICE credentials.
 * Returns: (transfer full) */
VgwOffer *vgw_offer_parse_next (const VgwOffer *previous, const char *text, guint max_mlines, GError **error);
void vgw_offer_free (VgwOffer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwOffer, vgw_offer_free)

/* Whether both have the same ICE credentials: it is no ICE restart (RFC 8445 section 9). */
gboolean vgw_offer_has_transport (const VgwOffer *self, const VgwOffer *other);

/* Errors: VGW_ERROR_BAD_MESSAGE for what are no ICE credentials (RFC 8445 section 5.3); both are (nullable). */
gboolean vgw_offer_check_credentials (const char *ufrag, const char *pwd, GError **error);

/* The client has restarted ICE with other means than an offer. */
void vgw_offer_set_credentials (VgwOffer *self, const char *ufrag, const char *pwd);

/* Whether @agreed, of an earlier offer, is still there under its numbers, in the directions that the audio has now. */
gboolean vgw_offer_has_codec (const VgwOffer *self, const VgwOfferCodec *agreed);

/* The first offered codec with this name and clock rate that the client has in all directions, or NULL. (transfer none)
 */
const VgwOfferCodec *vgw_offer_find_codec (const VgwOffer *self, const char *name, guint clock_rate_hz);

/* The offer that webrtcbin gets: audio with @codec alone first, then the data channel if any; transport attributes on
 * the media level only, no extensions, no feedback lines. Why: FACTS of webrtcbin 1.22 in vgw-offer.c.
 * Returns: (transfer full) */
GstSDPMessage *vgw_offer_reduce (const VgwOffer *self, const VgwOfferCodec *codec, GError **error);

/* The telephone events (RFC 4733) that go with @codec: those of its clock rate, else those of 8000 Hz, which Firefox
 * offers alone. (transfer none) (nullable) */
const VgwOfferCodec *vgw_offer_find_dtmf (const VgwOffer *self, const VgwOfferCodec *codec);

/* What an answer is made of. All are borrowed. */
typedef struct
{
  const GstSDPMessage *sdp;   /* webrtcbin's answer to the reduced offer */
  const VgwOfferCodec *codec; /* the one of vgw_offer_reduce () */
  const VgwOfferCodec *dtmf;  /* (nullable) added to the audio: webrtcbin does not know of it, our jitter buffer takes
                                 its packets out */
  GPtrArray *candidates;      /* (nullable) (element-type utf8) "candidate:…" */
  gboolean is_complete;       /* no candidate will follow */
  gboolean is_lite;           /* add a=ice-lite */
  gboolean asks_for_dtx;      /* of Opus: add usedtx=1 */
  guint64 id;                 /* of o=, the same in all answers of a connection (RFC 8829 section 5.3.2) */
  guint version;              /* of o=, one more in each */
} VgwAnswerParts;

/* The answer that the client gets: webrtcbin's answer to the reduced offer, put back into the order of the offer, the
 * m-lines that we do not serve inactive or rejected. Audio that the client has on two m-lines, one for each direction,
 * is one in the reduced offer and two here. Errors: VGW_ERROR_INTERNAL where webrtcbin refused the audio.
 * Returns: (transfer full) */
char *vgw_offer_expand_answer (const VgwOffer *self, const VgwAnswerParts *parts, GError **error);

/* Whether the client sends audio; self->send_index is -1 where it does not receive. */
gboolean vgw_offer_is_received (const VgwOffer *self);

/* Whether the offer has the m-line that a candidate names: by @mid if not NULL, else by @mline_index; both unset is
 * taken as the audio's. */
gboolean vgw_offer_has_mline (const VgwOffer *self, const char *mid, int mline_index);

/* Compares the certificate that DTLS brought, PEM, with the offered fingerprints.
 * Errors: VGW_ERROR_UNAUTHORIZED where none matches (RFC 8122 section 5). */
gboolean vgw_offer_check_certificate (const VgwOffer *self, const char *pem, GError **error);
