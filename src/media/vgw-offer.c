/* Reading an offer. What webrtcbin 1.22 cannot take, and so must not see (each found in its source or by experiment):
 *  - an m=application line as the first of the bundle with audio whose SSRC is not signalled: NULL dereference;
 *  - a missing a=mid: assertion; a=fingerprint on both levels or a=setup on the session level: refused;
 *  - RED, CN, transport-cc and header extensions: it echoes what it does not do.
 * So it gets a reduced offer, and the client gets an answer in the order of its own. */

#include "media/vgw-offer.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_MID_LENGTH 32
#define MAX_FMTP_LENGTH 512
#define MAX_FINGERPRINTS 8
#define DTMF_CLOCK_RATE_HZ 8000 /* RFC 4733 section 7.1.1: the default; Firefox offers no other beside Opus */
/* RFC 8445 section 5.3: ice-ufrag = 4*256ice-char, ice-pwd = 22*256ice-char */
#define MIN_UFRAG_LENGTH 4
#define MIN_PWD_LENGTH 22
#define MAX_ICE_CREDENTIAL_LENGTH 256
/* RFC 8843 section 7: mid and BUNDLE tags are tokens (RFC 8866) */
#define TOKEN_PUNCTUATION "!#$%&'*+-.^_`{|}~"

typedef struct
{
  guint payload_type;
  const char *rtpmap;
} StaticPayload;

/* RFC 3551 section 6: payload types that need no a=rtpmap */
static const StaticPayload static_payloads[] = {
  { 0, "PCMU/8000" },
  { 8, "PCMA/8000" },
  { 9, "G722/8000" },
};

static void
codec_free (VgwOfferCodec *codec)
{
  g_free (codec->name);
  g_free (codec->rtpmap);
  g_free (codec->fmtp);
  g_free (codec);
}

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
  self->codecs = g_ptr_array_new_with_free_func ((GDestroyNotify) codec_free);
  self->fingerprints = g_ptr_array_new_with_free_func (g_free);
  self->data_index = -1;
  return self;
}

static gboolean
bad (GError **error, const char *message)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the offer %s", message);
  return FALSE;
}

static gboolean
is_token (const char *text, gsize max_length)
{
  gsize length = strlen (text);
  if (length == 0 || length > max_length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr (TOKEN_PUNCTUATION, text[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_ice_credential (const char *text, gsize min_length)
{
  gsize length = text ? strlen (text) : 0;
  if (length < min_length || length > MAX_ICE_CREDENTIAL_LENGTH)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/' && text[i] != '-' && text[i] != '_'
        && text[i] != '=')
      return FALSE; /* '-', '_' and '=' are not ice-chars, but deployed stacks send them */
  return TRUE;
}

static gboolean
has_control_characters (const char *text)
{
  for (; *text; text++)
    if (g_ascii_iscntrl (*text) && *text != '\r' && *text != '\n' && *text != '\t')
      return TRUE;
  return FALSE;
}

/* The mids of the first a=group:BUNDLE, or NULL. (transfer full) */
static char **
parse_bundle (const GstSDPMessage *sdp)
{
  for (guint i = 0;; i++)
    {
      const char *group = gst_sdp_message_get_attribute_val_n (sdp, "group", i);
      if (group == NULL)
        return NULL;
      if (g_str_has_prefix (group, "BUNDLE "))
        return g_strsplit (group + strlen ("BUNDLE "), " ", -1);
    }
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

static VgwMlineRole
choose_role (const VgwOffer *self, const GstSDPMedia *media, const char *mid, char **bundle)
{
  const char *kind = gst_sdp_media_get_media (media);
  gboolean is_off = gst_sdp_media_get_port (media) == 0 && !gst_sdp_media_get_attribute_val (media, "bundle-only");
  gboolean is_old_sctp;
  gboolean is_rtp = g_str_has_suffix (gst_sdp_media_get_proto (media), "RTP/SAVPF");

  if (is_off || mid == NULL || !g_strv_contains ((const char *const *) bundle, mid))
    return VGW_MLINE_REJECTED;
  if (g_str_equal (kind, "audio") && is_rtp)
    return self->direction != NULL ? VGW_MLINE_INACTIVE : VGW_MLINE_AUDIO;
  if (g_str_equal (kind, "video") && is_rtp)
    return VGW_MLINE_INACTIVE;
  if (g_str_equal (kind, "application") && self->data_index < 0
      && strstr (gst_sdp_media_get_proto (media), "DTLS/SCTP") != NULL
      && find_sctp_port (media, &is_old_sctp) != 0)
    return VGW_MLINE_DATA;
  return VGW_MLINE_REJECTED;
}

static const char *
find_direction (const GstSDPMedia *media)
{
  static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if (gst_sdp_media_get_attribute_val (media, directions[i]) != NULL)
      return directions[i];
  return directions[0]; /* RFC 8866 section 6.7.1 */
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
parse_mlines (VgwOffer *self, char **bundle, guint max_mlines, GError **error)
{
  guint n_mlines = gst_sdp_message_medias_len (self->sdp);
  if (n_mlines > max_mlines)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "the offer has %u m-lines, at most %u are taken", n_mlines,
                   max_mlines);
      return FALSE;
    }
  for (guint i = 0; i < n_mlines; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, i);
      const char *mid = gst_sdp_media_get_attribute_val (media, "mid");
      if (gst_sdp_media_get_media (media) == NULL || gst_sdp_media_get_proto (media) == NULL)
        return bad (error, "has an m-line that does not parse");
      if (mid != NULL && (!is_token (mid, MAX_MID_LENGTH) || is_known_mid (self, mid)))
        return bad (error, "has an a=mid that is malformed or used twice");

      VgwOfferMline mline = { choose_role (self, media, mid, bundle), g_strdup (mid) };
      if (mline.role == VGW_MLINE_AUDIO)
        {
          self->audio_index = i;
          self->direction = find_direction (media);
        }
      else if (mline.role == VGW_MLINE_DATA)
        {
          self->data_index = i;
          self->sctp_port = find_sctp_port (media, &self->is_old_sctp);
        }
      g_array_append_val (self->mlines, mline);
    }
  if (self->direction == NULL)
    return bad (error, "has no audio m-line that can be used (RTP/SAVPF, with a=mid, in the BUNDLE group)");
  if (g_str_equal (self->direction, "inactive"))
    return bad (error, "has audio, but it is a=inactive");
  return TRUE;
}

static const char *
find_payload_attribute (const GstSDPMedia *media, const char *key, guint payload_type)
{
  g_autofree char *prefix = g_strdup_printf ("%u ", payload_type);
  for (guint i = 0;; i++)
    {
      const char *value = gst_sdp_media_get_attribute_val_n (media, key, i);
      if (value == NULL)
        return NULL;
      if (g_str_has_prefix (value, prefix))
        return value + strlen (prefix);
    }
}

static const char *
find_rtpmap (const GstSDPMedia *media, guint payload_type)
{
  const char *rtpmap = find_payload_attribute (media, "rtpmap", payload_type);
  for (guint i = 0; rtpmap == NULL && i < G_N_ELEMENTS (static_payloads); i++)
    if (static_payloads[i].payload_type == payload_type)
      return static_payloads[i].rtpmap;
  return rtpmap;
}

static VgwOfferCodec *
parse_codec (const GstSDPMedia *media, const char *format)
{
  guint64 payload_type, clock_rate_hz;
  if (!g_ascii_string_to_unsigned (format, 10, 0, 127, &payload_type, NULL))
    return NULL;
  const char *rtpmap = find_rtpmap (media, payload_type);
  if (rtpmap == NULL)
    return NULL;

  g_auto (GStrv) parts = g_strsplit (rtpmap, "/", 3);
  if (parts[0] == NULL || !is_token (parts[0], MAX_MID_LENGTH) || parts[1] == NULL
      || !g_ascii_string_to_unsigned (parts[1], 10, 1, 192000, &clock_rate_hz, NULL)
      || (parts[2] != NULL && !g_ascii_string_to_unsigned (parts[2], 10, 1, 8, NULL, NULL)))
    return NULL;

  const char *fmtp = find_payload_attribute (media, "fmtp", payload_type);
  VgwOfferCodec *codec = g_new0 (VgwOfferCodec, 1);
  codec->payload_type = payload_type;
  codec->name = g_ascii_strup (parts[0], -1);
  codec->clock_rate_hz = clock_rate_hz;
  codec->rtpmap = g_strdup (rtpmap);
  codec->fmtp = fmtp && strlen (fmtp) <= MAX_FMTP_LENGTH ? g_strdup (fmtp) : NULL;
  return codec;
}

static void
parse_codecs (VgwOffer *self)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, self->audio_index);
  guint n_formats = MIN (gst_sdp_media_formats_len (media), VGW_OFFER_MAX_CODECS);
  for (guint i = 0; i < n_formats; i++)
    {
      VgwOfferCodec *codec = parse_codec (media, gst_sdp_media_get_format (media, i));
      if (codec != NULL)
        g_ptr_array_add (self->codecs, codec);
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

/* The transport of a bundle is described by the m-line of its first tag (RFC 8843 section 7.1.3). */
static const GstSDPMedia *
find_tagged_media (const VgwOffer *self, char **bundle)
{
  for (guint i = 0; i < self->mlines->len; i++)
    if (g_strcmp0 (g_array_index (self->mlines, VgwOfferMline, i).mid, bundle[0]) == 0)
      return gst_sdp_message_get_media (self->sdp, i);
  return gst_sdp_message_get_media (self->sdp, self->audio_index);
}

static gboolean
parse_transport (VgwOffer *self, char **bundle, GError **error)
{
  const GstSDPMedia *tagged = find_tagged_media (self, bundle);
  const GstSDPMedia *audio = gst_sdp_message_get_media (self->sdp, self->audio_index);
  const char *setup = find_transport_attribute (self, tagged, "setup", 0);
  const char *fingerprint;

  self->ice_ufrag = g_strdup (find_transport_attribute (self, tagged, "ice-ufrag", 0));
  self->ice_pwd = g_strdup (find_transport_attribute (self, tagged, "ice-pwd", 0));
  self->setup = g_strdup (setup ? setup : "actpass");
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
  if (!is_ice_credential (self->ice_ufrag, MIN_UFRAG_LENGTH) || !is_ice_credential (self->ice_pwd, MIN_PWD_LENGTH))
    return bad (error, "has no usable a=ice-ufrag and a=ice-pwd");
  if (!g_str_equal (self->setup, "actpass") && !g_str_equal (self->setup, "active")
      && !g_str_equal (self->setup, "passive"))
    return bad (error, "has an a=setup other than actpass, active or passive");
  if (gst_sdp_media_get_attribute_val (audio, "rtcp-mux") == NULL)
    return bad (error, "has audio without a=rtcp-mux");
  return TRUE;
}

VgwOffer *
vgw_offer_parse (const char *text, guint max_mlines, GError **error)
{
  g_autoptr (VgwOffer) self = offer_new ();

  if (!g_str_has_prefix (text, "v=0") || has_control_characters (text)
      || gst_sdp_message_new (&self->sdp) != GST_SDP_OK
      || gst_sdp_message_parse_buffer ((const guint8 *) text, strlen (text), self->sdp) != GST_SDP_OK)
    {
      bad (error, "is not SDP");
      return NULL;
    }
  g_auto (GStrv) bundle = parse_bundle (self->sdp);
  if (bundle == NULL || bundle[0] == NULL)
    {
      bad (error, "has no a=group:BUNDLE (the gateway uses one transport for everything)");
      return NULL;
    }
  if (!parse_mlines (self, bundle, max_mlines, error) || !parse_transport (self, bundle, error))
    return NULL;
  parse_codecs (self);
  return g_steal_pointer (&self);
}

const VgwOfferCodec *
vgw_offer_find_codec (const VgwOffer *self, const char *name, guint clock_rate_hz)
{
  for (guint i = 0; i < self->codecs->len; i++)
    {
      const VgwOfferCodec *codec = g_ptr_array_index (self->codecs, i);
      if (g_str_equal (codec->name, name) && codec->clock_rate_hz == clock_rate_hz)
        return codec;
    }
  return NULL;
}

const VgwOfferCodec *
vgw_offer_find_dtmf (const VgwOffer *self, const VgwOfferCodec *codec)
{
  const VgwOfferCodec *dtmf = vgw_offer_find_codec (self, "TELEPHONE-EVENT", codec->clock_rate_hz);

  return dtmf != NULL ? dtmf : vgw_offer_find_codec (self, "TELEPHONE-EVENT", DTMF_CLOCK_RATE_HZ);
}

gboolean
vgw_offer_has_mline (const VgwOffer *self, const char *mid, int mline_index)
{
  if (mid != NULL && *mid != '\0')
    return is_known_mid (self, mid);
  return mline_index < (int) self->mlines->len;
}
