/* The source element before the same elements that webrtcbin puts behind it: capsfilter and queue. */
#include "ice/vgw-ice-src.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define N_FLOOD 2000
#define PACKET_BYTES 1000
#define MAX_QUEUE_BYTES (256 * 1024)
#define QUEUE_NOT_LEAKY 0
#define QUEUE_LEAKS_DOWNSTREAM 2

typedef struct
{
  GstElement *pipeline;
  VgwIceSrc *src;
  GstElement *queue;
  GstElement *sink;
  gint n_buffers; /* atomic */
  gint n_segments;
  guint32 n_pushed;    /* each packet carries its number */
  guint32 n_seen;      /* one more than the number of the last that arrived */
  gint n_out_of_order; /* atomic */
  GThread *thread;     /* atomic: that the last one arrived on */
  GstClockTime last_pts;
  gulong block_id;
} Chain;

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Chain *chain = user_data;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0)
    {
      guint32 number = 0;

      gst_buffer_extract (GST_PAD_PROBE_INFO_BUFFER (info), 1, &number, sizeof number);
      if (number < chain->n_seen)
        g_atomic_int_inc (&chain->n_out_of_order);
      chain->n_seen = number + 1;
      chain->last_pts = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
      g_atomic_pointer_set (&chain->thread, g_thread_self ());
      g_atomic_int_inc (&chain->n_buffers);
    }
  else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_SEGMENT)
    g_atomic_int_inc (&chain->n_segments);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
block (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_OK;
}

/* Linked from the end to the start, as TransportReceiveBin does it. */
static void
chain_init (Chain *chain)
{
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtp");
  g_autoptr (GstPad) sink_pad = NULL;

  memset (chain, 0, sizeof *chain);
  chain->pipeline = gst_pipeline_new (NULL);
  chain->queue = gst_element_factory_make ("queue", NULL);
  chain->sink = gst_element_factory_make ("fakesink", NULL);
  chain->src = VGW_ICE_SRC (vgw_ice_src_new ());
  g_object_set (filter, "caps", caps, NULL);
  g_object_set (chain->queue, "leaky", QUEUE_LEAKS_DOWNSTREAM, "max-size-time", (guint64) 0, "max-size-buffers", 0,
                "max-size-bytes", 5 * 1024 * 1024, NULL);
  g_object_set (chain->sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add_many (GST_BIN (chain->pipeline), filter, chain->queue, chain->sink, GST_ELEMENT (chain->src), NULL);
  ck_assert (gst_element_link (filter, chain->queue));
  ck_assert (gst_element_link (chain->queue, chain->sink));
  ck_assert (gst_element_link (GST_ELEMENT (chain->src), filter));
  sink_pad = gst_element_get_static_pad (chain->sink, "sink");
  gst_pad_add_probe (sink_pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data, chain, NULL);
}

static void
chain_clear (Chain *chain)
{
  gst_element_set_state (chain->pipeline, GST_STATE_NULL);
  gst_object_unref (chain->pipeline);
}

static void
push (Chain *chain, guint n)
{
  guint8 packet[PACKET_BYTES] = { 0x80 };

  for (guint i = 0; i < n; i++)
    {
      memcpy (packet + 1, &chain->n_pushed, sizeof chain->n_pushed);
      chain->n_pushed++;
      vgw_ice_src_push (chain->src, packet, sizeof packet);
    }
}

static void
wait_for_buffers (Chain *chain, gint n)
{
  gint64 deadline_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (g_atomic_int_get (&chain->n_buffers) < n)
    {
      ck_assert_msg (g_get_monotonic_time () < deadline_us, "the packets did not arrive");
      g_usleep (1000);
    }
}

START_TEST (packets_arrive_stamped_and_behind_a_segment)
{
  Chain chain;

  chain_init (&chain);
  push (&chain, 3); /* not active: dropped */
  gst_element_set_state (chain.pipeline, GST_STATE_PLAYING);
  gst_element_get_state (chain.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  push (&chain, 5);
  wait_for_buffers (&chain, 5);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_segments), 1);
  ck_assert (GST_CLOCK_TIME_IS_VALID (chain.last_pts));

  /* once more from the start: the pad has forgotten its events */
  gst_element_set_state (chain.pipeline, GST_STATE_READY);
  push (&chain, 3);
  gst_element_set_state (chain.pipeline, GST_STATE_PLAYING);
  gst_element_get_state (chain.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  push (&chain, 5);
  wait_for_buffers (&chain, 10);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_segments), 2);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_buffers), 10);
  chain_clear (&chain);
}
END_TEST

/* The thread that pushes serves all sessions: a full queue behind a blocked pad must not hold it, even after webrtcbin
 * has switched off the leaking. */
START_TEST (a_blocked_session_neither_blocks_the_push_nor_grows)
{
  Chain chain;
  g_autoptr (GstPad) queue_src = NULL;
  gint leaky;
  guint level;

  chain_init (&chain);
  queue_src = gst_element_get_static_pad (chain.queue, "src");
  chain.block_id =
      gst_pad_add_probe (queue_src, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  gst_element_set_state (chain.pipeline, GST_STATE_PLAYING);
  gst_element_get_state (chain.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  g_object_set (chain.queue, "leaky", QUEUE_NOT_LEAKY, NULL);
  g_object_get (chain.queue, "leaky", &leaky, NULL);
  ck_assert_int_eq (leaky, QUEUE_LEAKS_DOWNSTREAM);

  push (&chain, N_FLOOD);
  g_object_get (chain.queue, "current-level-bytes", &level, NULL);
  ck_assert_uint_gt (level, 0);
  ck_assert_uint_le (level, MAX_QUEUE_BYTES);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_buffers), 0);

  gst_pad_remove_probe (queue_src, chain.block_id);
  wait_for_buffers (&chain, (gint) (level / PACKET_BYTES));
  chain_clear (&chain);
}
END_TEST

START_TEST (the_source_is_live)
{
  Chain chain;
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean is_live = FALSE;
  GstClockTime min = GST_CLOCK_TIME_NONE;

  chain_init (&chain);
  pad = gst_element_get_static_pad (chain.queue, "sink");
  ck_assert (gst_pad_peer_query (pad, query));
  gst_query_parse_latency (query, &is_live, &min, NULL);
  ck_assert (is_live);
  ck_assert_uint_eq (min, 0);
  ck_assert_int_eq (gst_element_set_state (GST_ELEMENT (chain.src), GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  chain_clear (&chain);
}
END_TEST

/* Pushes one by one until a packet arrives on this very thread. */
static void
push_until_direct (Chain *chain)
{
  gint64 deadline_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (g_atomic_pointer_get (&chain->thread) != g_thread_self ())
    {
      ck_assert_msg (g_get_monotonic_time () < deadline_us, "packets still go through the queue");
      push (chain, 1);
      g_thread_yield ();
    }
}

/* What a call is for all its time after DTLS: no thread but the one that receives. */
START_TEST (a_direct_source_needs_no_thread)
{
  g_autoptr (GstPad) queue_src = NULL;
  GstState state;
  Chain chain;

  chain_init (&chain);
  queue_src = gst_element_get_static_pad (chain.queue, "src");
  gst_element_set_state (chain.pipeline, GST_STATE_PLAYING);
  gst_element_get_state (chain.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  push (&chain, 20);
  wait_for_buffers (&chain, 20);
  ck_assert_ptr_ne (g_atomic_pointer_get (&chain.thread), g_thread_self ());

  vgw_ice_src_go_direct (chain.src);
  push_until_direct (&chain);
  push (&chain, 200);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_buffers), (gint) chain.n_pushed); /* at once, and none is lost */
  ck_assert_int_eq (g_atomic_int_get (&chain.n_out_of_order), 0);
  ck_assert_ptr_null (GST_PAD_TASK (queue_src));
  gst_element_get_state (chain.queue, &state, NULL, 0);
  ck_assert_int_eq (state, GST_STATE_NULL);
  /* webrtcbin goes on setting this whenever the ICE state changes */
  g_object_set (chain.queue, "leaky", QUEUE_NOT_LEAKY, NULL);
  chain_clear (&chain);
}
END_TEST

START_TEST (what_is_in_the_queue_goes_first)
{
  g_autoptr (GstPad) queue_src = NULL;
  Chain chain;

  chain_init (&chain);
  queue_src = gst_element_get_static_pad (chain.queue, "src");
  chain.block_id =
      gst_pad_add_probe (queue_src, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  gst_element_set_state (chain.pipeline, GST_STATE_PLAYING);
  gst_element_get_state (chain.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  push (&chain, 20);
  vgw_ice_src_go_direct (chain.src);
  push (&chain, 20);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_buffers), 0);

  gst_pad_remove_probe (queue_src, chain.block_id);
  wait_for_buffers (&chain, 40);
  push_until_direct (&chain);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_out_of_order), 0);
  ck_assert_int_eq (g_atomic_int_get (&chain.n_buffers), (gint) chain.n_pushed);
  chain_clear (&chain);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-src");
  TCase *tcase = tcase_create ("src");

  gst_init (NULL, NULL);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, packets_arrive_stamped_and_behind_a_segment);
  tcase_add_test (tcase, a_blocked_session_neither_blocks_the_push_nor_grows);
  tcase_add_test (tcase, the_source_is_live);
  tcase_add_test (tcase, a_direct_source_needs_no_thread);
  tcase_add_test (tcase, what_is_in_the_queue_goes_first);
  suite_add_tcase (suite, tcase);
  return suite;
}
