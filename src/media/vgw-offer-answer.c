/* The two translations around webrtcbin: offer -> reduced offer, answer to that -> answer to the offer. */

#include "media/vgw-offer.h"

#include <string.h>

#include "base/vgw-error.h"

#define MAX_SSRC_LINES 4

/* Parameters of an Opus offer that the gateway honours (RFC 7587 section 6.1). The rest is about stereo, which we
 * neither send nor want, and makes webrtcbin's caps fail to match. */
static const char *const opus_parameters[] = { "minptime", "useinbandfec", "maxaveragebitrate", "usedtx", NULL };

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

static void
append_reduced_audio (GString *text, const VgwOffer *self, const VgwOfferCodec *codec)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->sdp, self->audio_index);
  const VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, self->audio_index);

  g_string_append_printf (text, "m=audio 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\n", codec->payload_type);
  g_string_append_printf (text, "a=mid:%s\r\na=%s\r\na=rtcp-mux\r\na=rtpmap:%u %s\r\n", mline->mid, self->direction,
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
  const VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, self->data_index);
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
  const char *audio_mid = g_array_index (self->mlines, VgwOfferMline, self->audio_index).mid;
  GstSDPMessage *reduced = NULL;

  g_string_append_printf (text, "a=group:BUNDLE %s", audio_mid);
  if (self->data_index >= 0)
    g_string_append_printf (text, " %s", g_array_index (self->mlines, VgwOfferMline, self->data_index).mid);
  g_string_append (text, "\r\na=ice-options:trickle\r\n");
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
  const VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, self->data_index);
  const char *port = gst_sdp_media_get_attribute_val (answered, "sctp-port");

  if (port == NULL)
    port = "5000";
  g_string_append_printf (text, "m=application 9 DTLS/SCTP %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\n", port, mline->mid);
  g_string_append_printf (text, "a=sctpmap:%s webrtc-datachannel 65535\r\n", port);
  append_answered_transport (text, answered);
}

/* RFC 8829 asks for nothing but port 0 here; aiortc wants the transport of the bundle in every m-line. */
static void
append_rejected (GString *text, const GstSDPMedia *offered, const GstSDPMedia *transport)
{
  g_string_append_printf (text, "m=%s 0 %s", gst_sdp_media_get_media (offered), gst_sdp_media_get_proto (offered));
  append_formats (text, offered);
  append_attributes (text, offered, "mid");
  g_string_append (text, "a=inactive\r\n");
  append_answered_transport (text, transport);
}

/* The audio of @answered with the payload type of @dtmf. (transfer full) */
static GstSDPMedia *
add_dtmf (const GstSDPMedia *answered, const VgwOfferCodec *dtmf)
{
  GstSDPMedia *media = NULL;
  g_autofree char *format = g_strdup_printf ("%u", dtmf->payload_type);
  g_autofree char *rtpmap = g_strdup_printf ("%u telephone-event/%u", dtmf->payload_type, dtmf->clock_rate_hz);
  g_autofree char *fmtp = g_strdup_printf ("%u 0-15", dtmf->payload_type);

  gst_sdp_media_copy (answered, &media);
  gst_sdp_media_add_format (media, format);
  gst_sdp_media_add_attribute (media, "rtpmap", rtpmap);
  gst_sdp_media_add_attribute (media, "fmtp", fmtp);
  return media;
}

static void
append_served (GString *text, const GstSDPMedia *answered, GPtrArray *candidates, gboolean is_complete)
{
  g_autofree char *media_text = gst_sdp_media_as_text (answered);
  g_string_append (text, media_text);
  for (guint i = 0; candidates != NULL && i < candidates->len; i++)
    g_string_append_printf (text, "a=%s\r\n", (char *) g_ptr_array_index (candidates, i));
  if (is_complete)
    g_string_append (text, "a=end-of-candidates\r\n");
}

static void
append_group (GString *text, const VgwOffer *self)
{
  g_string_append (text, "a=group:BUNDLE");
  for (guint i = 0; i < self->mlines->len; i++)
    {
      const VgwOfferMline *mline = &g_array_index (self->mlines, VgwOfferMline, i);
      if (mline->role != VGW_MLINE_REJECTED)
        g_string_append_printf (text, " %s", mline->mid);
    }
  g_string_append (text, "\r\n");
}

char *
vgw_offer_expand_answer (const VgwOffer *self, const GstSDPMessage *answer, const VgwOfferCodec *dtmf,
                         GPtrArray *candidates, gboolean is_complete, gboolean is_lite, GError **error)
{
  const GstSDPMedia *audio = gst_sdp_message_get_media (answer, 0);
  const GstSDPMedia *data = self->data_index >= 0 ? gst_sdp_message_get_media (answer, 1) : NULL;
  if (audio == NULL || gst_sdp_media_get_port (audio) == 0 || (self->data_index >= 0 && data == NULL))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "webrtcbin refused the audio of the offer");
      return NULL;
    }

  g_autoptr (GString) text = g_string_new ("v=0\r\n");
  GstSDPMedia *with_dtmf = dtmf != NULL ? add_dtmf (audio, dtmf) : NULL;
  g_string_append_printf (text, "o=- %" G_GUINT64_FORMAT " 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
                          ((guint64) g_random_int () << 31) | g_random_int ());
  append_group (text, self);
  if (is_lite)
    g_string_append (text, "a=ice-lite\r\n");
  g_string_append (text, "a=ice-options:trickle\r\na=msid-semantic: WMS *\r\n");

  for (guint i = 0; i < self->mlines->len; i++)
    {
      const GstSDPMedia *offered = gst_sdp_message_get_media (self->sdp, i);
      switch (g_array_index (self->mlines, VgwOfferMline, i).role)
        {
        case VGW_MLINE_AUDIO:
          append_served (text, with_dtmf != NULL ? with_dtmf : audio, candidates, is_complete);
          break;
        case VGW_MLINE_DATA:
          if (self->is_old_sctp)
            append_old_data (text, self, data);
          else
            append_served (text, data, NULL, FALSE);
          break;
        case VGW_MLINE_INACTIVE:
          append_inactive (text, offered, audio);
          break;
        case VGW_MLINE_REJECTED:
          append_rejected (text, offered, audio);
          break;
        }
    }
  g_clear_pointer (&with_dtmf, gst_sdp_media_free);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
