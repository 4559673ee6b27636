/* Reading an offer. What webrtcbin 1.22 cannot take, and so must not see (each found in its source or by experiment):
 *  - an m=application line as the first of the bundle with audio whose SSRC is not signalled: NULL dereference;
 *  - a missing a=mid: assertion; a=fingerprint on both levels or a=setup on the session level: refused;
 *  - RED, CN, transport-cc and header extensions: it echoes what it does not do.
 * So it gets a reduced offer, and the client gets an answer in the order of its own. */

#include "media/vgw-offer.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-ice-credential.h"

#define MAX_FINGERPRINTS 8
#define DTMF_CLOCK_RATE_HZ 8000 /* RFC 4733 section 7.1.1: the default; Firefox offers no other beside Opus */

/* RFC 8829 section 5.1.2: all of them mean DTLS-SRTP; the answer repeats the one that was offered. The F is only about
 * the timing of RTCP feedback, and the gateway neither offers nor answers a=rtcp-fb. */
static const char *const rtp_protos[] = {
  "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF",
  "TCP/DTLS/RTP/SAVP", "RTP/SAVPF",        "RTP/SAVP",
  "RTP/AVPF",          "RTP/AVP",          NULL,
};
static const char *const sctp_protos[] = { "UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP", NULL };

static void
mline_clear (VgwOfferMline *mline)
{
  g_free (mline->mid);
}

void
vgw_offer_free (VgwOffer *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->sdp, gst_sdp_message_free);
  g_clear_pointer (&self->mlines, g_array_unref);
  g_clear_pointer (&self->codecs, g_ptr_array_unref);
  g_clear_pointer (&self->fingerprints, g_ptr_array_unref);
  g_strfreev (self->bundle);
  g_free (self->ice_ufrag);
  g_free (self->ice_pwd);
  g_free (self->setup);
  g_free (self);
}

static VgwOffer *
offer_new (void)
{
  VgwOffer *self = g_new0 (VgwOffer, 1);
  self->mlines = g_array_new (FALSE, TRUE, sizeof (VgwOfferMline));
  g_array_set_clear_func (self->mlines, (GDestroyNotify) mline_clear);
  self->fingerprints = g_ptr_array_new_with_free_func (g_free);
  self->data_index = -1;
  self->send_index = -1;
  return self;
}

static gboolean
bad (GError **error, const char *message)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer %s", message);
  return FALSE;
}

static gboolean
has_control_characters (const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text) && *text != '\r' && *text != '\n' && *text != '\t')
      return TRUE;
  return FALSE;
}

/* The mids of the a=group:BUNDLE that has @mid, or NULL. (transfer full) */
static char **
find_bundle (const GstSDPMessage *sdp, const char *mid)
{
  for (guint i = 0; mid != NULL; i++)
    {
      const char *group = gst_sdp_message_get_attribute_val_n (sdp, "group", i);
      if (group == NULL)
        return NULL;
      if (!g_str_has_prefix (group, "BUNDLE "))
        continue;
      g_auto (GStrv) mids = g_strsplit (group + strlen ("BUNDLE "), " ", -1);
      if (g_strv_contains ((const char *const *) mids, mid))
        return g_steal_pointer (&mids);
    }
  return NULL;
}

/* The SCTP port of an m=application line, in the present form (RFC 8841: a=sctp-port:5000) or in that of the drafts
 * (a=sctpmap:5000 webrtc-datachannel 65535); 0 where it has none. */
static guint
find_sctp_port (const GstSDPMedia *media, gboolean *is_old)
{
  const char *value = gst_sdp_media_get_attribute_val (media, "sctp-port");
  guint64 port = 0;

  *is_old = value == NULL;
  if (value == NULL)
    value = gst_sdp_media_get_attribute_val (media, "sctpmap");
  if (value == NULL)
    return 0;
  g_auto (GStrv) parts = g_strsplit (value, " ", 3);
  if (parts[0] == NULL || !g_ascii_string_to_unsigned (parts[0], 10, 1, 65535, &port, NULL)
      || (*is_old && g_strcmp0 (parts[1], "webrtc-datachannel") != 0))
    return 0;
  return port;
}

static gboolean
has_proto (const GstSDPMedia *media, const char *const *protos)
{
  return g_strv_contains (protos, gst_sdp_media_get_proto (media));
}

static const char *
find_direction (const GstSDPMessage *sdp, const GstSDPMedia *media)
{
  static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if (gst_sdp_media_get_attribute_val (media, directions[i]) != NULL)
      return directions[i];
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if (gst_sdp_message_get_attribute_val (sdp, directions[i]) != NULL)
      return directions[i];
  return directions[0]; /* RFC 8866 section 6.7 */
}

static gboolean
is_off (const GstSDPMedia *media)
{
  return gst_sdp_media_get_port (media) == 0 && gst_sdp_media_get_attribute_val (media, "bundle-only") == NULL;
}

/* Why the m-line cannot carry the call's audio, or NULL where it can. (transfer full) */
static char *
find_audio_fault (const GstSDPMessage *sdp, const GstSDPMedia *media)
{
  if (!g_str_equal (gst_sdp_media_get_media (media), "audio"))
    return g_strdup ("has no audio m-line");
  if (is_off (media))
    return g_strdup ("has audio, but its port is 0");
  if (!has_proto (media, rtp_protos))
    return g_strdup ("has audio with a profile that WebRTC does not use (RFC 8829 section 5.1.2)");
  if (gst_sdp_media_get_attribute_val (media, "rtcp-mux") == NULL
      && gst_sdp_media_get_attribute_val (media, "rtcp-mux-only") == NULL)
    return g_strdup ("has audio without a=rtcp-mux (the gateway has one transport for RTP and RTCP)");
  if (g_str_equal (find_direction (sdp, media), "inactive"))
    return g_strdup ("has audio, but it is a=inactive");
  return NULL;
}

static gboolean
is_known_mid (const VgwOffer *self, const char *mid)
{
  for (guint i = 0; i < self->mlines->len; i++)
    if (g_strcmp0 (g_array_index (self->mlines, VgwOfferMline, i).mid, mid) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
read_mlines (VgwOffer *self, guint max_mlines, GError **error)
{
  guint n_mlines = gst_sdp_message_medias_len (self->sdp);
  if (n_mlines > max_mlines)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the offer has %u m-lines, the limit is %u", n_mlines,
                   max_mlines);
      return FALSE;
    }
  for (guint i = 0; i < n_mlines; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, i);
      const char *mid = gst_sdp_media_get_attribute_val (media, "mid");
      if (gst_sdp_media_get_media (media) == NULL || gst_sdp_media_get_proto (media) == NULL)
        return bad (error, "has an m-line that does not parse");
      if (mid != NULL && (!vgw_offer_is_token (mid) || is_known_mid (self, mid)))
        return bad (error, "has an a=mid that is malformed or used twice");
      VgwOfferMline mline = { .role = VGW_MLINE_REJECTED, .mid = g_strdup (mid) };
      g_array_append_val (self->mlines, mline);
    }
  return TRUE;
}

static gboolean
is_bundled (const VgwOffer *self, guint index)
{
  const char *mid = g_array_index (self->mlines, VgwOfferMline, index).mid;
  return self->bundle != NULL && mid != NULL && g_strv_contains ((const char *const *) self->bundle, mid);
}

/* Makes the m-line carry audio in the directions that the client offers there. */
static void
use_audio (VgwOffer *self, guint index)
{
  VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, index);
  const char *direction = find_direction (self->sdp, gst_sdp_message_get_media (self->sdp, index));

  mline->role = VGW_MLINE_AUDIO;
  mline->is_received = !g_str_equal (direction, "recvonly");
  mline->is_sent = !g_str_equal (direction, "sendonly");
  if (mline->is_received)
    self->audio_index = index;
  if (mline->is_sent)
    self->send_index = (int) index;
}

/* The first audio that goes both ways; else the first one, and of its bundle the first that goes the other way. */
static gboolean
choose_audio (VgwOffer *self, GError **error)
{
  g_autofree char *fault = g_strdup ("has no audio m-line");
  int first = -1, both = -1;

  for (guint i = 0; i < self->mlines->len && both < 0; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, i);
      char *this_fault = find_audio_fault (self->sdp, media);
      if (this_fault == NULL && first < 0)
        first = (int) i;
      if (this_fault == NULL && g_str_equal (find_direction (self->sdp, media), "sendrecv"))
        both = (int) i;
      if (this_fault != NULL && g_str_equal (gst_sdp_media_get_media (media), "audio"))
        {
          g_free (fault);
          fault = g_steal_pointer (&this_fault);
        }
      g_free (this_fault);
    }
  if (first < 0)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_UNSUPPORTED, "the offer %s", fault);
      return FALSE;
    }
  guint index = both >= 0 ? (guint) both : (guint) first;
  self->bundle = find_bundle (self->sdp, g_array_index (self->mlines, VgwOfferMline, index).mid);
  self->audio_index = index;
  use_audio (self, index);
  return TRUE;
}

static void
choose_second_audio (VgwOffer *self)
{
  const VgwOfferMline *first = &g_array_index (self->mlines, VgwOfferMline, self->audio_index);
  const char *wanted = !first->is_sent ? "recvonly" : "sendonly";

  if (first->is_sent && first->is_received)
    return;
  for (guint i = 0; i < self->mlines->len; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, i);
      g_autofree char *fault = find_audio_fault (self->sdp, media);
      if (fault == NULL && is_bundled (self, i) && g_str_equal (find_direction (self->sdp, media), wanted))
        {
          use_audio (self, i);
          return;
        }
    }
}

/* What the bundle of the audio has beside it. RFC 8829 section 5.3.1: what is outside is rejected. @previous: NULL in
 * the first offer; later ones have data channels where that one has them. */
static void
choose_other_roles (VgwOffer *self, const VgwOffer *previous)
{
  for (guint i = 0; i < self->mlines->len; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, i);
      const char *kind = gst_sdp_media_get_media (media);
      VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, i);
      gboolean is_old_sctp = FALSE;
      guint sctp_port = 0;
      if (mline->role == VGW_MLINE_AUDIO || !is_bundled (self, i) || is_off (media))
        continue;
      if ((g_str_equal (kind, "audio") || g_str_equal (kind, "video")) && has_proto (media, rtp_protos))
        mline->role = VGW_MLINE_INACTIVE;
      if (g_str_equal (kind, "application") && self->data_index < 0 && has_proto (media, sctp_protos)
          && (previous == NULL || previous->data_index == (int) i))
        sctp_port = find_sctp_port (media, &is_old_sctp);
      if (sctp_port == 0)
        continue;
      mline->role = VGW_MLINE_DATA;
      self->data_index = (int) i;
      self->sctp_port = sctp_port;
      self->is_old_sctp = is_old_sctp;
    }
}

/* Where the audio has an m-line for each direction, each may number the codecs in its own way, and lack some. */
static void
read_codecs (VgwOffer *self)
{
  self->codecs = vgw_offer_codec_parse_all (gst_sdp_message_get_media (self->sdp, self->audio_index));
  g_autoptr (GPtrArray) sent = NULL;
  if (self->send_index >= 0 && self->send_index != (int) self->audio_index)
    sent = vgw_offer_codec_parse_all (gst_sdp_message_get_media (self->sdp, (guint) self->send_index));
  for (guint i = 0; i < self->codecs->len; i++)
    {
      VgwOfferCodec *codec = g_ptr_array_index (self->codecs, i);
      codec->send_payload_type = (int) codec->payload_type;
      if (sent != NULL)
        {
          const VgwOfferCodec *other = vgw_offer_codec_find (sent, codec->name, codec->clock_rate_hz);
          codec->send_payload_type = other != NULL ? (int) other->payload_type : -1;
        }
    }
}

static const char *
find_transport_attribute (const VgwOffer *self, const GstSDPMedia *media, const char *key, guint n)
{
  if (gst_sdp_media_get_attribute_val (media, key) != NULL)
    return gst_sdp_media_get_attribute_val_n (media, key, n);
  return gst_sdp_message_get_attribute_val_n (self->sdp, key, n);
}

static gboolean
is_known_fingerprint (const char *fingerprint)
{
  return g_ascii_strncasecmp (fingerprint, "sha-256 ", 8) == 0 || g_ascii_strncasecmp (fingerprint, "sha-384 ", 8) == 0
         || g_ascii_strncasecmp (fingerprint, "sha-512 ", 8) == 0;
}

/* The transport of a bundle is described by the m-line of its first tag that is not rejected (RFC 8843 section 7.3.1).
 */
static const GstSDPMedia *
find_tagged_media (const VgwOffer *self)
{
  for (guint i = 0; self->bundle != NULL && self->bundle[i] != NULL; i++)
    for (guint j = 0; j < self->mlines->len; j++)
      {
        const VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, j);
        if (mline->role != VGW_MLINE_REJECTED && g_strcmp0 (mline->mid, self->bundle[i]) == 0)
          return gst_sdp_message_get_media (self->sdp, j);
      }
  return gst_sdp_message_get_media (self->sdp, self->audio_index);
}

static gboolean
parse_transport (VgwOffer *self, GError **error)
{
  const GstSDPMedia *tagged = find_tagged_media (self);
  const char *setup = find_transport_attribute (self, tagged, "setup", 0);
  const char *fingerprint;

  self->ice_ufrag = g_strdup (find_transport_attribute (self, tagged, "ice-ufrag", 0));
  self->ice_pwd = g_strdup (find_transport_attribute (self, tagged, "ice-pwd", 0));
  self->setup = g_strdup (setup ? setup : "actpass");
  self->is_lite = gst_sdp_message_get_attribute_val (self->sdp, "ice-lite") != NULL;
  for (guint i = 0; i < MAX_FINGERPRINTS; i++)
    {
      fingerprint = find_transport_attribute (self, tagged, "fingerprint", i);
      if (fingerprint == NULL)
        break;
      if (is_known_fingerprint (fingerprint))
        g_ptr_array_add (self->fingerprints, g_strdup (fingerprint));
    }

  if (self->fingerprints->len == 0)
    return bad (error, "has no a=fingerprint with sha-256, sha-384 or sha-512");
  if (!vgw_offer_check_credentials (self->ice_ufrag, self->ice_pwd, error))
    return FALSE;
  if (!g_str_equal (self->setup, "actpass") && !g_str_equal (self->setup, "active")
      && !g_str_equal (self->setup, "passive"))
    return bad (error, "has an a=setup other than actpass, active or passive");
  return TRUE;
}

/* The text alone, without any meaning of the m-lines yet. Returns: (transfer full) (nullable) */
static VgwOffer *
read_sdp (const char *text, guint max_mlines, GError **error)
{
  g_autoptr (VgwOffer) self = offer_new ();

  if (!g_str_has_prefix (text, "v=0") || has_control_characters (text) || gst_sdp_message_new (&self->sdp) != GST_SDP_OK
      || gst_sdp_message_parse_buffer ((const guint8 *) text, strlen (text), self->sdp) != GST_SDP_OK)
    {
      bad (error, "is not SDP");
      return NULL;
    }
  return read_mlines (self, max_mlines, error) ? g_steal_pointer (&self) : NULL;
}

VgwOffer *
vgw_offer_parse (const char *text, guint max_mlines, GError **error)
{
  g_autoptr (VgwOffer) self = read_sdp (text, max_mlines, error);

  if (self == NULL || !choose_audio (self, error))
    return NULL;
  choose_second_audio (self);
  choose_other_roles (self, NULL);
  if (!parse_transport (self, error))
    return NULL;
  read_codecs (self);
  return g_steal_pointer (&self);
}

/* --- a further offer on the same connection --- */

static const char *
get_id (const VgwOffer *self)
{
  return gst_sdp_message_get_origin (self->sdp)->sess_id;
}

/* No m-line is taken away or put to another use, but for those that were rejected (RFC 8829 section 5.2.2). */
static gboolean
has_same_mlines (const VgwOffer *self, const VgwOffer *previous)
{
  if (self->mlines->len < previous->mlines->len)
    return FALSE;
  for (guint i = 0; i < previous->mlines->len; i++)
    {
      const VgwOfferMline *before = &g_array_index (previous->mlines, VgwOfferMline, i);
      const VgwOfferMline *now = &g_array_index (self->mlines, VgwOfferMline, i);
      const char *kind_before = gst_sdp_media_get_media (gst_sdp_message_get_media (previous->sdp, i));
      const char *kind_now = gst_sdp_media_get_media (gst_sdp_message_get_media (self->sdp, i));
      if (before->role != VGW_MLINE_REJECTED
          && (g_strcmp0 (before->mid, now->mid) != 0 || !g_str_equal (kind_before, kind_now)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
can_be_audio (const VgwOffer *self, int index)
{
  g_autofree char *fault = NULL;

  if (index < 0)
    return FALSE;
  fault = find_audio_fault (self->sdp, gst_sdp_message_get_media (self->sdp, (guint) index));
  return fault == NULL;
}

/* The audio stays where it was, unless it is inactive or stopped there and another m-line of the bundle has some.
 * Without any the connection goes on. */
static void
choose_audio_again (VgwOffer *self, const VgwOffer *previous)
{
  int index = can_be_audio (self, (int) previous->audio_index) ? (int) previous->audio_index : previous->send_index;

  for (guint i = 0; i < previous->mlines->len && self->bundle == NULL; i++)
    if (g_array_index (previous->mlines, VgwOfferMline, i).role != VGW_MLINE_REJECTED)
      self->bundle = find_bundle (self->sdp, g_array_index (self->mlines, VgwOfferMline, i).mid);
  if (!can_be_audio (self, index))
    index = -1;
  for (guint i = 0; i < self->mlines->len && index < 0; i++)
    if (is_bundled (self, i) && can_be_audio (self, (int) i))
      index = (int) i;

  self->audio_index = index >= 0 ? (guint) index : previous->audio_index;
  if (index >= 0)
    {
      use_audio (self, (guint) index);
      choose_second_audio (self);
    }
  else if (self->bundle == NULL && !is_off (gst_sdp_message_get_media (self->sdp, self->audio_index)))
    g_array_index (self->mlines, VgwOfferMline, self->audio_index).role = VGW_MLINE_INACTIVE;
}

static gboolean
has_fingerprint (const VgwOffer *self, const char *fingerprint)
{
  for (guint i = 0; i < self->fingerprints->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (self->fingerprints, i), fingerprint) == 0)
      return TRUE;
  return FALSE;
}

/* Not every client keeps the id of o= (aiortc); the same ICE credentials are proof enough. With other ones it is an ICE
 * restart, or another connection that has the same certificate. */
static gboolean
is_same_connection (const VgwOffer *self, const VgwOffer *previous)
{
  return has_fingerprint (self, g_ptr_array_index (previous->fingerprints, 0))
         && (vgw_offer_has_transport (self, previous) || g_strcmp0 (get_id (self), get_id (previous)) == 0);
}

VgwOffer *
vgw_offer_parse_next (const VgwOffer *previous, const char *text, guint max_mlines, GError **error)
{
  g_autoptr (VgwOffer) self = read_sdp (text, max_mlines, error);

  if (self == NULL)
    return NULL;
  if (has_same_mlines (self, previous))
    {
      choose_audio_again (self, previous);
      choose_other_roles (self, previous);
      if (!parse_transport (self, error))
        return NULL;
    }
  else if (g_strcmp0 (get_id (self), get_id (previous)) == 0)
    {
      bad (error, "has not the m-lines of the one before (RFC 8829 section 5.2.2)");
      return NULL;
    }
  if (self->fingerprints->len == 0 || !is_same_connection (self, previous))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_STATE, "the offer is not for the existing connection");
      return NULL;
    }
  read_codecs (self);
  return g_steal_pointer (&self);
}

gboolean
vgw_offer_has_transport (const VgwOffer *self, const VgwOffer *other)
{
  return g_str_equal (self->ice_ufrag, other->ice_ufrag) && g_str_equal (self->ice_pwd, other->ice_pwd);
}

gboolean
vgw_offer_check_credentials (const char *ufrag, const char *pwd, GError **error)
{
  if (!vgw_ice_credential_is_valid (ufrag, VGW_ICE_MIN_UFRAG_LENGTH)
      || !vgw_ice_credential_is_valid (pwd, VGW_ICE_MIN_PWD_LENGTH))
    return bad (error, "has no usable a=ice-ufrag and a=ice-pwd");
  return TRUE;
}

void
vgw_offer_set_credentials (VgwOffer *self, const char *ufrag, const char *pwd)
{
  g_free (self->ice_ufrag);
  g_free (self->ice_pwd);
  self->ice_ufrag = g_strdup (ufrag);
  self->ice_pwd = g_strdup (pwd);
}

gboolean
vgw_offer_has_codec (const VgwOffer *self, const VgwOfferCodec *agreed)
{
  gboolean is_missed_in = vgw_offer_is_received (self), is_missed_out = self->send_index >= 0;

  for (guint i = 0; i < self->codecs->len; i++)
    {
      const VgwOfferCodec *codec = g_ptr_array_index (self->codecs, i);
      if (!g_str_equal (codec->name, agreed->name) || codec->clock_rate_hz != agreed->clock_rate_hz)
        continue;
      is_missed_in &= codec->payload_type != agreed->payload_type;
      is_missed_out &= codec->send_payload_type != agreed->send_payload_type;
    }
  return !is_missed_in && !is_missed_out;
}

const VgwOfferCodec *
vgw_offer_find_codec (const VgwOffer *self, const char *name, guint clock_rate_hz)
{
  const VgwOfferCodec *codec = vgw_offer_codec_find (self->codecs, name, clock_rate_hz);
  return codec != NULL && (codec->send_payload_type >= 0 || self->send_index < 0) ? codec : NULL;
}

const VgwOfferCodec *
vgw_offer_find_dtmf (const VgwOffer *self, const VgwOfferCodec *codec)
{
  const VgwOfferCodec *dtmf = vgw_offer_codec_find (self->codecs, "TELEPHONE-EVENT", codec->clock_rate_hz);

  return dtmf != NULL ? dtmf : vgw_offer_codec_find (self->codecs, "TELEPHONE-EVENT", DTMF_CLOCK_RATE_HZ);
}

gboolean
vgw_offer_is_received (const VgwOffer *self)
{
  return g_array_index (self->mlines, VgwOfferMline, self->audio_index).is_received;
}

gboolean
vgw_offer_has_mline (const VgwOffer *self, const char *mid, int mline_index)
{
  if (mid != NULL && *mid != '\0')
    return is_known_mid (self, mid);
  return mline_index < (int) self->mlines->len;
}
