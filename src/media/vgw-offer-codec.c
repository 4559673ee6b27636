#include "media/vgw-offer-codec.h"

#include <string.h>

#define MAX_FMTP_LENGTH 512
#define MAX_PARAMETERS 32
#define MAX_BITRATE_PARAMETER "maxaveragebitrate="
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

gboolean
vgw_offer_is_token (const char *text)
{
  gsize length = strlen (text);
  if (length == 0 || length > VGW_OFFER_MAX_TOKEN)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr (TOKEN_PUNCTUATION, text[i]) == NULL)
      return FALSE;
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
  if (parts[0] == NULL || !vgw_offer_is_token (parts[0]) || parts[1] == NULL
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

GPtrArray *
vgw_offer_codec_parse_all (const GstSDPMedia *media)
{
  GPtrArray *codecs = g_ptr_array_new_with_free_func ((GDestroyNotify) codec_free);
  guint n_formats = MIN (gst_sdp_media_formats_len (media), VGW_OFFER_MAX_CODECS);
  for (guint i = 0; i < n_formats; i++)
    {
      VgwOfferCodec *codec = parse_codec (media, gst_sdp_media_get_format (media, i));
      if (codec != NULL)
        g_ptr_array_add (codecs, codec);
    }
  return codecs;
}

const VgwOfferCodec *
vgw_offer_codec_find (GPtrArray *codecs, const char *name, guint clock_rate_hz)
{
  for (guint i = 0; i < codecs->len; i++)
    {
      const VgwOfferCodec *codec = g_ptr_array_index (codecs, i);
      if (g_str_equal (codec->name, name) && codec->clock_rate_hz == clock_rate_hz)
        return codec;
    }
  return NULL;
}

guint
vgw_offer_codec_get_max_bitrate (const VgwOfferCodec *codec)
{
  g_auto (GStrv) parts = g_strsplit (codec->fmtp != NULL ? codec->fmtp : "", ";", MAX_PARAMETERS);
  guint64 bitrate;

  for (char **part = parts; *part != NULL && g_str_equal (codec->name, "OPUS"); part++)
    {
      const char *text = g_strstrip (*part);

      if (g_str_has_prefix (text, MAX_BITRATE_PARAMETER)
          && g_ascii_string_to_unsigned (text + strlen (MAX_BITRATE_PARAMETER), 10, 1, G_MAXINT32, &bitrate, NULL))
        return (guint) bitrate;
    }
  return 0;
}
