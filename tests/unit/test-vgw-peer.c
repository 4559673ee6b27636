#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "media/vgw-dtls-certificate.h"
#include "media/vgw-peer-description.h"
#include "media-test.h"
#include "offerer.h"
#include "run-suite.h"

#define TIMEOUT_MS 20000
#define LOUD 3000           /* the tone is at 0.8 of full scale; silence is 0 */
#define ENOUGH_SAMPLES 8000 /* half a second at 16 kHz */
#define N_CYCLES 25
#define EVENT_BYTES 30000
#define RELEASE_DELAY_MS 300 /* many times of what a pipeline needs to go to NULL */

static VgwMedia *media;

typedef struct
{
  Offerer *offerer;
  VgwBridge *bridge;
  VgwPeer *peer;
  char *answer;
  GError *error; /* of the answer, or of "failed" */
  gboolean is_connected, is_closed;
  char *track_codec;
  char *text;
  gint n_heard, peak; /* atomic: of the caller's voice at the bridge */
} Call;

#define MAX_MLINES 8

static const char *const pipelines[] = { "opus", "pcmu", "pcma", "g722", NULL };

static void
setup_mux (void)
{
  media = media_new (VGW_ICE_AGENT_MUX, pipelines, MAX_MLINES);
}

static void
setup_nice (void)
{
  media = media_new (VGW_ICE_AGENT_NICE, pipelines, MAX_MLINES);
}

static void
teardown (void)
{
  vgw_media_shutdown (media);
  g_clear_object (&media);
}

static void
on_connected (VgwPeer *peer, Call *call)
{
  vgw_peer_attach (peer, call->bridge);
  call->is_connected = TRUE;
}

static void
on_closed (VgwPeer *peer, Call *call)
{
  call->is_closed = TRUE;
}

static void
on_failed (VgwPeer *peer, const GError *error, Call *call)
{
  if (call->error == NULL)
    call->error = g_error_copy (error);
}

static void
on_track (VgwPeer *peer, const VgwTrack *track, Call *call)
{
  call->track_codec = g_strdup (track->codec);
}

static void
on_event (VgwPeer *peer, const char *text, Call *call)
{
  call->text = g_strdup (text);
}

/* Streaming thread: what the caller says, sent straight back. */
static void
on_audio (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Call *call = user_data;
  gint peak = g_atomic_int_get (&call->peak);
  for (gsize i = 0; i < n_samples; i++)
    peak = MAX (peak, abs (samples[i]));
  g_atomic_int_set (&call->peak, peak);
  g_atomic_int_add (&call->n_heard, n_samples);
  vgw_playout_push (vgw_bridge_get_playout (call->bridge), samples, n_samples);
}

static Call *
call_new (void)
{
  const VgwAudioFormat format = { 16000 };
  Call *call = g_new0 (Call, 1);
  call->bridge = vgw_bridge_new (vgw_media_get_pacer (media), &format, 1000);
  vgw_bridge_set_audio_func (call->bridge, on_audio, call, NULL);
  call->peer = vgw_peer_new (media, "test", &(VgwPeerSetup){ .format = format });
  g_signal_connect (call->peer, "connected", G_CALLBACK (on_connected), call);
  g_signal_connect (call->peer, "closed", G_CALLBACK (on_closed), call);
  g_signal_connect (call->peer, "failed", G_CALLBACK (on_failed), call);
  g_signal_connect (call->peer, "track", G_CALLBACK (on_track), call);
  g_signal_connect (call->peer, "event", G_CALLBACK (on_event), call);
  return call;
}

static void
call_free (Call *call)
{
  vgw_peer_stop (call->peer);
  vgw_bridge_set_audio_func (call->bridge, NULL, NULL, NULL);
  g_signal_handlers_disconnect_by_data (call->peer, call);
  g_clear_object (&call->peer);
  g_clear_object (&call->bridge);
  g_clear_pointer (&call->offerer, offerer_free);
  g_clear_error (&call->error);
  g_free (call->answer);
  g_free (call->track_codec);
  g_free (call->text);
  g_free (call);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  call->answer = vgw_peer_answer_finish (VGW_PEER (source), result, &call->error);
}

static gboolean
has_offer (gpointer user_data)
{
  Call *call = user_data;
  return offerer_get_offer (call->offerer) != NULL;
}

static gboolean
has_answer (gpointer user_data)
{
  Call *call = user_data;
  return call->answer != NULL || call->error != NULL;
}

static gboolean
is_connected (gpointer user_data)
{
  Call *call = user_data;
  return call->is_connected || call->error != NULL;
}

static gboolean
has_failed (gpointer user_data)
{
  Call *call = user_data;
  return call->error != NULL;
}

static gboolean
is_heard_both_ways (gpointer user_data)
{
  Call *call = user_data;
  return g_atomic_int_get (&call->n_heard) > ENOUGH_SAMPLES && g_atomic_int_get (&call->peak) > LOUD
         && offerer_get_n_samples (call->offerer) > ENOUGH_SAMPLES && offerer_get_peak (call->offerer) > LOUD
         && call->track_codec != NULL;
}

/* What a browser's parser asks of each line; it refuses the whole answer for one. */
static void
assert_well_formed (const char *sdp)
{
  g_auto (GStrv) lines = g_strsplit (sdp, "\r\n", -1);
  guint n_lines = g_strv_length (lines);

  ck_assert_str_eq (lines[n_lines - 1], ""); /* the last one has its end, too */
  for (guint i = 0; i < n_lines - 1; i++)
    ck_assert_msg (g_regex_match_simple ("^([vostcmb]=.|a=[a-z])", lines[i], 0, 0), "line %u: \"%s\"", i, lines[i]);
  ck_assert_ptr_nonnull (strstr (sdp, "\r\na=candidate:"));
  ck_assert_ptr_nonnull (strstr (sdp, "\r\na=end-of-candidates\r\n"));
}

static void
answer (Call *call, const char *offer)
{
  vgw_peer_answer_async (call->peer, offer, NULL, on_answer, call);
  ck_assert (wait_until (has_answer, call, TIMEOUT_MS));
  if (call->answer != NULL)
    assert_well_formed (call->answer);
}

static Call *
start_call (void)
{
  Call *call = call_new ();
  call->offerer = offerer_new ();
  ck_assert (wait_until (has_offer, call, TIMEOUT_MS));
  answer (call, offerer_get_offer (call->offerer));
  ck_assert_msg (call->error == NULL, "%s", call->error ? call->error->message : "");
  offerer_set_answer (call->offerer, call->answer);
  ck_assert (wait_until (is_connected, call, TIMEOUT_MS));
  ck_assert_msg (call->error == NULL, "%s", call->error ? call->error->message : "");
  return call;
}

START_TEST (a_call_is_heard_both_ways)
{
  Call *call = start_call ();
  VgwCallConnection connection = { 0 };

  ck_assert (wait_until (is_heard_both_ways, call, TIMEOUT_MS));
  ck_assert_str_eq (call->track_codec, "OPUS");
  ck_assert_str_eq (vgw_peer_get_codec (call->peer), "OPUS");
  vgw_peer_get_connection (call->peer, &connection);
  ck_assert_int_gt (connection.last_activity_us, 0);
  ck_assert (connection.is_checked && connection.has_dtls && connection.is_connected && !connection.is_silent);
  ck_assert (connection.is_sending && connection.is_receiving);
  ck_assert_int_ge (connection.packet_age_ms, 0);
  ck_assert_uint_eq (connection.ignored + connection.dropped, 0);
  call_free (call);
}
END_TEST

/* webrtcbin, the offerer here, does not compare them; browsers do. */
START_TEST (the_answer_has_the_fingerprint_of_the_certificate)
{
  Call *call = start_call ();
  g_autofree char *pem = offerer_get_gateway_certificate (call->offerer);
  const char *fingerprint = vgw_dtls_certificate_get_fingerprint (vgw_media_get_certificate (media));
  BIO *bio = BIO_new_mem_buf (pem, -1);
  X509 *certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  guint8 *der = NULL;
  int n_bytes = i2d_X509 (certificate, &der);
  g_autofree char *digest = vgw_dtls_certificate_digest (der, (gsize) n_bytes, "sha-256");
  guint n_fingerprints = 0;

  ck_assert_str_eq (fingerprint + strlen ("sha-256 "), digest);
  for (const char *at = call->answer; (at = strstr (at, "a=fingerprint:")) != NULL; n_fingerprints++)
    {
      at += strlen ("a=fingerprint:");
      ck_assert (g_str_has_prefix (at, fingerprint));
    }
  ck_assert_uint_eq (n_fingerprints, 2); /* audio, data */
  ck_assert_int_eq (EVP_PKEY_get_base_id (X509_get0_pubkey (certificate)), EVP_PKEY_EC);
  OPENSSL_free (der);
  X509_free (certificate);
  BIO_free_all (bio);
  call_free (call);
}
END_TEST

static gboolean
has_sent_text (gpointer user_data)
{
  Call *call = user_data;
  return offerer_send_text (call->offerer, "{\"hello\":1}");
}

static gboolean
has_text (gpointer user_data)
{
  Call *call = user_data;
  return call->text != NULL;
}

static gboolean
has_answered_text (gpointer user_data)
{
  Call *call = user_data;
  return vgw_peer_send_event (call->peer, "{\"world\":2}") == VGW_SEND_DONE;
}

static gboolean
has_received_text (gpointer user_data)
{
  Call *call = user_data;
  g_autofree char *text = offerer_take_text (call->offerer);
  return g_strcmp0 (text, "{\"world\":2}") == 0;
}

START_TEST (events_pass_over_the_data_channel)
{
  Call *call = start_call ();
  ck_assert (wait_until (has_sent_text, call, TIMEOUT_MS));
  ck_assert (wait_until (has_text, call, TIMEOUT_MS));
  ck_assert_str_eq (call->text, "{\"hello\":1}");
  ck_assert (wait_until (has_answered_text, call, TIMEOUT_MS));
  ck_assert (wait_until (has_received_text, call, TIMEOUT_MS));
  call_free (call);
}
END_TEST

static gboolean
is_closed (gpointer user_data)
{
  Call *call = user_data;
  return call->is_closed || call->error != NULL;
}

/* While @is_slow, whoever releases a pad of the gateway's webrtcbin is overtaken by all that may overtake it. */
static gint is_slow, n_slow, n_too_late; /* atomic */

static gboolean
is_gateways (GstElement *element)
{
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (element));
  return bin != NULL && !g_str_equal (GST_OBJECT_NAME (bin), "peer"); /* the offerer's */
}

/* In place of GStreamer's own, for webrtcbin too: this program exports its symbols. */
void
gst_element_release_request_pad (GstElement *element, GstPad *pad)
{
  typedef void (*ReleaseFunc) (GstElement *, GstPad *);
  ReleaseFunc release = (ReleaseFunc) dlsym (RTLD_NEXT, "gst_element_release_request_pad");
  gint64 until_us = g_get_monotonic_time () + RELEASE_DELAY_MS * G_TIME_SPAN_MILLISECOND;
  if (g_atomic_int_get (&is_slow) && is_gateways (element))
    {
      g_atomic_int_inc (&n_slow);
      while (gst_object_has_as_parent (GST_OBJECT (pad), GST_OBJECT (element)) && g_get_monotonic_time () < until_us)
        g_usleep (1000);
      if (!gst_object_has_as_parent (GST_OBJECT (pad), GST_OBJECT (element)))
        {
          g_atomic_int_inc (&n_too_late); /* a failed assertion in GStreamer's */
          return;
        }
    }
  release (element, pad);
}

static gboolean
is_being_released (gpointer user_data)
{
  return g_atomic_int_get (&n_slow) > 0;
}

static gboolean
are_all_peers_gone (gpointer user_data)
{
  return vgw_media_count_peers (media) == 0;
}

/* 0: by the end of the call. 1: by the client, just before it. */
START_TEST (a_channel_is_closed_once)
{
  Call *call = start_call ();
  ck_assert (wait_until (has_sent_text, call, TIMEOUT_MS));
  ck_assert (wait_until (has_answered_text, call, TIMEOUT_MS));
  g_atomic_int_set (&n_slow, 0);
  g_atomic_int_set (&n_too_late, 0);
  g_atomic_int_set (&is_slow, TRUE);
  if (_i == 1)
    {
      offerer_close_channel (call->offerer);
      ck_assert (wait_until (is_being_released, call, TIMEOUT_MS));
    }
  vgw_peer_stop (call->peer);
  ck_assert (wait_until (are_all_peers_gone, NULL, TIMEOUT_MS));
  g_atomic_int_set (&is_slow, FALSE);
  ck_assert_int_eq (g_atomic_int_get (&n_too_late), 0);
  call_free (call);
}
END_TEST

static gboolean
has_filled_sctp (gpointer user_data)
{
  g_autofree char *text = g_strnfill (EVENT_BYTES, 'x');
  g_autofree char *event = g_strdup_printf ("{\"x\":\"%s\"}", text);
  Call *call = user_data;
  return vgw_peer_send_event (call->peer, event) == VGW_SEND_FULL;
}

START_TEST (events_that_wait_for_a_client_do_not_hold_the_end)
{
  Call *call = start_call ();
  ck_assert (wait_until (has_answered_text, call, TIMEOUT_MS));
  offerer_go_deaf (call->offerer);
  ck_assert (wait_until (has_filled_sctp, call, TIMEOUT_MS));
  vgw_peer_stop (call->peer);
  ck_assert (wait_until (are_all_peers_gone, NULL, TIMEOUT_MS));
  call_free (call);
}
END_TEST

START_TEST (a_closed_dtls_is_told)
{
  Call *call = start_call ();
  ck_assert (wait_until (has_answered_text, call, TIMEOUT_MS));
  offerer_close_dtls (call->offerer);
  ck_assert (wait_until (is_closed, call, TIMEOUT_MS));
  ck_assert (call->is_closed);
  ck_assert_ptr_null (call->error);
  call_free (call);
}
END_TEST

/* The offer promises another certificate than the one that DTLS brings. */
static char *
forge_fingerprint (const char *offer)
{
  char *forged = g_strdup (offer);
  for (char *at = strstr (forged, "a=fingerprint:sha-256 "); at != NULL; at = strstr (at + 1, "a=fingerprint:sha-256 "))
    {
      char *digit = at + strlen ("a=fingerprint:sha-256 ");
      *digit = *digit == '0' ? '1' : '0';
    }
  return forged;
}

START_TEST (a_wrong_certificate_ends_the_call_before_media_passes)
{
  Call *call = call_new ();
  call->offerer = offerer_new ();
  ck_assert (wait_until (has_offer, call, TIMEOUT_MS));
  g_autofree char *forged = forge_fingerprint (offerer_get_offer (call->offerer));
  answer (call, forged);
  ck_assert_msg (call->error == NULL, "%s", call->error ? call->error->message : "");
  offerer_set_answer (call->offerer, call->answer);
  ck_assert (wait_until (has_failed, call, TIMEOUT_MS));
  ck_assert (g_error_matches (call->error, VGW_ERROR, VGW_ERROR_UNAUTHORIZED));
  ck_assert (!call->is_connected);
  ck_assert_int_eq (g_atomic_int_get (&call->n_heard), 0);
  ck_assert_uint_eq (offerer_get_n_samples (call->offerer), 0);
  call_free (call);
}
END_TEST

START_TEST (an_offer_without_our_codecs_is_unsupported)
{
  Call *call = call_new ();
  const char *offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
                      "m=audio 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:97 speex/16000\r\n"
                      "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n"
                      "a=fingerprint:sha-256 AB\r\n";
  answer (call, offer);
  ck_assert (g_error_matches (call->error, VGW_ERROR, VGW_ERROR_UNSUPPORTED));
  ck_assert_ptr_nonnull (strstr (call->error->message, "OPUS, PCMU, PCMA, G722"));
  call_free (call);
}
END_TEST

static guint
count_threads (void)
{
  guint n_threads = 0;
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n_threads++;
  return n_threads;
}

static gboolean
are_threads_back (gpointer user_data)
{
  return count_threads () <= GPOINTER_TO_UINT (user_data);
}

/* Stopped in every state that there is: at once, while answering, answered. */
START_TEST (stopped_peers_leave_no_threads)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "tests/data/sdp/chromium-audio.sdp", NULL);
  g_autofree char *offer = NULL;
  ck_assert (g_file_get_contents (path, &offer, NULL, NULL));
  Call *first = call_new ();
  answer (first, offer);
  call_free (first);
  ck_assert (wait_until (are_all_peers_gone, NULL, TIMEOUT_MS));
  guint n_before = count_threads ();

  for (guint i = 0; i < N_CYCLES; i++)
    {
      Call *call = call_new ();
      if (i % 3 == 0)
        answer (call, offer);
      else if (i % 3 == 1)
        vgw_peer_answer_async (call->peer, offer, NULL, on_answer, call);
      vgw_peer_stop (call->peer);
      ck_assert (i % 3 == 2 || wait_until (has_answer, call, TIMEOUT_MS));
      call_free (call);
    }
  ck_assert (wait_until (are_all_peers_gone, NULL, TIMEOUT_MS));
  /* GLib's and the reaper's pool threads may come and go, by no more than these. */
  ck_assert (wait_until (are_threads_back, GUINT_TO_POINTER (n_before + 2), TIMEOUT_MS));
}
END_TEST

static TCase *
add_case (Suite *suite, const char *name, SFun setup)
{
  TCase *tcase = tcase_create (name);
  tcase_set_timeout (tcase, 0);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_call_is_heard_both_ways);
  tcase_add_test (tcase, the_answer_has_the_fingerprint_of_the_certificate);
  tcase_add_test (tcase, events_pass_over_the_data_channel);
  tcase_add_loop_test (tcase, a_channel_is_closed_once, 0, 2);
  tcase_add_test (tcase, events_that_wait_for_a_client_do_not_hold_the_end);
  tcase_add_test (tcase, a_closed_dtls_is_told);
  tcase_add_test (tcase, a_wrong_certificate_ends_the_call_before_media_passes);
  tcase_add_test (tcase, an_offer_without_our_codecs_is_unsupported);
  tcase_add_test (tcase, stopped_peers_leave_no_threads);
  suite_add_tcase (suite, tcase);
  return tcase;
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-peer");

  g_assert_true (vgw_media_prepare_process (NULL));
  add_case (suite, "mux", setup_mux);
  add_case (suite, "nice", setup_nice);
  return suite;
}
