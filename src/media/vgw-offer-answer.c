/* The two translations around webrtcbin: offer -> reduced offer, answer to that -> answer to the offer. */

#include "media/vgw-offer.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_SSRC_LINES 4
#define MSID "voice-gateway audio" /* RFC 8830: the stream, the track */

/* Parameters of an Opus offer that the answer repeats (RFC 7587 section 6.1). The others are about stereo, which is not
 * used, and would make webrtcbin's caps negotiation fail, or they are each side's own, for what it receives: usedtx
 * (vgw_dtx_is_refused () reads the client's, append_opus_parameters () writes ours) and maxaveragebitrate, which would
 * make the client's voice worse (vgw_offer_codec_get_max_bitrate ()). */
static const char *const opus_parameters[] = { "minptime", "useinbandfec", NULL };

static char *
keep_opus_parameters (const char *fmtp)
{
  g_auto (GStrv) parts = g_strsplit (fmtp, ";", 32);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_strstrip (parts[i]);
      const char *equals = strchr (parts[i], '=');
      g_autofree char *name = equals ? g_strndup (parts[i], equals - parts[i]) : NULL;
      if (name != NULL && g_strv_contains (opus_parameters, name))
        g_ptr_array_add (kept, parts[i]);
    }
  g_ptr_array_add (kept, NULL);
  return g_strjoinv (";", (char **) kept->pdata);
}

static const VgwOfferMline *
get_mline (const VgwOffer *self, guint index)
{
  return &g_array_index (self->mlines, VgwOfferMline, index);
}

static void
append_transport (GString *text, const VgwOffer *self)
{
  g_string_append_printf (text, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=setup:%s\r\n", self->ice_ufrag, self->ice_pwd,
                          self->setup);
  /* webrtcbin 1.22 looks only for the presence of one; the check is vgw_offer_check_certificate () */
  g_string_append_printf (text, "a=fingerprint:%s\r\n", (char *) g_ptr_array_index (self->fingerprints, 0));
}

static void
append_ssrcs (GString *text, const GstSDPMedia *media)
{
  guint n_lines = 0;
  for (guint i = 0; n_lines < MAX_SSRC_LINES; i++)
    {
      const char *value = gst_sdp_media_get_attribute_val_n (media, "ssrc", i);
      guint64 ssrc;
      if (value == NULL)
        return;
      g_auto (GStrv) parts = g_strsplit (value, " ", 2);
      if (parts[0] == NULL || parts[1] == NULL || !g_str_has_prefix (parts[1], "cname:")
          || !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXUINT32, &ssrc, NULL))
        continue;
      g_string_append_printf (text, "a=ssrc:%s %s\r\n", parts[0], parts[1]);
      n_lines++;
    }
}

/* webrtcbin needs one; where the offer has none there is no bundle, and no other m-line. */
static const char *
get_audio_mid (const VgwOffer *self)
{
  const char *mid = get_mline (self, self->audio_index)->mid;
  return mid != NULL ? mid : "0";
}

static void
append_reduced_audio (GString *text, const VgwOffer *self, const VgwOfferCodec *codec)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, self->audio_index);

  g_string_append_printf (text, "m=audio 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\n", codec->payload_type);
  /* a client that only listens, or only speaks, may do both later */
  g_string_append_printf (text, "a=mid:%s\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:%u %s\r\n", get_audio_mid (self),
                          codec->payload_type, codec->rtpmap);
  if (codec->fmtp != NULL && g_str_equal (codec->name, "OPUS"))
    {
      g_autofree char *fmtp = keep_opus_parameters (codec->fmtp);
      if (*fmtp != '\0')
        g_string_append_printf (text, "a=fmtp:%u %s\r\n", codec->payload_type, fmtp);
    }
  append_transport (text, self);
  append_ssrcs (text, media);
}

static void
append_reduced_data (GString *text, const VgwOffer *self)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, self->data_index);
  const VgwOfferMline *mline = get_mline (self, (guint) self->data_index);
  const char *max_size = gst_sdp_media_get_attribute_val (media, "max-message-size");
  guint64 size = 0;

  g_string_append (text, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n");
  g_string_append_printf (text, "a=mid:%s\r\na=sctp-port:%u\r\n", mline->mid, self->sctp_port);
  if (max_size != NULL && g_ascii_string_to_unsigned (max_size, 10, 1, G_MAXINT32, &size, NULL))
    g_string_append_printf (text, "a=max-message-size:%u\r\n", (guint) size);
  append_transport (text, self);
}

GstSDPMessage *
vgw_offer_reduce (const VgwOffer *self, const VgwOfferCodec *codec, GError **error)
{
  g_autoptr (GString) text = g_string_new ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
  GstSDPMessage *reduced = NULL;

  g_string_append_printf (text, "a=group:BUNDLE %s", get_audio_mid (self));
  if (self->data_index >= 0)
    g_string_append_printf (text, " %s", get_mline (self, (guint) self->data_index)->mid);
  g_string_append (text, "\r\na=ice-options:trickle\r\n");
  if (self->is_lite)
    g_string_append (text, "a=ice-lite\r\n");
  append_reduced_audio (text, self, codec);
  if (self->data_index >= 0)
    append_reduced_data (text, self);

  if (gst_sdp_message_new_from_text (text->str, &reduced) != GST_SDP_OK)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "the reduced offer does not parse");
      return NULL;
    }
  return reduced;
}

static void
append_formats (GString *text, const GstSDPMedia *media)
{
  for (guint i = 0; i < gst_sdp_media_formats_len (media); i++)
    g_string_append_printf (text, " %s", gst_sdp_media_get_format (media, i));
  g_string_append (text, "\r\nc=IN IP4 0.0.0.0\r\n");
}

static void
append_attributes (GString *text, const GstSDPMedia *media, const char *key)
{
  for (guint i = 0;; i++)
    {
      const char *value = gst_sdp_media_get_attribute_val_n (media, key, i);
      if (value == NULL)
        return;
      g_string_append_printf (text, "a=%s%s%s\r\n", key, *value ? ":" : "", value);
    }
}

/* Where the data channels and all else find their transport. */
static void
append_answered_transport (GString *text, const GstSDPMedia *transport)
{
  append_attributes (text, transport, "ice-ufrag");
  append_attributes (text, transport, "ice-pwd");
  append_attributes (text, transport, "setup");
  append_attributes (text, transport, "fingerprint");
}

/* An m-line that stays in the bundle but carries nothing: the client may keep its transceiver (RFC 8829 5.3.1). */
static void
append_inactive (GString *text, const GstSDPMedia *offered, const GstSDPMedia *transport)
{
  g_string_append_printf (text, "m=%s 9 %s", gst_sdp_media_get_media (offered), gst_sdp_media_get_proto (offered));
  append_formats (text, offered);
  append_attributes (text, offered, "mid");
  g_string_append (text, "a=inactive\r\na=rtcp-mux\r\n");
  append_attributes (text, offered, "rtpmap");
  append_attributes (text, offered, "fmtp");
  append_answered_transport (text, transport);
}

/* In the form that the offer had. */
static void
append_old_data (GString *text, const VgwOffer *self, const GstSDPMedia *answered)
{
  const VgwOfferMline *mline = get_mline (self, (guint) self->data_index);
  const GstSDPMedia *offered = gst_sdp_message_get_media (self->sdp, (guint) self->data_index);
  const char *port = gst_sdp_media_get_attribute_val (answered, "sctp-port");

  if (port == NULL)
    port = "5000";
  g_string_append_printf (text, "m=application 9 %s %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\n",
                          gst_sdp_media_get_proto (offered), port, mline->mid);
  g_string_append_printf (text, "a=sctpmap:%s webrtc-datachannel 65535\r\n", port);
  append_answered_transport (text, answered);
}

/* RFC 8829 requires only port 0 here; aiortc needs the transport of the bundle in every m-line. */
static void
append_rejected (GString *text, const GstSDPMedia *offered, const GstSDPMedia *transport)
{
  g_string_append_printf (text, "m=%s 0 %s", gst_sdp_media_get_media (offered), gst_sdp_media_get_proto (offered));
  append_formats (text, offered);
  append_attributes (text, offered, "mid");
  g_string_append (text, "a=inactive\r\n");
  append_answered_transport (text, transport);
}

/* "111 opus/48000/2" with another payload type. */
static void
append_payload_attribute (GString *text, const char *key, const char *value, int payload_type)
{
  const char *rest = strchr (value, ' ');
  g_string_append_printf (text, "a=%s:%d%s\r\n", key, payload_type, rest != NULL ? rest : "");
}

/* @fmtp (nullable), of webrtcbin's answer, and usedtx=1: what the gateway prefers to receive (RFC 7587 section 6.1). */
static void
append_opus_parameters (GString *text, const char *fmtp, int payload_type)
{
  const char *space = fmtp != NULL ? strchr (fmtp, ' ') : NULL;

  g_string_append_printf (text, "a=fmtp:%d %s%susedtx=1\r\n", payload_type, space != NULL ? space + 1 : "",
                          space != NULL ? ";" : "");
}

static void
append_dtmf (GString *text, const VgwOfferCodec *dtmf)
{
  g_string_append_printf (text, "a=rtpmap:%u telephone-event/%u\r\na=fmtp:%u 0-15\r\n", dtmf->payload_type,
                          dtmf->clock_rate_hz, dtmf->payload_type);
}

static const char *
to_direction (gboolean is_received, gboolean is_sent)
{
  if (is_received)
    return is_sent ? "sendrecv" : "recvonly";
  return is_sent ? "sendonly" : "inactive";
}

/* What webrtcbin answered for its one audio m-line, as one m-line of the client's: with the profile, the a=mid and the
 * payload types of that, in the directions that it has. */
static void
append_audio (GString *text, const VgwOffer *self, guint index, const GstSDPMedia *answered,
              const VgwAnswerParts *parts)
{
  static const char *const own_keys[] = { "mid",  "sendrecv", "sendonly", "recvonly", "inactive",
                                          "ssrc", "msid",     "rtpmap",   "fmtp",     NULL };
  const VgwOfferMline *mline = get_mline (self, index);
  const GstSDPMedia *offered = gst_sdp_message_get_media (self->sdp, index);
  const VgwOfferCodec *codec = parts->codec, *dtmf = parts->dtmf;
  int payload_type = mline->is_received ? (int) codec->payload_type : codec->send_payload_type;
  gboolean asks_for_dtx = parts->asks_for_dtx && mline->is_received && g_str_equal (codec->name, "OPUS");
  gboolean is_sent = mline->is_sent
                     && (gst_sdp_media_get_attribute_val (answered, "sendrecv") != NULL
                         || gst_sdp_media_get_attribute_val (answered, "sendonly") != NULL);

  g_string_append_printf (text, "m=audio 9 %s %d", gst_sdp_media_get_proto (offered), payload_type);
  if (mline->is_received && dtmf != NULL)
    g_string_append_printf (text, " %u", dtmf->payload_type);
  g_string_append (text, "\r\nc=IN IP4 0.0.0.0\r\n");
  append_attributes (text, offered, "mid");
  g_string_append_printf (text, "a=%s\r\n", to_direction (mline->is_received, is_sent));
  for (guint i = 0; i < gst_sdp_media_attributes_len (answered); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (answered, i);
      const char *value = attribute->value != NULL ? attribute->value : "";
      if (asks_for_dtx && g_str_equal (attribute->key, "fmtp"))
        continue;
      if (g_str_equal (attribute->key, "rtpmap") || g_str_equal (attribute->key, "fmtp"))
        append_payload_attribute (text, attribute->key, value, payload_type);
      else if (!g_strv_contains (own_keys, attribute->key))
        g_string_append_printf (text, "a=%s%s%s\r\n", attribute->key, *value ? ":" : "", value);
    }
  if (asks_for_dtx)
    append_opus_parameters (text, gst_sdp_media_get_attribute_val (answered, "fmtp"), payload_type);
  if (mline->is_received && dtmf != NULL)
    append_dtmf (text, dtmf);
  if (!is_sent)
    return;
  append_attributes (text, answered, "ssrc");
  g_string_append (text, "a=msid:" MSID "\r\n"); /* or a browser's ontrack has a track without a stream */
}

static void
append_candidates (GString *text, GPtrArray *candidates, gboolean is_complete)
{
  for (guint i = 0; candidates != NULL && i < candidates->len; i++)
    g_string_append_printf (text, "a=%s\r\n", (char *) g_ptr_array_index (candidates, i));
  if (is_complete)
    g_string_append (text, "a=end-of-candidates\r\n");
}

static void
append_data (GString *text, const VgwOffer *self, const GstSDPMedia *answered)
{
  if (self->is_old_sctp)
    {
      append_old_data (text, self, answered);
      return;
    }
  GstSDPMedia *media = NULL;
  gst_sdp_media_copy (answered, &media);
  gst_sdp_media_set_proto (media,
                           gst_sdp_media_get_proto (gst_sdp_message_get_media (self->sdp, (guint) self->data_index)));
  g_autofree char *media_text = gst_sdp_media_as_text (media);
  gst_sdp_media_free (media);
  g_string_append (text, media_text);
}

/* In the order that the client gave: the transport is that of the first one (RFC 8843 section 7.3.1). Returns that
 * one's mid. (nullable) (transfer none) */
static const char *
append_group (GString *text, const VgwOffer *self)
{
  const char *tag = NULL;
  if (self->bundle == NULL)
    return NULL;
  g_string_append (text, "a=group:BUNDLE");
  for (guint i = 0; self->bundle[i] != NULL; i++)
    for (guint j = 0; j < self->mlines->len; j++)
      {
        const VgwOfferMline *mline = get_mline (self, j);
        if (mline->role == VGW_MLINE_REJECTED || g_strcmp0 (mline->mid, self->bundle[i]) != 0)
          continue;
        g_string_append_printf (text, " %s", mline->mid);
        tag = tag != NULL ? tag : mline->mid;
      }
  g_string_append (text, "\r\n");
  return tag;
}

static void
append_head (GString *text, gboolean is_lite)
{
  if (is_lite)
    g_string_append (text, "a=ice-lite\r\n");
  g_string_append (text, "a=ice-options:trickle\r\na=msid-semantic: WMS *\r\n");
}

char *
vgw_offer_expand_answer (const VgwOffer *self, const VgwAnswerParts *parts, GError **error)
{
  const GstSDPMedia *audio = gst_sdp_message_get_media (parts->sdp, 0);
  const GstSDPMedia *data = self->data_index >= 0 ? gst_sdp_message_get_media (parts->sdp, 1) : NULL;
  if (audio == NULL || gst_sdp_media_get_port (audio) == 0 || (self->data_index >= 0 && data == NULL))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin refused the audio of the offer");
      return NULL;
    }

  g_autoptr (GString) text = g_string_new ("v=0\r\n");
  g_string_append_printf (text, "o=- %" G_GUINT64_FORMAT " %u IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", parts->id,
                          parts->version);
  const char *tag = append_group (text, self);
  append_head (text, parts->is_lite);
  for (guint i = 0; i < self->mlines->len; i++)
    {
      const GstSDPMedia *offered = gst_sdp_message_get_media (self->sdp, i);
      const VgwOfferMline *mline = get_mline (self, i);
      switch (mline->role)
        {
        case VGW_MLINE_AUDIO:
          append_audio (text, self, i, audio, parts);
          break;
        case VGW_MLINE_DATA:
          append_data (text, self, data);
          break;
        case VGW_MLINE_INACTIVE:
          append_inactive (text, offered, audio);
          break;
        case VGW_MLINE_REJECTED:
          append_rejected (text, offered, audio);
          break;
        }
      /* where the client looks for them, and at the audio where it may as well */
      if ((i == self->audio_index && mline->role != VGW_MLINE_REJECTED)
          || (tag != NULL && g_strcmp0 (mline->mid, tag) == 0))
        append_candidates (text, parts->candidates, parts->is_complete);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
