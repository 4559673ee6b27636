/* The order of the steps, with a bin in place of webrtcbin that replies when the test wants it to: the real one decides
 * that for itself. What the steps do to a real one is in the tests of the peer. */
#include "media/vgw-negotiation.h"

#include <check.h>
#include <gst/webrtc/webrtc.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "run-suite.h"
#include "wait-until.h"

#define GATHER_MS 200
#define FINGERPRINT "sha-256 12:34"
#define CANDIDATE "candidate:1 1 UDP 1 192.0.2.1 9 typ host"

/* --- a pad with a transceiver --- */

#define TEST_TYPE_TRANSCEIVER (test_transceiver_get_type ())
G_DECLARE_FINAL_TYPE (TestTransceiver, test_transceiver, TEST, TRANSCEIVER, GstObject)

struct _TestTransceiver
{
  GstObject parent_instance;
};

G_DEFINE_FINAL_TYPE (TestTransceiver, test_transceiver, GST_TYPE_OBJECT)

static void
test_transceiver_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *pspec)
{
  ck_assert_ptr_nonnull (g_value_get_boxed (value));
}

static void
test_transceiver_class_init (TestTransceiverClass *klass)
{
  G_OBJECT_CLASS (klass)->set_property = test_transceiver_set_property;
  g_object_class_install_property (
      G_OBJECT_CLASS (klass), 1,
      g_param_spec_boxed ("codec-preferences", NULL, NULL, GST_TYPE_CAPS, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
}

static void
test_transceiver_init (TestTransceiver *self)
{
}

#define TEST_TYPE_PAD (test_pad_get_type ())
G_DECLARE_FINAL_TYPE (TestPad, test_pad, TEST, PAD, GstPad)

struct _TestPad
{
  GstPad parent_instance;
};

G_DEFINE_FINAL_TYPE (TestPad, test_pad, GST_TYPE_PAD)

static void
test_pad_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  g_value_take_object (value, gst_object_ref_sink (g_object_new (TEST_TYPE_TRANSCEIVER, NULL)));
}

static void
test_pad_class_init (TestPadClass *klass)
{
  G_OBJECT_CLASS (klass)->get_property = test_pad_get_property;
  g_object_class_install_property (
      G_OBJECT_CLASS (klass), 1,
      g_param_spec_object ("transceiver", NULL, NULL, GST_TYPE_OBJECT, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
test_pad_init (TestPad *self)
{
}

/* --- a bin with webrtcbin's signals --- */

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

#define TEST_TYPE_BIN (test_bin_get_type ())
G_DECLARE_FINAL_TYPE (TestBin, test_bin, TEST, BIN, GstBin)

struct _TestBin
{
  GstBin parent_instance;
  GstPromise *promise;                 /* not answered yet */
  GstWebRTCSessionDescription *remote; /* what was set */
  gboolean has_local;                  /* was to be set */
  guint n_candidates;                  /* of the client */
};

G_DEFINE_FINAL_TYPE (TestBin, test_bin, GST_TYPE_BIN)

static void
on_set_remote (TestBin *self, GstWebRTCSessionDescription *description, GstPromise *promise)
{
  self->remote = gst_webrtc_session_description_copy (description);
  self->promise = gst_promise_ref (promise);
}

static void
on_create_answer (TestBin *self, GstStructure *options, GstPromise *promise)
{
  self->promise = gst_promise_ref (promise);
}

static void
on_set_local (TestBin *self, GstWebRTCSessionDescription *description, GstPromise *promise)
{
  self->has_local = TRUE;
  self->promise = gst_promise_ref (promise);
}

static void
on_add_candidate (TestBin *self, guint mline_index, const char *candidate)
{
  self->n_candidates++;
}

static GstWebRTCRTPTransceiver *
on_get_transceiver (TestBin *self, gint index)
{
  return NULL; /* webrtcbin 1.22 has none before the pad */
}

static GstPad *
test_bin_request_new_pad (GstElement *element, GstPadTemplate *pad_template, const char *name, const GstCaps *caps)
{
  GstPad *pad = g_object_new (TEST_TYPE_PAD, "name", name, "direction", GST_PAD_SINK, "template", pad_template, NULL);

  gst_element_add_pad (element, pad);
  return pad;
}

static void
test_bin_finalize (GObject *object)
{
  TestBin *self = TEST_BIN (object);

  g_clear_pointer (&self->promise, gst_promise_unref);
  g_clear_pointer (&self->remote, gst_webrtc_session_description_free);
  G_OBJECT_CLASS (test_bin_parent_class)->finalize (object);
}

static void
test_bin_class_init (TestBinClass *klass)
{
  GSignalFlags flags = G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION;

  G_OBJECT_CLASS (klass)->finalize = test_bin_finalize;
  GST_ELEMENT_CLASS (klass)->request_new_pad = test_bin_request_new_pad;
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &sink_template);
  g_signal_new_class_handler ("get-transceiver", TEST_TYPE_BIN, flags, G_CALLBACK (on_get_transceiver), NULL, NULL,
                              NULL, GST_TYPE_WEBRTC_RTP_TRANSCEIVER, 1, G_TYPE_INT);
  g_signal_new_class_handler ("set-remote-description", TEST_TYPE_BIN, flags, G_CALLBACK (on_set_remote), NULL, NULL,
                              NULL, G_TYPE_NONE, 2, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, GST_TYPE_PROMISE);
  g_signal_new_class_handler ("create-answer", TEST_TYPE_BIN, flags, G_CALLBACK (on_create_answer), NULL, NULL, NULL,
                              G_TYPE_NONE, 2, GST_TYPE_STRUCTURE, GST_TYPE_PROMISE);
  g_signal_new_class_handler ("set-local-description", TEST_TYPE_BIN, flags, G_CALLBACK (on_set_local), NULL, NULL,
                              NULL, G_TYPE_NONE, 2, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, GST_TYPE_PROMISE);
  g_signal_new_class_handler ("add-ice-candidate", TEST_TYPE_BIN, flags, G_CALLBACK (on_add_candidate), NULL, NULL,
                              NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
}

static void
test_bin_init (TestBin *self)
{
}

/* --- a negotiation --- */

static GstElement *pipeline, *rtp_out;
static TestBin *bin;
static VgwOffer *offer;
static VgwNegotiation *negotiation;
static char *answer;
static GError *failure;
static guint n_finished;

static void
on_finished (char *made, GError *error, gpointer user_data)
{
  n_finished++;
  answer = made;
  failure = error;
}

/* With three candidates, of which one is for RTCP and one has a name that is not looked up. */
static VgwOffer *
load_offer (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "tests", "data", "sdp", "chromium-audio.sdp", NULL);
  g_autofree char *sdp = NULL;
  g_autoptr (GString) offered = NULL;

  ck_assert (g_file_get_contents (path, &sdp, NULL, NULL));
  offered = g_string_new (sdp);
  ck_assert_uint_gt (g_string_replace (offered, "a=sendrecv\r\n",
                                       "a=sendrecv\r\na=candidate:1 1 udp 2113937151 198.51.100.7 53171 typ host\r\n"
                                       "a=candidate:1 2 udp 2113937150 198.51.100.7 53172 typ host\r\n"
                                       "a=candidate:2 1 udp 2113937151 0f5c.local 53171 typ host\r\n",
                                       1),
                     0);
  return vgw_offer_parse (offered->str, 8, NULL);
}

static void
set_up (void)
{
  n_finished = 0;
  pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  rtp_out = gst_element_factory_make ("rtpopuspay", NULL);
  bin = g_object_new (TEST_TYPE_BIN, NULL);
  gst_bin_add_many (GST_BIN (pipeline), GST_ELEMENT (bin), rtp_out, NULL);
  offer = load_offer ();
  ck_assert_ptr_nonnull (offer);
  negotiation = vgw_negotiation_new (
      &(VgwNegotiationSetup){
          .session_id = "test",
          .offer = offer,
          .codec = vgw_offer_find_codec (offer, "OPUS", 48000),
          .bin = GST_ELEMENT (bin),
          .rtp_out = rtp_out,
          .gather_timeout_ms = GATHER_MS,
          .fingerprint = FINGERPRINT,
      },
      on_finished, NULL);
  ck_assert (vgw_negotiation_start (negotiation, NULL));
}

static void
tear_down (void)
{
  vgw_negotiation_stop (negotiation);
  g_object_unref (negotiation);
  vgw_offer_free (offer);
  gst_object_unref (pipeline);
  g_clear_pointer (&answer, g_free);
  g_clear_error (&failure);
}

static void
spin (guint ms)
{
  gint64 until_us = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < until_us)
    g_main_context_iteration (NULL, FALSE);
}

/* Answers the promise that is open. @reply (transfer full) (nullable) */
static void
reply (GstStructure *structure)
{
  g_autoptr (GstPromise) promise = g_steal_pointer (&bin->promise);

  ck_assert_ptr_nonnull (promise);
  gst_promise_reply (promise, structure);
}

/* Up to set-local-description, which has not replied. */
static void
go_on_to_local (void)
{
  GstWebRTCSessionDescription *created;

  ck_assert_ptr_nonnull (bin->remote);
  reply (NULL);
  WAIT_UNTIL (bin->promise != NULL);
  created = gst_webrtc_session_description_copy (bin->remote);
  created->type = GST_WEBRTC_SDP_TYPE_ANSWER;
  reply (gst_structure_new ("answer", "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, created, NULL));
  gst_webrtc_session_description_free (created);
  WAIT_UNTIL (bin->has_local);
}

START_TEST (an_answer_waits_for_the_local_description_though_all_is_gathered)
{
  go_on_to_local ();
  ck_assert (vgw_negotiation_add_local_candidate (negotiation, CANDIDATE));
  vgw_negotiation_set_gathered (negotiation);
  spin (2 * GATHER_MS);
  ck_assert_uint_eq (n_finished, 0);
  reply (NULL);
  WAIT_UNTIL (n_finished > 0);
  ck_assert_ptr_nonnull (answer);
  ck_assert_ptr_nonnull (strstr (answer, "a=" CANDIDATE));
  ck_assert_ptr_nonnull (strstr (answer, "a=end-of-candidates"));
}
END_TEST

START_TEST (the_time_for_candidates_counts_from_the_local_description)
{
  gint64 replied_us;

  go_on_to_local ();
  spin (2 * GATHER_MS);
  ck_assert_uint_eq (n_finished, 0);
  reply (NULL);
  replied_us = g_get_monotonic_time ();
  WAIT_UNTIL (n_finished > 0);
  ck_assert_int_ge (g_get_monotonic_time () - replied_us, GATHER_MS * G_TIME_SPAN_MILLISECOND);
  ck_assert_ptr_nonnull (answer);
  ck_assert_ptr_null (strstr (answer, "a=end-of-candidates"));
  ck_assert (!vgw_negotiation_add_local_candidate (negotiation, CANDIDATE)); /* to be trickled */
  vgw_negotiation_set_gathered (negotiation);
  spin (GATHER_MS);
  ck_assert_uint_eq (n_finished, 1);
}
END_TEST

START_TEST (candidates_of_the_client_wait_for_its_description)
{
  vgw_negotiation_add_remote_candidate (negotiation, CANDIDATE);
  ck_assert_uint_eq (bin->n_candidates, 0);
  go_on_to_local ();
  ck_assert_uint_eq (bin->n_candidates, 2); /* with that of the offer */
  vgw_negotiation_add_remote_candidate (negotiation, CANDIDATE);
  ck_assert_uint_eq (bin->n_candidates, 3);
}
END_TEST

START_TEST (a_step_that_fails_is_the_last)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_INTERNAL, "no");

  reply (gst_structure_new ("error", "error", G_TYPE_ERROR, error, NULL));
  WAIT_UNTIL (n_finished > 0);
  ck_assert (g_error_matches (failure, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
  ck_assert_ptr_nonnull (strstr (failure->message, "set-remote-description"));
  ck_assert_ptr_null (bin->promise);
}
END_TEST

START_TEST (a_promise_that_is_never_answered_has_a_deadline)
{
  go_on_to_local ();
  vgw_negotiation_set_gathered (negotiation);
  WAIT_UNTIL (n_finished > 0);
  ck_assert (g_error_matches (failure, VGW_ERROR, VGW_ERROR_TIMEOUT));
}
END_TEST

START_TEST (nothing_is_called_after_a_stop)
{
  go_on_to_local ();
  vgw_negotiation_stop (negotiation);
  reply (NULL);
  vgw_negotiation_set_gathered (negotiation);
  spin (2 * GATHER_MS);
  ck_assert_uint_eq (n_finished, 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-negotiation");
  TCase *tcase = tcase_create ("steps");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  gst_init (NULL, NULL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, an_answer_waits_for_the_local_description_though_all_is_gathered);
  tcase_add_test (tcase, the_time_for_candidates_counts_from_the_local_description);
  tcase_add_test (tcase, candidates_of_the_client_wait_for_its_description);
  tcase_add_test (tcase, a_step_that_fails_is_the_last);
  tcase_add_test (tcase, a_promise_that_is_never_answered_has_a_deadline);
  tcase_add_test (tcase, nothing_is_called_after_a_stop);
  suite_add_tcase (suite, tcase);
  return suite;
}
