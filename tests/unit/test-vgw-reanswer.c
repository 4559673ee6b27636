/* What a peer answers to further offers on the connection that it has answered (RFC 8829 sections 5.2.2 and 5.3.2): real
 * webrtcbin, no call. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "media-test.h"
#include "run-suite.h"

#define MAX_MLINES 4
#define REMOTE_UFRAG "0B8a"
#define REMOTE_PWD "nbYEbOo1n0Tqe9XMs9txqBNp"
#define NEW_UFRAG "9z9z"
#define NEW_PWD "abcdefghijklmnopqrstuvwx"
#define CHROMIUM_ID "3842845089088583312"

#define VIDEO                                                                                                          \
  "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" REMOTE_UFRAG "\r\na=ice-pwd:" REMOTE_PWD        \
  "\r\na=setup:actpass\r\na=mid:2\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
#define DATA                                                                                                           \
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" REMOTE_UFRAG                  \
  "\r\na=ice-pwd:" REMOTE_PWD "\r\na=setup:actpass\r\na=mid:3\r\na=sctp-port:5000\r\n"

static const char *const pipelines[] = { "opus", "pcmu", NULL };

static VgwMedia *media;
static VgwPeer *peer;

static void
set_up (void)
{
  const VgwAudioFormat format = { 16000 };

  media = media_new (VGW_ICE_AGENT_MUX, pipelines, MAX_MLINES);
  peer = vgw_peer_new (media, "test", &(VgwPeerSetup){ .format = format });
}

static void
tear_down (void)
{
  vgw_peer_stop (peer);
  g_clear_object (&peer);
  vgw_media_shutdown (media);
  g_clear_object (&media);
}

static void
change (char **text, const char *from, const char *to)
{
  char *changed = replace (*text, from, to);

  g_free (*text);
  *text = changed;
}

/* (transfer full) */
static GstSDPMessage *
answer_next (const char *offer)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = vgw_peer_reanswer (peer, offer, &error);

  ck_assert_msg (answer != NULL, "%s", error ? error->message : "");
  return parse_sdp (answer);
}

static void
check_error (const char *offer, VgwErrorCode code)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_peer_reanswer (peer, offer, &error));
  ck_assert_msg (g_error_matches (error, VGW_ERROR, code), "%s", error->message);
}

static const char *
get (const GstSDPMessage *answer, guint mline, const char *key)
{
  return gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (answer, mline), key);
}

static gboolean
has_direction (const GstSDPMessage *answer, guint mline, const char *direction)
{
  static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if ((get (answer, mline, directions[i]) != NULL) != g_str_equal (directions[i], direction))
      return FALSE;
  return TRUE;
}

/* Everything that a renegotiation must not change. */
static void
check_same_connection (const GstSDPMessage *before, const GstSDPMessage *now)
{
  static const char *const kept[] = { "fingerprint", "setup" };
  guint n_before = gst_sdp_message_medias_len (before);

  ck_assert_str_eq (gst_sdp_message_get_origin (before)->sess_id, gst_sdp_message_get_origin (now)->sess_id);
  ck_assert_int_eq (atoi (gst_sdp_message_get_origin (now)->sess_version),
                    atoi (gst_sdp_message_get_origin (before)->sess_version) + 1);
  ck_assert_ptr_nonnull (gst_sdp_message_get_attribute_val (now, "ice-lite"));
  ck_assert_uint_ge (gst_sdp_message_medias_len (now), n_before);
  for (guint i = 0; i < n_before; i++)
    {
      ck_assert_str_eq (gst_sdp_media_get_media (gst_sdp_message_get_media (now, i)),
                        gst_sdp_media_get_media (gst_sdp_message_get_media (before, i)));
      ck_assert_str_eq (get (now, i, "mid"), get (before, i, "mid"));
      for (guint j = 0; j < G_N_ELEMENTS (kept); j++)
        ck_assert_str_eq (get (now, i, kept[j]), get (before, i, kept[j]));
    }
}

static void
check_same_transport (const GstSDPMessage *before, const GstSDPMessage *now, gboolean is_same)
{
  ck_assert_int_eq (g_str_equal (get (before, 0, "ice-ufrag"), get (now, 0, "ice-ufrag")), is_same);
  ck_assert_int_eq (g_str_equal (get (before, 0, "ice-pwd"), get (now, 0, "ice-pwd")), is_same);
  ck_assert_str_eq (get (before, 0, "candidate"), get (now, 0, "candidate"));
  ck_assert_ptr_nonnull (get (now, 0, "end-of-candidates"));
}

static guint
get_port (const GstSDPMessage *answer, guint mline)
{
  return gst_sdp_media_get_port (gst_sdp_message_get_media (answer, mline));
}

/* Hold and resume, as pages do it. */
START_TEST (the_directions_follow_the_offer)
{
  static const struct
  {
    const char *offered, *answered;
    gboolean is_sent;
  } directions[] = {
    { "sendonly", "recvonly", FALSE },
    { "inactive", "inactive", FALSE },
    { "recvonly", "sendonly", TRUE },
    { "sendrecv", "sendrecv", TRUE },
  };
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  GstSDPMessage *before = answer_offer (peer, offer);
  g_autofree char *ssrc = g_strdup (get (before, 0, "ssrc"));

  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    {
      g_autofree char *attribute = g_strdup_printf ("a=%s\r\n", directions[i].offered);
      g_autofree char *next = replace (offer, "a=sendrecv\r\n", attribute);
      GstSDPMessage *now = answer_next (next);

      check_same_connection (before, now);
      check_same_transport (before, now, TRUE);
      ck_assert_msg (has_direction (now, 0, directions[i].answered), "%s", directions[i].offered);
      ck_assert_int_eq (get (now, 0, "ssrc") != NULL, directions[i].is_sent);
      if (directions[i].is_sent)
        ck_assert_str_eq (get (now, 0, "ssrc"), ssrc);
      ck_assert_str_eq (gst_sdp_message_get_attribute_val (now, "group"), "BUNDLE 0 1");
      gst_sdp_message_free (before);
      before = now;
    }
  gst_sdp_message_free (before);
}
END_TEST

START_TEST (who_only_listens_at_first_can_speak_later)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *listening = replace (offer, "a=sendrecv", "a=recvonly");
  GstSDPMessage *before = answer_offer (peer, listening);
  GstSDPMessage *now = answer_next (offer);

  ck_assert (has_direction (before, 0, "sendonly"));
  ck_assert (has_direction (now, 0, "sendrecv"));
  gst_sdp_message_free (before);
  gst_sdp_message_free (now);
}
END_TEST

START_TEST (who_only_speaks_at_first_can_listen_later)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *speaking = replace (offer, "a=sendrecv", "a=sendonly");
  GstSDPMessage *before = answer_offer (peer, speaking);
  GstSDPMessage *now = answer_next (offer);

  ck_assert (has_direction (before, 0, "recvonly"));
  ck_assert (has_direction (now, 0, "sendrecv"));
  ck_assert_ptr_null (gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (before, 0), "ssrc"));
  ck_assert_ptr_nonnull (gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (now, 0), "ssrc"));
  gst_sdp_message_free (before);
  gst_sdp_message_free (now);
}
END_TEST

START_TEST (media_made_later_is_inactive_and_a_data_channel_where_there_was_none_is_rejected)
{
  g_autofree char *both = load_offer ("chromium-audio.sdp");
  g_autofree char *offer = g_strndup (both, (gsize) (strstr (both, "m=application") - both));
  g_autofree char *video = g_strconcat (offer, VIDEO, NULL);
  g_autofree char *data = NULL;
  GstSDPMessage *first, *second, *third;

  change (&offer, "a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
  first = answer_offer (peer, offer);
  change (&video, "a=group:BUNDLE 0 1", "a=group:BUNDLE 0 2");
  second = answer_next (video);
  check_same_connection (first, second);
  ck_assert (has_direction (second, 0, "sendrecv"));
  ck_assert (has_direction (second, 1, "inactive"));
  ck_assert_uint_ne (get_port (second, 1), 0);
  ck_assert_str_eq (gst_sdp_message_get_attribute_val (second, "group"), "BUNDLE 0 2");

  data = g_strconcat (video, DATA, NULL);
  change (&data, "a=group:BUNDLE 0 2", "a=group:BUNDLE 0 2 3");
  third = answer_next (data);
  check_same_connection (second, third);
  ck_assert_uint_eq (get_port (third, 2), 0);
  ck_assert_str_eq (gst_sdp_message_get_attribute_val (third, "group"), "BUNDLE 0 2");
  gst_sdp_message_free (first);
  gst_sdp_message_free (second);
  gst_sdp_message_free (third);
}
END_TEST

START_TEST (audio_that_is_stopped_is_rejected_and_taken_up_on_another_mline)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *stopped = replace (offer, "m=audio 9", "m=audio 0");
  g_autofree char *again = NULL;
  const char *audio = strstr (offer, "m=audio"), *application = strstr (offer, "m=application");
  g_autofree char *mline = g_strndup (audio, (gsize) (application - audio));
  GstSDPMessage *first = answer_offer (peer, offer), *second, *third;

  change (&stopped, "BUNDLE 0 1", "BUNDLE 1");
  second = answer_next (stopped);
  ck_assert_uint_eq (get_port (second, 0), 0);
  ck_assert_uint_ne (get_port (second, 1), 0);
  ck_assert_str_eq (gst_sdp_message_get_attribute_val (second, "group"), "BUNDLE 1");
  ck_assert_ptr_nonnull (get (second, 1, "candidate"));

  change (&mline, "a=mid:0", "a=mid:5");
  again = g_strconcat (stopped, mline, NULL);
  change (&again, "BUNDLE 1", "BUNDLE 1 5");
  third = answer_next (again);
  ck_assert_uint_eq (get_port (third, 0), 0);
  ck_assert (has_direction (third, 2, "sendrecv"));
  ck_assert_str_eq (get (third, 2, "ssrc"), get (first, 0, "ssrc"));
  gst_sdp_message_free (first);
  gst_sdp_message_free (second);
  gst_sdp_message_free (third);
}
END_TEST

START_TEST (audio_on_two_mlines_is_held_on_each)
{
  g_autofree char *offer = load_offer ("send-and-receive.sdp");
  g_autofree char *deaf = replace (offer, "a=recvonly", "a=inactive");
  g_autofree char *mute = replace (offer, "a=sendonly", "a=inactive");
  GstSDPMessage *first = answer_offer (peer, offer), *now = answer_next (deaf);

  ck_assert (has_direction (first, 0, "recvonly") && has_direction (first, 1, "sendonly"));
  ck_assert (has_direction (now, 0, "recvonly") && has_direction (now, 1, "inactive"));
  gst_sdp_message_free (now);
  now = answer_next (mute);
  ck_assert (has_direction (now, 0, "inactive") && has_direction (now, 1, "sendonly"));
  gst_sdp_message_free (now);
  now = answer_next (offer);
  ck_assert (has_direction (now, 0, "recvonly") && has_direction (now, 1, "sendonly"));
  ck_assert_str_eq (get (now, 1, "ssrc"), get (first, 1, "ssrc"));
  gst_sdp_message_free (now);
  gst_sdp_message_free (first);
}
END_TEST

START_TEST (new_credentials_restart_ice_and_stay)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *restart = replace (offer, REMOTE_UFRAG, NEW_UFRAG);
  g_autofree char *held = NULL;
  GstSDPMessage *first = answer_offer (peer, offer), *second, *third;

  change (&restart, REMOTE_PWD, NEW_PWD);
  second = answer_next (restart);
  check_same_connection (first, second);
  check_same_transport (first, second, FALSE);
  held = replace (restart, "a=sendrecv", "a=sendonly");
  third = answer_next (held);
  check_same_connection (second, third);
  check_same_transport (second, third, TRUE);
  gst_sdp_message_free (first);
  gst_sdp_message_free (second);
  gst_sdp_message_free (third);
}
END_TEST

START_TEST (ice_restarts_without_sdp)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *next = replace (offer, REMOTE_UFRAG, NEW_UFRAG);
  g_autoptr (VgwIceParameters) own = NULL;
  g_autoptr (GError) error = NULL;
  GstSDPMessage *first = answer_offer (peer, offer), *second;

  ck_assert_ptr_null (vgw_peer_restart_ice (peer, "no", NEW_PWD, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
  own = vgw_peer_restart_ice (peer, NEW_UFRAG, NEW_PWD, NULL);
  ck_assert_ptr_nonnull (own);
  ck_assert_str_ne (own->ufrag, get (first, 0, "ice-ufrag"));
  ck_assert_uint_gt (own->candidates->len, 0);
  ck_assert_str_eq (g_ptr_array_index (own->candidates, 0) + strlen ("candidate:"), get (first, 0, "candidate"));

  change (&next, REMOTE_PWD, NEW_PWD); /* the client's next offer has what it restarted with */
  second = answer_next (next);
  ck_assert_str_eq (get (second, 0, "ice-ufrag"), own->ufrag);
  ck_assert_str_eq (get (second, 0, "ice-pwd"), own->pwd);
  gst_sdp_message_free (first);
  gst_sdp_message_free (second);
}
END_TEST

START_TEST (an_offer_of_another_connection_is_for_another_peer)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *certificate = replace (offer, "41:1D:80", "41:1D:81");
  g_autofree char *reused = replace (offer, CHROMIUM_ID, "1");
  g_autofree char *without_id = replace (offer, CHROMIUM_ID, "1");
  g_autofree char *shorter = NULL;

  check_error (offer, VGW_ERROR_BAD_STATE);
  gst_sdp_message_free (answer_offer (peer, offer));
  check_error (certificate, VGW_ERROR_BAD_STATE);
  change (&reused, REMOTE_UFRAG, NEW_UFRAG); /* the same certificate, in another RTCPeerConnection */
  check_error (reused, VGW_ERROR_BAD_STATE);
  shorter = g_strndup (reused, (gsize) (strstr (reused, "m=application") - reused));
  check_error (shorter, VGW_ERROR_BAD_STATE);
  gst_sdp_message_free (answer_next (without_id)); /* aiortc has another id in each offer */
}
END_TEST

START_TEST (an_offer_that_breaks_the_rules_changes_nothing)
{
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *shorter = g_strndup (offer, (gsize) (strstr (offer, "m=application") - offer));
  g_autofree char *mid = replace (offer, "a=mid:1", "a=mid:7");
  g_autofree char *codec = replace (offer, "111", "112");
  g_autofree char *role = NULL;
  g_autofree char *longer = g_strconcat (offer, VIDEO, DATA, VIDEO, NULL);
  g_autofree char *own_setup = NULL;
  GstSDPMessage *first = answer_offer (peer, offer), *second;

  own_setup = g_strdup_printf ("a=setup:%s", get (first, 0, "setup"));
  role = replace (offer, "a=setup:actpass", own_setup);
  check_error ("v=0", VGW_ERROR_BAD_STATE);
  check_error ("nothing", VGW_ERROR_BAD_MESSAGE);
  check_error (shorter, VGW_ERROR_BAD_MESSAGE);
  check_error (mid, VGW_ERROR_BAD_MESSAGE);
  check_error (codec, VGW_ERROR_BAD_MESSAGE);
  check_error (role, VGW_ERROR_BAD_MESSAGE);
  check_error (longer, VGW_ERROR_TOO_LARGE);
  second = answer_next (offer);
  check_same_connection (first, second);
  check_same_transport (first, second, TRUE);
  gst_sdp_message_free (first);
  gst_sdp_message_free (second);
}
END_TEST

START_TEST (with_libnice_directions_change_but_ice_does_not_restart)
{
  const VgwAudioFormat format = { 16000 };
  g_autofree char *offer = load_offer ("chromium-audio.sdp");
  g_autofree char *held = replace (offer, "a=sendrecv", "a=sendonly");
  g_autofree char *restart = replace (offer, REMOTE_UFRAG, NEW_UFRAG);
  GstSDPMessage *answer;

  tear_down ();
  media = media_new (VGW_ICE_AGENT_NICE, pipelines, MAX_MLINES);
  peer = vgw_peer_new (media, "test", &(VgwPeerSetup){ .format = format });
  gst_sdp_message_free (answer_offer (peer, offer));
  check_error (restart, VGW_ERROR_BAD_STATE);
  ck_assert_ptr_null (vgw_peer_restart_ice (peer, NEW_UFRAG, NEW_PWD, NULL));
  answer = answer_next (held);
  ck_assert (has_direction (answer, 0, "recvonly"));
  gst_sdp_message_free (answer);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-reanswer");
  TCase *tcase = tcase_create ("reanswer");

  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_set_timeout (tcase, 0);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, the_directions_follow_the_offer);
  tcase_add_test (tcase, who_only_listens_at_first_can_speak_later);
  tcase_add_test (tcase, who_only_speaks_at_first_can_listen_later);
  tcase_add_test (tcase, media_made_later_is_inactive_and_a_data_channel_where_there_was_none_is_rejected);
  tcase_add_test (tcase, audio_that_is_stopped_is_rejected_and_taken_up_on_another_mline);
  tcase_add_test (tcase, audio_on_two_mlines_is_held_on_each);
  tcase_add_test (tcase, new_credentials_restart_ice_and_stay);
  tcase_add_test (tcase, ice_restarts_without_sdp);
  tcase_add_test (tcase, an_offer_of_another_connection_is_for_another_peer);
  tcase_add_test (tcase, an_offer_that_breaks_the_rules_changes_nothing);
  tcase_add_test (tcase, with_libnice_directions_change_but_ice_does_not_restart);
  suite_add_tcase (suite, tcase);
  return suite;
}
