#include "fuzz.h"

#include <string.h>

#include "base/vgw-error.h"
#include "media/vgw-offer.h"

#define MAX_MLINES 8

/* The reduced offer stands in for webrtcbin's answer: same m-lines, same order. */
static void
check_answer (const VgwOffer *offer, const VgwOfferCodec *codec, const GstSDPMessage *reduced)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  GstSDPMessage *answer = NULL;
  g_ptr_array_add (candidates, "candidate:1 1 UDP 2130706431 192.0.2.1 10000 typ host");
  const VgwAnswerParts parts = {
    .sdp = reduced,
    .codec = codec,
    .dtmf = vgw_offer_find_dtmf (offer, codec),
    .candidates = candidates,
    .is_complete = TRUE,
    .is_lite = TRUE,
    .id = 1,
    .version = 1,
  };
  g_autofree char *text = vgw_offer_expand_answer (offer, &parts, NULL);

  g_assert (text != NULL);
  g_assert (gst_sdp_message_new_from_text (text, &answer) == GST_SDP_OK);
  g_assert (gst_sdp_message_medias_len (answer) == gst_sdp_message_medias_len (offer->sdp));
  gst_sdp_message_free (answer);
}

/* @text: the second of two offers in the input, or the first again */
static void
check_next (const VgwOffer *offer, const char *text, const VgwOfferCodec *codec, const GstSDPMessage *reduced)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwOffer) next = vgw_offer_parse_next (offer, text, MAX_MLINES, &error);

  g_assert ((next == NULL) == (error != NULL));
  if (next == NULL)
    {
      g_assert (error->domain == VGW_ERROR);
      return;
    }
  g_assert (next->mlines->len >= offer->mlines->len);
  g_assert (next->data_index < 0 || next->data_index == offer->data_index);
  if (vgw_offer_has_codec (next, codec))
    check_answer (next, codec, reduced);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char *second = *text != '\0' ? strstr (text + 1, "\nv=0") : NULL;
  g_autoptr (GError) error = NULL;

  if (second != NULL)
    *second++ = '\0';
  g_autoptr (VgwOffer) offer = vgw_offer_parse (text, MAX_MLINES, &error);

  g_assert ((offer == NULL) == (error != NULL));
  if (offer == NULL)
    {
      g_assert (error->domain == VGW_ERROR);
      return 0;
    }
  g_assert (offer->fingerprints->len > 0);
  vgw_offer_check_certificate (offer, text, NULL);
  for (guint i = 0; i < offer->codecs->len; i++)
    {
      const VgwOfferCodec *any = g_ptr_array_index (offer->codecs, i);
      const VgwOfferCodec *codec = vgw_offer_find_codec (offer, any->name, any->clock_rate_hz);
      if (codec == NULL) /* the client cannot use it in each direction */
        continue;
      GstSDPMessage *reduced = vgw_offer_reduce (offer, codec, &error);
      g_assert_no_error (error);
      g_assert (gst_sdp_message_medias_len (reduced) == (offer->data_index >= 0 ? 2 : 1));
      check_answer (offer, codec, reduced);
      check_next (offer, second != NULL ? second : text, codec, reduced);
      gst_sdp_message_free (reduced);
    }
  return 0;
}
