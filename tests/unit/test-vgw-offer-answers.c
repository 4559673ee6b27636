/* What a peer answers to the offers of tests/data/sdp, each in the form of a client that is there: real webrtcbin, no
 * call. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "media/vgw-offer.h"
#include "media-test.h"
#include "run-suite.h"

#define MAX_MLINES 8

static const char *const pipelines[] = { "opus", "pcmu", "pcma", "g722", NULL };

static VgwMedia *media;

static void
setup (void)
{
  media = media_new (VGW_ICE_AGENT_MUX, pipelines, MAX_MLINES);
}

static void
teardown (void)
{
  vgw_media_shutdown (media);
  g_clear_object (&media);
}

/* The answer of a peer of its own. (transfer full) */
static GstSDPMessage *
answer_by_new_peer (const char *offer)
{
  const VgwAudioFormat format = { 16000 };
  g_autoptr (VgwPeer) peer = vgw_peer_new (media, "test", &(VgwPeerSetup){ .format = format });
  GstSDPMessage *answer = answer_offer (peer, offer);

  vgw_peer_stop (peer);
  return answer;
}

static const char *
get_direction (const GstSDPMedia *answered)
{
  static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
  const char *found = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if (gst_sdp_media_get_attribute_val (answered, directions[i]) != NULL)
      {
        ck_assert_ptr_null (found);
        found = directions[i];
      }
  return found;
}

/* "audio 9 UDP/TLS/RTP/SAVPF 111 mid=0 sendrecv ssrc | …" (transfer full) */
static char *
summarise (const GstSDPMessage *answer)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < gst_sdp_message_medias_len (answer); i++)
    {
      const GstSDPMedia *answered = gst_sdp_message_get_media (answer, i);
      const char *mid = gst_sdp_media_get_attribute_val (answered, "mid");
      const char *direction = get_direction (answered);
      gboolean has_ssrc = gst_sdp_media_get_attribute_val (answered, "ssrc") != NULL;
      g_string_append_printf (text, "%s%s %u %s", i > 0 ? " | " : "", gst_sdp_media_get_media (answered),
                              gst_sdp_media_get_port (answered), gst_sdp_media_get_proto (answered));
      for (guint j = 0; j < gst_sdp_media_formats_len (answered); j++)
        g_string_append_printf (text, " %s", gst_sdp_media_get_format (answered, j));
      g_string_append_printf (text, " mid=%s", mid != NULL ? mid : "-");
      if (g_str_equal (gst_sdp_media_get_media (answered), "audio"))
        g_string_append_printf (text, " %s", direction);
      if (has_ssrc)
        g_string_append (text, " ssrc");
      /* RFC 8830: who sends says in which stream; who does not has none */
      ck_assert_int_eq (has_ssrc, gst_sdp_media_get_attribute_val (answered, "msid") != NULL);
    }
  return g_string_free (text, FALSE);
}

static const struct
{
  const char *file;
  const char *bundle; /* (nullable) */
  const char *mlines; /* as summarise () has them */
} answers[] = {
  { "chromium-audio.sdp", "0 1",
    "audio 9 UDP/TLS/RTP/SAVPF 111 110 mid=0 sendrecv ssrc | "
    "application 9 UDP/DTLS/SCTP webrtc-datachannel mid=1" },
  { "firefox.sdp", "0 1",
    "audio 9 UDP/TLS/RTP/SAVPF 109 101 mid=0 sendrecv ssrc | "
    "application 9 UDP/DTLS/SCTP webrtc-datachannel mid=1" },
  { "safari.sdp", "audio data",
    "audio 9 UDP/TLS/RTP/SAVPF 111 110 mid=audio sendrecv ssrc | "
    "application 9 UDP/DTLS/SCTP webrtc-datachannel mid=data" },
  { "esp-peer.sdp", "0 1",
    "audio 9 UDP/TLS/RTP/SAVP 111 mid=0 sendrecv ssrc | application 9 UDP/DTLS/SCTP webrtc-datachannel mid=1" },
  { "esp-pcma.sdp", "audio", "audio 9 UDP/TLS/RTP/SAVP 8 mid=audio sendrecv ssrc" },
  { "kurento.sdp", "audio0", "audio 9 RTP/SAVPF 96 mid=audio0 sendrecv ssrc" },
  { "webrtcbin.sdp", NULL, "audio 9 UDP/TLS/RTP/SAVPF 97 mid=audio0 sendrecv ssrc" },
  { "janus.sdp", "a d",
    "audio 9 UDP/TLS/RTP/SAVPF 111 mid=a recvonly | application 9 UDP/DTLS/SCTP webrtc-datachannel mid=d" },
  { "asterisk.sdp", "audio-0", "audio 9 UDP/TLS/RTP/SAVPF 107 101 mid=audio-0 sendrecv ssrc" },
  { "freeswitch.sdp", NULL, "audio 9 RTP/SAVPF 102 103 mid=- sendrecv ssrc" },
  { "send-and-receive.sdp", "s r",
    "audio 9 UDP/TLS/RTP/SAVPF 111 126 mid=s recvonly | audio 9 UDP/TLS/RTP/SAVPF 111 mid=r sendonly ssrc" },
  { "receive-and-send.sdp", "r s",
    "audio 9 UDP/TLS/RTP/SAVPF 109 mid=r sendonly ssrc | audio 9 UDP/TLS/RTP/SAVPF 111 mid=s recvonly" },
  { "inactive-first.sdp", "0 1",
    "audio 9 UDP/TLS/RTP/SAVPF 111 mid=0 inactive | audio 9 UDP/TLS/RTP/SAVPF 111 mid=1 sendrecv ssrc" },
  { "apart.sdp", NULL,
    "audio 9 UDP/TLS/RTP/SAVPF 111 mid=0 sendrecv ssrc | video 0 UDP/TLS/RTP/SAVPF 96 mid=1 | "
    "application 0 UDP/DTLS/SCTP webrtc-datachannel mid=2" },
  { "tcp-drafts.sdp", "d 0",
    "application 9 TCP/DTLS/SCTP 5000 mid=d | audio 9 TCP/DTLS/RTP/SAVPF 111 mid=0 sendrecv ssrc" },
};

static void
check_answer (const char *file, const char *bundle, const char *mlines)
{
  g_autofree char *offer = load_offer (file);
  GstSDPMessage *answer = answer_by_new_peer (offer);
  g_autofree char *summary = summarise (answer);
  const char *group = gst_sdp_message_get_attribute_val (answer, "group");
  g_autofree char *expected_group = g_strconcat ("BUNDLE ", bundle, NULL);

  ck_assert_msg (g_str_equal (summary, mlines), "%s: %s", file, summary);
  ck_assert_msg (bundle != NULL ? g_strcmp0 (group, expected_group) == 0 : group == NULL, "%s: %s", file,
                 group != NULL ? group : "no group");
  gst_sdp_message_free (answer);
}

START_TEST (each_client_gets_the_answer_to_its_offer)
{
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    check_answer (answers[i].file, answers[i].bundle, answers[i].mlines);
}
END_TEST

/* RFC 8829 section 5.1.2 */
static const char *const profiles[] = {
  "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP",
  "RTP/SAVPF",         "RTP/SAVP",         "RTP/AVPF",           "RTP/AVP",
};

START_TEST (the_profile_of_the_offer_is_repeated)
{
  g_autofree char *text = load_offer ("esp-peer.sdp");
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    {
      g_autofree char *profile = g_strconcat (profiles[i], " ", NULL);
      g_autofree char *offer = replace (text, "UDP/TLS/RTP/SAVP ", profile);
      GstSDPMessage *answer = answer_by_new_peer (offer);
      const GstSDPMedia *audio = gst_sdp_message_get_media (answer, 0);

      ck_assert_str_eq (gst_sdp_media_get_proto (audio), profiles[i]);
      ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (audio, "fingerprint"));
      ck_assert_ptr_null (gst_sdp_media_get_attribute_val (audio, "rtcp-fb")); /* AVP has no early feedback */
      gst_sdp_message_free (answer);
    }
}
END_TEST

START_TEST (the_candidates_stand_where_the_transport_is)
{
  g_autofree char *offer = load_offer ("tcp-drafts.sdp");
  GstSDPMessage *answer = answer_by_new_peer (offer);

  ck_assert_str_eq (gst_sdp_message_get_attribute_val (answer, "group"), "BUNDLE d 0");
  ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (answer, 0), "candidate"));
  ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (answer, 0), "sctpmap"));
  gst_sdp_message_free (answer);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-offer-answers");
  TCase *tcase = tcase_create ("answers");

  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_set_timeout (tcase, 0);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, each_client_gets_the_answer_to_its_offer);
  tcase_add_test (tcase, the_profile_of_the_offer_is_repeated);
  tcase_add_test (tcase, the_candidates_stand_where_the_transport_is);
  suite_add_tcase (suite, tcase);
  return suite;
}
