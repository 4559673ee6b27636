#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "media/vgw-offer.h"
#include "media-test.h"
#include "run-suite.h"

#define MAX_MLINES 8

static void
assert_refused (const char *text, VgwErrorCode code, const char *message_part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwOffer) offer = vgw_offer_parse (text, MAX_MLINES, &error);
  ck_assert_ptr_null (offer);
  ck_assert_msg (g_error_matches (error, VGW_ERROR, code), "%s", error->message);
  ck_assert_msg (strstr (error->message, message_part) != NULL, "\"%s\" lacks \"%s\"", error->message, message_part);
}

static VgwOffer *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VgwOffer *offer = vgw_offer_parse (text, MAX_MLINES, &error);
  ck_assert_msg (offer != NULL, "%s", error ? error->message : "");
  return offer;
}

START_TEST (codecs_of_a_browser_are_read_in_its_order)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autoptr (VgwOffer) offer = parse (text);
  const VgwOfferCodec *opus = vgw_offer_find_codec (offer, "OPUS", 48000);
  const VgwOfferCodec *pcmu = vgw_offer_find_codec (offer, "PCMU", 8000);

  ck_assert_ptr_nonnull (opus);
  ck_assert_uint_eq (opus->payload_type, 111);
  ck_assert_str_eq (opus->fmtp, "minptime=10;useinbandfec=1");
  ck_assert_ptr_nonnull (pcmu);
  ck_assert_uint_eq (pcmu->payload_type, 0);
  ck_assert_ptr_null (vgw_offer_find_codec (offer, "OPUS", 8000));
  ck_assert (vgw_offer_is_received (offer));
  ck_assert_int_eq (offer->send_index, 0);
  ck_assert_uint_eq (offer->audio_index, 0);
  ck_assert_int_eq (offer->data_index, 1);
  ck_assert_uint_eq (offer->fingerprints->len, 1);
}
END_TEST

START_TEST (static_payload_types_need_no_rtpmap)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *bare = replace (text, "a=rtpmap:8 PCMA/8000", "a=x-nothing");
  g_autoptr (VgwOffer) offer = parse (bare);
  ck_assert_ptr_nonnull (vgw_offer_find_codec (offer, "PCMA", 8000));
}
END_TEST

START_TEST (offers_that_cannot_be_used_are_refused_with_the_reason)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *no_audio = replace (text, "m=audio", "m=video");
  g_autofree char *no_fingerprint = replace (text, "a=fingerprint", "a=footprint");
  g_autofree char *old_fingerprint = replace (text, "a=fingerprint:sha-256", "a=fingerprint:md5");
  g_autofree char *no_mux = replace (text, "a=rtcp-mux", "a=rtcp-max");
  g_autofree char *no_ufrag = replace (text, "a=ice-ufrag:", "a=ice-ufrag:!!");
  g_autofree char *no_pwd = replace (text, "a=ice-pwd", "a=ice-pwx");
  g_autofree char *odd_setup = replace (text, "a=setup:actpass", "a=setup:holdconn");
  g_autofree char *inactive = replace (text, "a=sendrecv", "a=inactive");
  g_autofree char *rejected = replace (text, "m=audio 9", "m=audio 0");
  g_autofree char *twice = replace (text, "a=mid:1", "a=mid:0");
  g_autofree char *no_srtp = replace (text, "UDP/TLS/RTP/SAVPF", "UDP");
  g_autofree char *control = replace (text, "s=-", "s=\033[2J");

  assert_refused ("", VGW_ERROR_BAD_MESSAGE, "not SDP");
  assert_refused ("hello", VGW_ERROR_BAD_MESSAGE, "not SDP");
  assert_refused ("v=0\r\n", VGW_ERROR_UNSUPPORTED, "no audio");
  assert_refused (no_audio, VGW_ERROR_UNSUPPORTED, "no audio");
  assert_refused (no_fingerprint, VGW_ERROR_BAD_MESSAGE, "fingerprint");
  assert_refused (old_fingerprint, VGW_ERROR_BAD_MESSAGE, "fingerprint");
  assert_refused (no_mux, VGW_ERROR_UNSUPPORTED, "rtcp-mux");
  assert_refused (no_ufrag, VGW_ERROR_BAD_MESSAGE, "ice-ufrag");
  assert_refused (no_pwd, VGW_ERROR_BAD_MESSAGE, "ice-pwd");
  assert_refused (odd_setup, VGW_ERROR_BAD_MESSAGE, "setup");
  assert_refused (inactive, VGW_ERROR_UNSUPPORTED, "inactive");
  assert_refused (rejected, VGW_ERROR_UNSUPPORTED, "port is 0");
  assert_refused (twice, VGW_ERROR_BAD_MESSAGE, "mid");
  assert_refused (no_srtp, VGW_ERROR_UNSUPPORTED, "profile");
  assert_refused (control, VGW_ERROR_BAD_MESSAGE, "not SDP");
}
END_TEST

START_TEST (too_many_mlines_are_refused)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autoptr (GString) many = g_string_new (text);
  for (guint i = 0; i < MAX_MLINES; i++)
    g_string_append_printf (many, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v%u\r\n", i);
  assert_refused (many->str, VGW_ERROR_TOO_LARGE, "m-lines");
}
END_TEST

START_TEST (webrtcbin_gets_one_codec_and_audio_first)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  /* The first of the bundle is the data channel, which crashes webrtcbin 1.22. */
  g_autofree char *audio =
      g_strndup (strstr (text, "m=audio"), strstr (text, "m=application") - strstr (text, "m=audio"));
  g_autofree char *head = g_strndup (text, strstr (text, "m=audio") - text);
  g_autofree char *swapped = g_strconcat (head, strstr (text, "m=application"), audio, NULL);
  g_autofree char *data_first = replace (swapped, "BUNDLE 0 1", "BUNDLE 1 0");
  g_autoptr (VgwOffer) offer = parse (data_first);
  g_autoptr (GError) error = NULL;

  ck_assert_uint_eq (offer->audio_index, 1);
  ck_assert_int_eq (offer->data_index, 0);
  GstSDPMessage *reduced = vgw_offer_reduce (offer, vgw_offer_find_codec (offer, "OPUS", 48000), &error);
  ck_assert_ptr_nonnull (reduced);
  ck_assert_uint_eq (gst_sdp_message_medias_len (reduced), 2);
  const GstSDPMedia *media = gst_sdp_message_get_media (reduced, 0);
  ck_assert_str_eq (gst_sdp_media_get_media (media), "audio");
  ck_assert_uint_eq (gst_sdp_media_formats_len (media), 1);
  ck_assert_str_eq (gst_sdp_message_get_attribute_val (reduced, "group"), "BUNDLE 0 1");
  g_autofree char *reduced_text = gst_sdp_message_as_text (reduced);
  ck_assert_ptr_null (strstr (reduced_text, "extmap"));
  ck_assert_ptr_null (strstr (reduced_text, "rtcp-fb"));
  gst_sdp_message_free (reduced);
}
END_TEST

START_TEST (a_client_with_a_lite_agent_does_not_begin)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *lite = replace (text, "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n");
  g_autoptr (VgwOffer) offer = parse (lite);
  GstSDPMessage *reduced = vgw_offer_reduce (offer, vgw_offer_find_codec (offer, "OPUS", 48000), NULL);

  ck_assert (offer->is_lite);
  ck_assert_ptr_nonnull (gst_sdp_message_get_attribute_val (reduced, "ice-lite")); /* so webrtcbin does */
  gst_sdp_message_free (reduced);
}
END_TEST

START_TEST (parameters_of_one_direction_are_not_passed_on)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *stereo = replace (text, "minptime=10;useinbandfec=1",
                                     "minptime=10; stereo=1;sprop-stereo=1;usedtx=1; maxaveragebitrate=16000");
  g_autoptr (VgwOffer) offer = parse (stereo);
  GstSDPMessage *reduced = vgw_offer_reduce (offer, vgw_offer_find_codec (offer, "OPUS", 48000), NULL);
  g_autofree char *reduced_text = gst_sdp_message_as_text (reduced);
  ck_assert_ptr_nonnull (strstr (reduced_text, "a=fmtp:111 minptime=10\r\n"));
  ck_assert_uint_eq (vgw_offer_codec_get_max_bitrate (vgw_offer_find_codec (offer, "OPUS", 48000)), 16000);
  ck_assert_uint_eq (vgw_offer_codec_get_max_bitrate (vgw_offer_find_codec (offer, "PCMU", 8000)), 0);
  gst_sdp_message_free (reduced);
}
END_TEST

/* An answer such as webrtcbin makes for the reduced offer. */
static GstSDPMessage *
make_answer (void)
{
  GstSDPMessage *answer = NULL;
  const char *text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 2\r\n"
                     "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:ours\r\n"
                     "a=ice-pwd:0123456789012345678901\r\na=mid:0\r\na=rtcp-mux\r\na=setup:active\r\n"
                     "a=rtpmap:111 OPUS/48000/2\r\na=sendrecv\r\na=fingerprint:sha-256 AB\r\n"
                     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n"
                     "a=sctp-port:5000\r\n";
  ck_assert_int_eq (gst_sdp_message_new_from_text (text, &answer), GST_SDP_OK);
  return answer;
}

/* The answer with Opus. (transfer full) (nullable) */
static char *
expand (const VgwOffer *offer, const GstSDPMessage *answer, const VgwOfferCodec *dtmf, GPtrArray *candidates,
        GError **error)
{
  const VgwAnswerParts parts = {
    .sdp = answer,
    .codec = vgw_offer_find_codec (offer, "OPUS", 48000),
    .dtmf = dtmf,
    .candidates = candidates,
    .is_complete = TRUE,
    .is_lite = TRUE,
    .id = 4711,
    .version = 1,
  };

  return vgw_offer_expand_answer (offer, &parts, error);
}

START_TEST (the_answer_has_the_mlines_of_the_offer_in_its_order)
{
  g_autofree char *text = load_offer ("chromium-audio-video.sdp");
  g_autoptr (VgwOffer) offer = parse (text);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  g_ptr_array_add (candidates, "candidate:1 1 UDP 2130706431 192.0.2.1 10000 typ host");
  GstSDPMessage *answer = make_answer ();
  g_autofree char *expanded =
      expand (offer, answer, vgw_offer_find_codec (offer, "TELEPHONE-EVENT", 48000), candidates, NULL);
  gst_sdp_message_free (answer);

  GstSDPMessage *parsed = NULL;
  ck_assert_int_eq (gst_sdp_message_new_from_text (expanded, &parsed), GST_SDP_OK);
  ck_assert_uint_eq (gst_sdp_message_medias_len (parsed), gst_sdp_message_medias_len (offer->sdp));
  for (guint i = 0; i < gst_sdp_message_medias_len (parsed); i++)
    {
      const GstSDPMedia *ours = gst_sdp_message_get_media (parsed, i);
      const GstSDPMedia *theirs = gst_sdp_message_get_media (offer->sdp, i);
      ck_assert_str_eq (gst_sdp_media_get_media (ours), gst_sdp_media_get_media (theirs));
      ck_assert_str_eq (gst_sdp_media_get_attribute_val (ours, "mid"), gst_sdp_media_get_attribute_val (theirs, "mid"));
      if (g_str_equal (gst_sdp_media_get_media (ours), "video"))
        ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (ours, "inactive"));
    }
  ck_assert_str_eq (gst_sdp_message_get_attribute_val (parsed, "group"), "BUNDLE 0 1 2");
  ck_assert_ptr_nonnull (gst_sdp_message_get_attribute_val (parsed, "ice-lite"));
  const GstSDPMedia *audio = gst_sdp_message_get_media (parsed, 0);
  ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (audio, "candidate"));
  ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (audio, "end-of-candidates"));
  ck_assert_str_eq (gst_sdp_media_get_format (audio, 1), "110");
  ck_assert_str_eq (gst_sdp_media_get_attribute_val_n (audio, "rtpmap", 1), "110 telephone-event/48000");
  gst_sdp_message_free (parsed);
}
END_TEST

START_TEST (callers_are_asked_for_dtx_once)
{
  static const char *const fmtps[][2] = {
    { NULL, "a=fmtp:111 usedtx=1\r\n" },
    { "111 minptime=10;useinbandfec=1", "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n" },
  };
  g_autofree char *text = load_offer ("chromium-audio-video.sdp");
  g_autoptr (VgwOffer) offer = parse (text);

  for (guint i = 0; i < G_N_ELEMENTS (fmtps); i++)
    {
      GstSDPMessage *answer = make_answer ();
      VgwAnswerParts parts = { .sdp = answer,
                               .codec = vgw_offer_find_codec (offer, "OPUS", 48000),
                               .asks_for_dtx = TRUE };
      g_autofree char *expanded = NULL;

      if (fmtps[i][0] != NULL)
        gst_sdp_media_add_attribute ((GstSDPMedia *) gst_sdp_message_get_media (answer, 0), "fmtp", fmtps[i][0]);
      expanded = vgw_offer_expand_answer (offer, &parts, NULL);
      ck_assert_ptr_nonnull (strstr (expanded, fmtps[i][1]));
      ck_assert_ptr_eq (strstr (expanded, "usedtx="), g_strrstr (expanded, "usedtx="));
      gst_sdp_message_free (answer);
    }
}
END_TEST

/* Firefox offers telephone-event/8000 alone beside Opus, Chromium both. */
START_TEST (telephone_events_of_either_clock_rate_are_answered)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *firefox = replace (text, "telephone-event/48000", "unknown/48000");
  g_autofree char *none = replace (firefox, "telephone-event/8000", "unknown/8000");
  g_autoptr (VgwOffer) offer = parse (text);
  g_autoptr (VgwOffer) firefox_offer = parse (firefox);
  g_autoptr (VgwOffer) none_offer = parse (none);
  const VgwOfferCodec *opus = vgw_offer_find_codec (firefox_offer, "OPUS", 48000);
  const VgwOfferCodec *dtmf = vgw_offer_find_dtmf (firefox_offer, opus);
  g_autofree char *expanded = NULL;
  GstSDPMessage *answer = make_answer ();

  ck_assert_uint_eq (vgw_offer_find_dtmf (offer, opus)->clock_rate_hz, 48000);
  ck_assert_ptr_null (vgw_offer_find_dtmf (none_offer, opus));
  ck_assert_ptr_nonnull (dtmf);
  ck_assert_uint_eq (dtmf->payload_type, 126);
  expanded = expand (firefox_offer, answer, dtmf, NULL, NULL);
  gst_sdp_message_free (answer);
  ck_assert_ptr_nonnull (strstr (expanded, "a=rtpmap:126 telephone-event/8000\r\n"));
}
END_TEST

START_TEST (data_channels_of_the_drafts_are_answered_in_their_form)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autofree char *mline = replace (text, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5001");
  g_autofree char *old = replace (mline, "a=sctp-port:5000", "a=sctpmap:5001 webrtc-datachannel 65535");
  g_autofree char *foreign = replace (old, "5001 webrtc-datachannel", "5001 something-else");
  g_autoptr (VgwOffer) offer = parse (old);
  g_autoptr (VgwOffer) foreign_offer = parse (foreign);
  GstSDPMessage *answer = make_answer ();
  g_autofree char *expanded = expand (offer, answer, NULL, NULL, NULL);
  gst_sdp_message_free (answer);

  ck_assert_int_eq (offer->data_index, 1);
  ck_assert_uint_eq (offer->sctp_port, 5001);
  ck_assert_ptr_nonnull (strstr (expanded, "m=application 9 DTLS/SCTP 5000\r\n"));
  ck_assert_ptr_nonnull (strstr (expanded, "a=sctpmap:5000 webrtc-datachannel 65535\r\n"));
  ck_assert_ptr_null (strstr (expanded, "sctp-port"));
  ck_assert_int_eq (foreign_offer->data_index, -1);
}
END_TEST

START_TEST (an_answer_that_refuses_the_audio_is_an_error)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autoptr (VgwOffer) offer = parse (text);
  g_autoptr (GError) error = NULL;
  GstSDPMessage *answer = make_answer ();
  gst_sdp_media_set_port_info ((GstSDPMedia *) gst_sdp_message_get_media (answer, 0), 0, 0);
  ck_assert_ptr_null (expand (offer, answer, NULL, NULL, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_INTERNAL));
  gst_sdp_message_free (answer);
}
END_TEST

START_TEST (candidates_are_for_mlines_that_are_there)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autoptr (VgwOffer) offer = parse (text);
  ck_assert (vgw_offer_has_mline (offer, "0", 0));
  ck_assert (vgw_offer_has_mline (offer, NULL, 1));
  ck_assert (vgw_offer_has_mline (offer, NULL, -1));
  ck_assert (vgw_offer_has_mline (offer, "", 0));
  ck_assert (!vgw_offer_has_mline (offer, "7", 0));
  ck_assert (!vgw_offer_has_mline (offer, NULL, 2));
}
END_TEST

/* A self-signed certificate as PEM, and its SHA-256 fingerprint. Both (transfer full). */
static void
make_certificate (char **pem, char **fingerprint)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = X509_new ();
  BIO *bio = BIO_new (BIO_s_mem ());
  guint8 digest[32];
  char *data = NULL;

  X509_gmtime_adj (X509_getm_notBefore (certificate), 0);
  X509_gmtime_adj (X509_getm_notAfter (certificate), 3600);
  X509_set_pubkey (certificate, key);
  X509_sign (certificate, key, EVP_sha256 ());
  PEM_write_bio_X509 (bio, certificate);
  long length = BIO_get_mem_data (bio, &data);
  *pem = g_strndup (data, length);
  X509_digest (certificate, EVP_sha256 (), digest, NULL);
  GString *text = g_string_new ("sha-256 ");
  for (guint i = 0; i < sizeof digest; i++)
    g_string_append_printf (text, "%s%02x", i > 0 ? ":" : "", digest[i]);
  *fingerprint = g_string_free (text, FALSE);
  BIO_free_all (bio);
  X509_free (certificate);
  EVP_PKEY_free (key);
}

START_TEST (only_the_offered_certificate_is_accepted)
{
  g_autofree char *text = load_offer ("chromium-audio.sdp");
  g_autoptr (VgwOffer) offer = parse (text);
  g_autoptr (GError) error = NULL;
  g_autofree char *pem = NULL, *fingerprint = NULL;
  make_certificate (&pem, &fingerprint);

  ck_assert (!vgw_offer_check_certificate (offer, pem, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
  ck_assert (!vgw_offer_check_certificate (offer, NULL, NULL));
  ck_assert (!vgw_offer_check_certificate (offer, "not a certificate", NULL));
  g_ptr_array_add (offer->fingerprints, g_steal_pointer (&fingerprint));
  ck_assert (vgw_offer_check_certificate (offer, pem, NULL));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-offer");
  TCase *tcase = tcase_create ("offer");
  tcase_add_test (tcase, codecs_of_a_browser_are_read_in_its_order);
  tcase_add_test (tcase, static_payload_types_need_no_rtpmap);
  tcase_add_test (tcase, offers_that_cannot_be_used_are_refused_with_the_reason);
  tcase_add_test (tcase, too_many_mlines_are_refused);
  tcase_add_test (tcase, webrtcbin_gets_one_codec_and_audio_first);
  tcase_add_test (tcase, a_client_with_a_lite_agent_does_not_begin);
  tcase_add_test (tcase, parameters_of_one_direction_are_not_passed_on);
  tcase_add_test (tcase, the_answer_has_the_mlines_of_the_offer_in_its_order);
  tcase_add_test (tcase, callers_are_asked_for_dtx_once);
  tcase_add_test (tcase, telephone_events_of_either_clock_rate_are_answered);
  tcase_add_test (tcase, data_channels_of_the_drafts_are_answered_in_their_form);
  tcase_add_test (tcase, an_answer_that_refuses_the_audio_is_an_error);
  tcase_add_test (tcase, candidates_are_for_mlines_that_are_there);
  tcase_add_test (tcase, only_the_offered_certificate_is_accepted);
  suite_add_tcase (suite, tcase);
  return suite;
}
