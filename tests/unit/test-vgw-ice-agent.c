/* The agent under a real webrtcbin, called by a second one with libnice's full agent, over loopback. */
#include "ice/vgw-ice-agent.h"

#include <check.h>
#include <gst/sdp/sdp.h>
#include <string.h>

#include "ice/vgw-ice-mux.h"
#include "run-suite.h"
#include "wait-until.h"

#define N_CROWD 6
#define N_CHURN 200
#define N_CHURN_CALLS 6
#define N_LASTING_THREADS 2 /* made once per process: GstSystemClock's, and from GLib 2.76 on pool-spawner */
#define MAX_QUEUE_BYTES (256 * 1024)
#define N_PACKETS_ENOUGH 10
#define CAPS "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=96"
#define SENDER "audiotestsrc is-live=true ! opusenc complexity=0 ! rtpopuspay pt=96 ! " CAPS " ! webrtcbin name=peer"

typedef struct
{
  GstElement *pipeline;
  GstElement *peer;   /* the webrtcbin */
  VgwIceAgent *agent; /* of the answering end */
  GObject *channel;
  gint is_negotiable; /* atomic, as the next two */
  gint n_packets;
  gint n_texts;
} End;

typedef struct
{
  End caller;
  End answerer;
} Call;

static VgwIceMux *mux;
static guint n_threads_at_start;

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  mux = vgw_ice_mux_new (0, "127.0.0.1", &error);
  ck_assert_msg (mux != NULL, "%s", error != NULL ? error->message : "no error");
}

static void
teardown (void)
{
  vgw_ice_mux_shutdown (mux);
  g_clear_object (&mux);
  /* OpenSSL frees what it keeps for a thread when that ends: for LeakSanitizer this must be over */
  POLL_UNTIL (count_entries ("/proc/self/task") <= n_threads_at_start + N_LASTING_THREADS);
}

static GstPadProbeReturn
count_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  g_atomic_int_inc (&((End *) user_data)->n_packets);
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *peer, GstPad *pad, End *end)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink_pad = gst_element_get_static_pad (sink, "sink");

  gst_pad_add_probe (sink_pad, GST_PAD_PROBE_TYPE_BUFFER, count_packet, end, NULL);
  gst_bin_add (GST_BIN (end->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  ck_assert_int_eq (gst_pad_link (pad, sink_pad), GST_PAD_LINK_OK);
}

static void
on_text (GObject *channel, const char *text, End *end)
{
  g_atomic_int_inc (&end->n_texts);
}

static void
on_data_channel (GstElement *peer, GObject *channel, End *end)
{
  end->channel = g_object_ref (channel);
  g_signal_connect (channel, "on-message-string", G_CALLBACK (on_text), end);
}

static void
on_negotiation_needed (GstElement *peer, End *end)
{
  g_atomic_int_set (&end->is_negotiable, TRUE);
}

static void
relay_candidate (GstElement *from, guint mline, const char *candidate, GstElement *to)
{
  g_signal_emit_by_name (to, "add-ice-candidate", mline, candidate);
}

/* No UPnP, no TCP, and loopback only, so that nothing outside is asked. */
static void
tame_nice (GstElement *peer)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) nice = NULL;
  gboolean is_added = FALSE;

  g_object_get (peer, "ice-agent", &ice, NULL);
  g_object_get (ice, "agent", &nice, NULL);
  g_object_set (nice, "upnp", FALSE, "ice-tcp", FALSE, NULL);
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &is_added);
  ck_assert (is_added);
}

static void
start_caller (End *end, gboolean has_channel)
{
  g_autoptr (GError) error = NULL;

  end->pipeline = gst_parse_launch (SENDER, &error);
  ck_assert_msg (error == NULL, "%s", error != NULL ? error->message : "");
  end->peer = gst_bin_get_by_name (GST_BIN (end->pipeline), "peer");
  g_object_set (end->peer, "bundle-policy", 3, NULL); /* max-bundle */
  tame_nice (end->peer);
  g_signal_connect (end->peer, "on-negotiation-needed", G_CALLBACK (on_negotiation_needed), end);
  gst_element_set_state (end->pipeline, GST_STATE_READY);
  if (has_channel)
    {
      g_signal_emit_by_name (end->peer, "create-data-channel", "events", NULL, &end->channel);
      ck_assert_ptr_nonnull (end->channel);
      g_signal_connect (end->channel, "on-message-string", G_CALLBACK (on_text), end);
    }
  gst_element_set_state (end->pipeline, GST_STATE_PLAYING);
  POLL_UNTIL (g_atomic_int_get (&end->is_negotiable));
}

static void
start_answerer (End *end)
{
  end->agent = vgw_ice_agent_new (mux);
  end->pipeline = gst_pipeline_new (NULL);
  gst_object_ref (end->agent); /* webrtcbin takes the first */
  end->peer = gst_element_factory_make_full ("webrtcbin", "ice-agent", end->agent, "bundle-policy", 3, NULL);
  ck_assert_ptr_nonnull (end->peer);
  gst_object_ref (end->peer);
  gst_bin_add (GST_BIN (end->pipeline), end->peer);
  g_signal_connect (end->peer, "pad-added", G_CALLBACK (on_pad_added), end);
  g_signal_connect (end->peer, "on-data-channel", G_CALLBACK (on_data_channel), end);
  gst_element_set_state (end->pipeline, GST_STATE_PLAYING);
}

static GstWebRTCSessionDescription *
create_description (End *end, const char *signal_name, const char *field)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description = NULL;

  g_signal_emit_by_name (end->peer, signal_name, NULL, promise);
  ck_assert_int_eq (gst_promise_wait (promise), GST_PROMISE_RESULT_REPLIED);
  gst_structure_get (gst_promise_get_reply (promise), field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  ck_assert_ptr_nonnull (description);
  return description;
}

static void
set_description (End *end, const char *signal_name, GstWebRTCSessionDescription *description)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();

  g_signal_emit_by_name (end->peer, signal_name, description, promise);
  ck_assert_int_eq (gst_promise_wait (promise), GST_PROMISE_RESULT_REPLIED);
}

static Call *
start_call (gboolean has_channel)
{
  Call *call = g_new0 (Call, 1);
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;
  g_autoptr (GstWebRTCSessionDescription) answer = NULL;

  start_caller (&call->caller, has_channel);
  start_answerer (&call->answerer);
  g_signal_connect (call->answerer.peer, "on-ice-candidate", G_CALLBACK (relay_candidate), call->caller.peer);

  offer = create_description (&call->caller, "create-offer", "offer");
  set_description (&call->caller, "set-local-description", offer);
  set_description (&call->answerer, "set-remote-description", offer);
  answer = create_description (&call->answerer, "create-answer", "answer");
  gst_sdp_message_add_attribute (answer->sdp, "ice-lite", ""); /* a NULL value crashes the offerer */
  set_description (&call->answerer, "set-local-description", answer);
  set_description (&call->caller, "set-remote-description", answer);
  return call;
}

static void
stop_end (End *end)
{
  if (end->agent != NULL)
    vgw_ice_agent_stop (end->agent);
  gst_element_set_state (end->pipeline, GST_STATE_NULL);
  g_clear_object (&end->channel); /* before webrtcbin: it points back */
  gst_clear_object (&end->peer);
  gst_clear_object (&end->pipeline);
  gst_clear_object (&end->agent);
}

static void
stop_call (Call *call)
{
  g_signal_handlers_disconnect_by_data (call->answerer.peer, call->caller.peer);
  stop_end (&call->answerer);
  stop_end (&call->caller);
  g_free (call);
}

static GstWebRTCICEConnectionState
ice_state (End *end)
{
  GstWebRTCICEConnectionState state;

  g_object_get (end->peer, "ice-connection-state", &state, NULL);
  return state;
}

/* webrtcbin's receive queue must drop what a blocked session does not take: see vgw-ice-src.c. */
static void
assert_queue_is_leaky (End *end)
{
  g_autoptr (GstIterator) iterator = gst_bin_iterate_all_by_element_factory_name (GST_BIN (end->pipeline), "queue");
  g_auto (GValue) value = G_VALUE_INIT;
  guint n_queues = 0;

  while (gst_iterator_next (iterator, &value) == GST_ITERATOR_OK)
    {
      gint leaky;
      guint max_bytes;

      g_object_get (g_value_get_object (&value), "leaky", &leaky, "max-size-bytes", &max_bytes, NULL);
      ck_assert_int_eq (leaky, 2);
      ck_assert_uint_le (max_bytes, MAX_QUEUE_BYTES);
      n_queues++;
      g_value_reset (&value);
    }
  ck_assert_uint_eq (n_queues, 1);
}

static gboolean
find_pair (GQuark field, const GValue *value, gpointer user_data)
{
  guint *n_candidates = user_data;

  if (GST_VALUE_HOLDS_STRUCTURE (value)
      && g_strcmp0 (gst_structure_get_string (gst_value_get_structure (value), "address"), "127.0.0.1") == 0)
    (*n_candidates)++;
  return TRUE;
}

static void
assert_stats_have_the_pair (End *end)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  guint n_candidates = 0;

  g_signal_emit_by_name (end->peer, "get-stats", NULL, promise);
  ck_assert_int_eq (gst_promise_wait (promise), GST_PROMISE_RESULT_REPLIED);
  gst_structure_foreach (gst_promise_get_reply (promise), find_pair, &n_candidates);
  ck_assert_uint_eq (n_candidates, 2); /* ours and theirs */
}

START_TEST (a_call_passes_rtp_and_data_channel_text_both_ways)
{
  gint64 before_us = g_get_monotonic_time ();
  Call *call = start_call (TRUE);
  VgwIceStats stats;

  POLL_UNTIL (g_atomic_int_get (&call->answerer.n_packets) >= N_PACKETS_ENOUGH);
  POLL_UNTIL (ice_state (&call->answerer) == GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED);
  ck_assert_int_gt (vgw_ice_agent_get_last_check_us (call->answerer.agent), before_us);

  POLL_UNTIL (g_atomic_pointer_get (&call->answerer.channel) != NULL);
  g_signal_emit_by_name (call->caller.channel, "send-string", "hello");
  POLL_UNTIL (g_atomic_int_get (&call->answerer.n_texts) == 1);
  g_signal_emit_by_name (call->answerer.channel, "send-string", "hello yourself");
  POLL_UNTIL (g_atomic_int_get (&call->caller.n_texts) == 1);

  assert_queue_is_leaky (&call->answerer);
  assert_stats_have_the_pair (&call->answerer);
  vgw_ice_mux_get_stats (mux, &stats);
  ck_assert_uint_gt (stats.checks, 0);
  ck_assert_uint_gt (stats.delivered, N_PACKETS_ENOUGH);
  ck_assert_uint_gt (stats.sent, stats.checks);
  stop_call (call);
}
END_TEST

/* Real callers, all on one socket. Audio from every one of them has to arrive where it belongs. */
START_TEST (calls_share_the_socket)
{
  Call *calls[N_CROWD];
  for (guint i = 0; i < N_CROWD; i++)
    calls[i] = start_call (FALSE);
  for (guint i = 0; i < N_CROWD; i++)
    POLL_UNTIL (g_atomic_int_get (&calls[i]->answerer.n_packets) >= N_PACKETS_ENOUGH);
  ck_assert_uint_eq (vgw_ice_router_count_routes (vgw_ice_mux_get_router (mux)), N_CROWD);
  for (guint i = 0; i < N_CROWD; i++)
    stop_call (calls[i]);
  ck_assert_uint_eq (vgw_ice_router_count_routes (vgw_ice_mux_get_router (mux)), 0);
  ck_assert_uint_eq (vgw_ice_router_count_paths (vgw_ice_mux_get_router (mux)), 0);
}
END_TEST

/* One end alone, as far as its transports: an agent that is asked for a stream and thrown away. */
static void
churn_agent (guint number)
{
  VgwIceAgent *agent = gst_object_ref_sink (vgw_ice_agent_new (mux));
  GstWebRTCICEStream *stream = gst_webrtc_ice_add_stream (GST_WEBRTC_ICE (agent), 0);
  GstWebRTCICETransport *transport =
      gst_webrtc_ice_find_transport (GST_WEBRTC_ICE (agent), stream, GST_WEBRTC_ICE_COMPONENT_RTP);
  g_autofree char *ufrag = g_strdup_printf ("ufrag%u", number);

  ck_assert (gst_webrtc_ice_set_local_credentials (GST_WEBRTC_ICE (agent), stream, ufrag, "a-password-of-22-letters"));
  ck_assert (gst_webrtc_ice_gather_candidates (GST_WEBRTC_ICE (agent), stream));
  if (number % 2 == 0)
    vgw_ice_agent_stop (agent); /* the others are only dropped */
  gst_object_unref (transport);
  gst_object_unref (agent);
}

/* webrtcbin asserts that what it calls is there, and each release may have more: all that the header knows, then. */
START_TEST (every_virtual_function_of_the_header_is_implemented)
{
  g_autoptr (VgwIceAgent) agent = gst_object_ref_sink (vgw_ice_agent_new (mux));
  const GstWebRTCICEClass *ice_class = GST_WEBRTC_ICE_GET_CLASS (agent);
  const gpointer *slots = (const gpointer *) ((const char *) ice_class + offsetof (GstWebRTCICEClass, add_stream));
  guint n_slots =
      (offsetof (GstWebRTCICEClass, _gst_reserved) - offsetof (GstWebRTCICEClass, add_stream)) / sizeof *slots;

  ck_assert_uint_ge (n_slots, 21); /* those of 1.22 */
  for (guint i = 0; i < n_slots; i++)
    ck_assert_msg (slots[i] != NULL, "slot %u of GstWebRTCICEClass", i);
}
END_TEST

START_TEST (two_hundred_agents_leave_nothing_behind)
{
  guint n_fds = count_entries ("/proc/self/fd");
  guint n_threads = count_entries ("/proc/self/task");

  for (guint i = 0; i < N_CHURN; i++)
    churn_agent (i);
  POLL_UNTIL (count_entries ("/proc/self/fd") <= n_fds);
  POLL_UNTIL (count_entries ("/proc/self/task") <= n_threads);
  /* a state report may still hold the last transport */
  POLL_UNTIL (vgw_ice_router_count_routes (vgw_ice_mux_get_router (mux)) == 0);
}
END_TEST

START_TEST (calls_that_end_leave_no_threads_and_descriptors)
{
  guint n_fds, n_threads;

  stop_call (start_call (FALSE)); /* what is made once per process is there now */
  n_fds = count_entries ("/proc/self/fd");
  n_threads = count_entries ("/proc/self/task");
  for (guint i = 0; i < N_CHURN_CALLS; i++)
    {
      Call *call = start_call (FALSE);

      /* stopped while it connects, while it talks */
      POLL_UNTIL (i % 2 == 0 || g_atomic_int_get (&call->answerer.n_packets) > 0);
      stop_call (call);
    }
  POLL_UNTIL (count_entries ("/proc/self/fd") <= n_fds);
  POLL_UNTIL (count_entries ("/proc/self/task") <= n_threads);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-agent");
  TCase *tcase = tcase_create ("agent");

  gst_init (NULL, NULL);
  g_thread_pool_set_max_unused_threads (0); /* threads that are counted have to end when they are done */
  n_threads_at_start = count_entries ("/proc/self/task");
  tcase_set_timeout (tcase, 110);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, two_hundred_agents_leave_nothing_behind); /* first: nothing else is running yet */
  tcase_add_test (tcase, every_virtual_function_of_the_header_is_implemented);
  tcase_add_test (tcase, a_call_passes_rtp_and_data_channel_text_both_ways);
  tcase_add_test (tcase, calls_that_end_leave_no_threads_and_descriptors);
  tcase_add_test (tcase, calls_share_the_socket);
  suite_add_tcase (suite, tcase);
  return suite;
}
