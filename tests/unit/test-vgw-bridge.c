/* The bridge on real pipelines: playout queue → pacer → encoder → RTP → jitter buffer → decoder → audio function. */
#include <gst/app/app.h>

#include "elements/vgw-push-src.h"
#include "media/vgw-bridge.h"

#include <check.h>

#include "audio-test.h"
#include "elements/vgw-elements.h"
#include "media/vgw-pipeline-vad.h"
#include "media/vgw-pipeline.h"
#include "run-suite.h"

#define PAYLOAD_TYPE 96
#define JITTER_MS 500u /* generous: a busy machine must not lose packets here */
#define TIMEOUT_US (60 * G_TIME_SPAN_SECOND)
#define FRAME_SAMPLES (PHRASE_RATE_HZ * VGW_FRAME_MS / 1000)

static const VgwAudioFormat FORMAT = { .rate_hz = PHRASE_RATE_HZ };

/* What the engine heard. */
typedef struct
{
  GMutex lock;
  GCond cond;
  GArray *samples; /* guarded by lock */
  gint n_destroyed;
  gboolean is_blocked, should_block; /* guarded by lock */
} Ear;

/* What left rtp_out. */
typedef struct
{
  GMutex lock;
  GCond cond;
  GArray *timestamps; /* of guint32, guarded by lock */
  GArray *markers;    /* of gboolean, guarded by lock */
  guint payload_type;
  gint n_voices;    /* atomic: how often the caller's voice began */
  guint lose_every; /* 0: lose nothing; set before the start */
} Wire;

typedef struct
{
  VgwPacer *pacer;
  VgwBridge *bridge;
  Ear input;
  Wire wire;
  GstElement *pipeline;
  GstAppSink *pcm_out; /* of pipeline */
  VgwPushSrc *pcm_in;
  gboolean uses_dtx; /* set before call_attach () */
} Call;

static void
on_audio (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Ear *input = user_data;

  g_mutex_lock (&input->lock);
  g_array_append_vals (input->samples, samples, (guint) n_samples);
  input->is_blocked = input->should_block;
  g_cond_broadcast (&input->cond);
  while (input->should_block)
    g_cond_wait (&input->cond, &input->lock);
  input->is_blocked = FALSE;
  g_mutex_unlock (&input->lock);
}

static void
on_destroy (gpointer user_data)
{
  g_atomic_int_inc (&((Ear *) user_data)->n_destroyed);
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Wire *wire = user_data;
  gboolean is_lost;
  GstMapInfo map;

  ck_assert (gst_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), &map, GST_MAP_READ));
  ck_assert_uint_ge (map.size, 12);
  {
    /* RFC 3550 section 5.1 */
    gboolean marker = map.data[1] >> 7;
    guint32 timestamp = GST_READ_UINT32_BE (map.data + 4);

    g_mutex_lock (&wire->lock);
    wire->payload_type = map.data[1] & 0x7f;
    g_array_append_val (wire->timestamps, timestamp);
    g_array_append_val (wire->markers, marker);
    is_lost = wire->lose_every != 0 && wire->timestamps->len % wire->lose_every == 0;
    g_cond_broadcast (&wire->cond);
    g_mutex_unlock (&wire->lock);
  }
  gst_buffer_unmap (GST_PAD_PROBE_INFO_BUFFER (info), &map);
  return is_lost ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* What `vad` says. */
static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  gboolean has_voice = FALSE;

  if (structure != NULL && gst_structure_has_name (structure, VGW_PIPELINE_VOICE_MESSAGE)
      && gst_structure_get_boolean (structure, VGW_PIPELINE_VOICE_FIELD, &has_voice) && has_voice)
    g_atomic_int_inc (&((Wire *) user_data)->n_voices);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
call_init (Call *call)
{
  *call = (Call){ 0 };
  g_mutex_init (&call->input.lock);
  g_cond_init (&call->input.cond);
  call->input.samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  g_mutex_init (&call->wire.lock);
  g_cond_init (&call->wire.cond);
  call->wire.timestamps = g_array_new (FALSE, FALSE, sizeof (guint32));
  call->wire.markers = g_array_new (FALSE, FALSE, sizeof (gboolean));
  call->pacer = vgw_pacer_new (1);
  call->bridge = vgw_bridge_new (call->pacer, &FORMAT, 30000);
  vgw_bridge_set_audio_func (call->bridge, on_audio, &call->input, on_destroy);
}

/* A shipped pipeline whose packets come back to it through a jitter buffer. */
static void
call_start (Call *call, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", file, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwPipeline) description = vgw_pipeline_load (path, NULL, &error);
  GstElement *jitter_buffer = gst_element_factory_make ("rtpjitterbuffer", NULL);
  VgwPipelineInstance instance;
  g_autoptr (GstPad) rtp_src = NULL;
  g_autoptr (GstBus) bus = NULL;

  ck_assert (description != NULL);
  ck_assert (vgw_pipeline_instantiate (description, PAYLOAD_TYPE, &instance, &error));
  g_object_set (jitter_buffer, "latency", JITTER_MS, "do-lost", TRUE, NULL);
  ck_assert (vgw_pipeline_add_vad (&instance));
  vgw_pipeline_fit_vad (&instance, vgw_bridge_get_format (call->bridge)->rate_hz);
  call->pipeline = gst_object_ref_sink (instance.pipeline);
  bus = gst_pipeline_get_bus (GST_PIPELINE (call->pipeline));
  gst_bus_set_sync_handler (bus, on_message, &call->wire, NULL);
  gst_bin_add (GST_BIN (call->pipeline), jitter_buffer);
  ck_assert (gst_element_link_pads (instance.rtp_out, "src", jitter_buffer, "sink"));
  ck_assert (gst_element_link_pads (jitter_buffer, "src", instance.rtp_in, "sink"));
  rtp_src = gst_element_get_static_pad (instance.rtp_out, "src");
  gst_pad_add_probe (rtp_src, GST_PAD_PROBE_TYPE_BUFFER, on_rtp, &call->wire, NULL);
  call->pcm_out = GST_APP_SINK (instance.pcm_out);
  call->pcm_in = VGW_PUSH_SRC (instance.pcm_in);
  vgw_bridge_prepare (call->pcm_out, call->pcm_in, vgw_bridge_get_format (call->bridge));
  ck_assert_int_ne (gst_element_set_state (call->pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
}

static void
call_attach (Call *call)
{
  vgw_bridge_attach (call->bridge, call->pcm_out, call->pcm_in, call->uses_dtx);
}

static void
call_stop (Call *call)
{
  vgw_bridge_detach (call->bridge, call->pcm_out);
  gst_element_set_state (call->pipeline, GST_STATE_NULL);
  gst_clear_object (&call->pipeline);
}

static void
call_clear (Call *call)
{
  if (call->pipeline != NULL)
    call_stop (call);
  g_object_unref (call->bridge);
  ck_assert_int_eq (call->input.n_destroyed, 1);
  vgw_pacer_free (call->pacer);
  g_array_unref (call->input.samples);
  g_array_unref (call->wire.timestamps);
  g_array_unref (call->wire.markers);
  g_mutex_clear (&call->input.lock);
  g_cond_clear (&call->input.cond);
  g_mutex_clear (&call->wire.lock);
  g_cond_clear (&call->wire.cond);
}

static void
wait_for_samples (Ear *input, gsize n_samples)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_US;

  g_mutex_lock (&input->lock);
  while (input->samples->len < n_samples)
    ck_assert_msg (g_cond_wait_until (&input->cond, &input->lock, deadline), "%u of %" G_GSIZE_FORMAT " samples",
                   input->samples->len, n_samples);
  g_mutex_unlock (&input->lock);
}

static guint
wait_for_packets (Wire *wire, guint n_packets)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_US;
  guint n;

  g_mutex_lock (&wire->lock);
  while (wire->timestamps->len < n_packets)
    ck_assert (g_cond_wait_until (&wire->cond, &wire->lock, deadline));
  n = wire->timestamps->len;
  g_mutex_unlock (&wire->lock);
  return n;
}

static void
push_silence (Call *call, guint n_frames)
{
  g_autofree gint16 *silence = g_new0 (gint16, n_frames * FRAME_SAMPLES);

  vgw_playout_push (vgw_bridge_get_playout (call->bridge), silence, n_frames * FRAME_SAMPLES);
}

static guint32
timestamp_step (Wire *wire, guint i)
{
  return g_array_index (wire->timestamps, guint32, i) - g_array_index (wire->timestamps, guint32, i - 1);
}

/* The phrase goes round and must be understood: correlation with itself, at one delay, above @least. */
static void
assert_speech_passes (const char *name, double least, guint32 timestamp_step_20ms)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  gsize delay = 0;
  double found;
  Call call;

  n_samples = 2 * PHRASE_RATE_HZ;
  call_init (&call);
  call.uses_dtx = TRUE;
  call_start (&call, name);
  call_attach (&call);
  vgw_playout_push (vgw_bridge_get_playout (call.bridge), phrase, n_samples);
  /* the hangover sends ten frames of silence behind it, so the last of the speech comes out whatever it waits for */
  wait_for_samples (&call.input, n_samples + FRAME_SAMPLES);
  call_stop (&call);

  found = audio_test_find (phrase, n_samples, (const gint16 *) (gpointer) call.input.samples->data,
                           call.input.samples->len, 1000, &delay);
  ck_assert_msg (found > least, "%s: correlation %.3f at a delay of %" G_GSIZE_FORMAT " samples", name, found, delay);
  ck_assert_uint_eq (call.wire.payload_type, PAYLOAD_TYPE);
  ck_assert_int_gt (g_atomic_int_get (&call.wire.n_voices), 0);
  ck_assert (g_array_index (call.wire.markers, gboolean, 0) || g_str_equal (name, "opus"));
  for (guint i = 1; i < 100; i++)
    ck_assert_uint_eq (timestamp_step (&call.wire, i), timestamp_step_20ms);
  call_clear (&call);
}

START_TEST (speech_passes_opus)
{
  assert_speech_passes ("opus", 0.85, 960);
}
END_TEST

START_TEST (speech_passes_pcmu)
{
  assert_speech_passes ("pcmu", 0.9, 160);
}
END_TEST

START_TEST (speech_passes_pcma)
{
  assert_speech_passes ("pcma", 0.9, 160);
}
END_TEST

START_TEST (speech_passes_g722)
{
  assert_speech_passes ("g722", 0.9, 160);
}
END_TEST

/* 60 frames with those of the hangover, of which 12 are lost, though not the one that nothing follows. */
static void
assert_losses_are_filled_in (const char *name, guint64 least_filled_ms)
{
  VgwBridgeInputStats heard;
  Call call;

  call_init (&call);
  call.wire.lose_every = 5;
  call_start (&call, name);
  call_attach (&call);
  push_silence (&call, 50);
  wait_for_samples (&call.input, 59 * FRAME_SAMPLES);
  call_stop (&call);
  ck_assert_uint_le (call.input.samples->len, 60 * FRAME_SAMPLES);
  vgw_bridge_get_input_stats (call.bridge, &heard);
  ck_assert_uint_ge (heard.filled_ms, least_filled_ms);
  call_clear (&call);
}

/* 24 kHz, which webrtcdsp does not know. */
START_TEST (voice_is_detected_at_every_rate)
{
  static const VgwAudioFormat RARE = { .rate_hz = 24000 };
  g_autofree gint16 *phrase = NULL;
  gsize n_samples;
  Call call;

  phrase = audio_test_load_phrase (&n_samples); /* played faster than it was spoken */
  call_init (&call);
  vgw_bridge_set_audio_func (call.bridge, NULL, NULL, NULL);
  call.input.n_destroyed = 0;
  g_object_unref (call.bridge);
  call.bridge = vgw_bridge_new (call.pacer, &RARE, 30000);
  vgw_bridge_set_audio_func (call.bridge, on_audio, &call.input, on_destroy);
  call_start (&call, "opus");
  call_attach (&call);
  vgw_playout_push (vgw_bridge_get_playout (call.bridge), phrase, 2 * RARE.rate_hz);
  wait_for_samples (&call.input, 2 * RARE.rate_hz);
  call_stop (&call);
  ck_assert_int_gt (g_atomic_int_get (&call.wire.n_voices), 0);
  call_clear (&call);
}
END_TEST

START_TEST (what_the_network_loses_is_concealed)
{
  assert_losses_are_filled_in ("opus", 0);
}
END_TEST

START_TEST (what_is_not_concealed_is_silence_of_the_same_length)
{
  assert_losses_are_filled_in ("pcmu", 11 * VGW_FRAME_MS - 10);
}
END_TEST

START_TEST (a_flood_is_cut_to_what_a_caller_can_say)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pcm_out = NULL, pcm_in = gst_object_ref_sink (vgw_push_src_new (NULL));
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstBus) bus = NULL;
  gint64 started_us;
  double most_s;
  Call call;

  call_init (&call);
  /* a minute of sound, as fast as the machine can make it */
  call.pipeline = gst_parse_launch ("audiotestsrc num-buffers=3000 samplesperbuffer=320 ! appsink name=out", &error);
  ck_assert_ptr_null (error);
  gst_object_ref_sink (call.pipeline);
  pcm_out = gst_bin_get_by_name (GST_BIN (call.pipeline), "out");
  vgw_bridge_prepare (GST_APP_SINK (pcm_out), VGW_PUSH_SRC (pcm_in), &FORMAT);
  vgw_bridge_attach (call.bridge, GST_APP_SINK (pcm_out), VGW_PUSH_SRC (pcm_in), FALSE);
  started_us = g_get_monotonic_time ();
  gst_element_set_state (call.pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (call.pipeline);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  ck_assert (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  most_s = 5.0 + 1.05 * (double) (g_get_monotonic_time () - started_us) / G_USEC_PER_SEC;
  ck_assert_uint_ge (call.input.samples->len, 5 * PHRASE_RATE_HZ - FRAME_SAMPLES);
  ck_assert_double_le (call.input.samples->len, most_s * PHRASE_RATE_HZ);
  call_clear (&call);
}
END_TEST

START_TEST (nothing_passes_before_it_is_attached)
{
  VgwPlayoutStats stats;
  Call call, other;

  call_init (&call);
  call_init (&other);
  call_start (&call, "pcmu");
  call_start (&other, "pcmu");
  push_silence (&call, 10);
  push_silence (&other, 10);
  call_attach (&other);
  wait_for_samples (&other.input, 5 * FRAME_SAMPLES);
  vgw_playout_get_stats (vgw_bridge_get_playout (call.bridge), &stats);
  ck_assert_uint_eq (stats.queued_ms, 200);
  ck_assert_uint_eq (call.wire.timestamps->len, 0);
  ck_assert_uint_eq (call.input.samples->len, 0);

  /* what the engine has said meanwhile is not lost */
  call_attach (&call);
  wait_for_samples (&call.input, 10 * FRAME_SAMPLES);
  call_clear (&call);
  call_clear (&other);
}
END_TEST

START_TEST (a_talkspurt_ends_in_silence_and_the_next_keeps_time)
{
  Call call;

  call_init (&call);
  call_start (&call, "pcmu"); /* the one with a resampler, which must not keep a piece for later */
  call_attach (&call);
  push_silence (&call, 3);
  /* three frames and ten of hangover, then nothing: watch the ticks of another bridge to know that time has passed */
  ck_assert_uint_eq (wait_for_packets (&call.wire, 13), 13);
  {
    Call clock;

    call_init (&clock);
    call_start (&clock, "pcmu");
    call_attach (&clock);
    push_silence (&clock, 30);
    wait_for_packets (&clock.wire, 30);
    call_clear (&clock);
  }
  ck_assert_uint_eq (call.wire.timestamps->len, 13);

  push_silence (&call, 3);
  wait_for_packets (&call.wire, 16);
  ck_assert (g_array_index (call.wire.markers, gboolean, 0));
  ck_assert (g_array_index (call.wire.markers, gboolean, 13));
  ck_assert (!g_array_index (call.wire.markers, gboolean, 14));
  /* at least the 30 frames of the other one's talkspurt lie between, at 8 kHz */
  ck_assert_uint_ge (timestamp_step (&call.wire, 13), 29 * 160);
  call_clear (&call);
}
END_TEST

START_TEST (digital_silence_is_not_sent_as_opus)
{
  gint16 sound[2 * FRAME_SAMPLES];
  Call call;

  memset (sound, 1, sizeof sound);
  call_init (&call);
  call.uses_dtx = TRUE;
  vgw_playout_push (vgw_bridge_get_playout (call.bridge), sound, G_N_ELEMENTS (sound));
  push_silence (&call, 10 + 45);
  vgw_playout_push (vgw_bridge_get_playout (call.bridge), sound, G_N_ELEMENTS (sound));
  call_start (&call, "opus");
  call_attach (&call);
  wait_for_packets (&call.wire, 16);
  call_stop (&call);
  for (guint i = 1; i < 16; i++) /* keep-alives in ticks 12, 32 and 52 */
    {
      ck_assert_uint_eq (timestamp_step (&call.wire, i), (i <= 12 ? 1 : i <= 14 ? 20 : 5) * 960);
      ck_assert_int_eq (g_array_index (call.wire.markers, gboolean, i), i == 15);
    }
  call_clear (&call);
}
END_TEST

START_TEST (a_short_underrun_is_padded_without_a_new_talkspurt)
{
  Call call;

  call_init (&call);
  call_start (&call, "g722");
  call_attach (&call);
  push_silence (&call, 2);
  wait_for_packets (&call.wire, 4); /* two of them are padding */
  push_silence (&call, 2);
  wait_for_packets (&call.wire, 8);
  for (guint i = 1; i < 8; i++)
    {
      ck_assert_uint_eq (timestamp_step (&call.wire, i), 160);
      ck_assert (!g_array_index (call.wire.markers, gboolean, i));
    }
  call_clear (&call);
}
END_TEST

START_TEST (a_second_peer_takes_over_the_bridge)
{
  guint n_heard;
  Call call;

  call_init (&call);
  call_start (&call, "opus");
  call_attach (&call);
  push_silence (&call, 5);
  wait_for_samples (&call.input, 5 * FRAME_SAMPLES);
  call_stop (&call);

  n_heard = call.input.samples->len;
  call_start (&call, "pcmu");
  push_silence (&call, 5);
  call_attach (&call);
  wait_for_samples (&call.input, n_heard + 5 * FRAME_SAMPLES);
  call_clear (&call);
}
END_TEST

typedef struct
{
  Call *call;
  gint is_done;
} Detaching;

static gpointer
detach_thread (gpointer data)
{
  Detaching *detaching = data;

  vgw_bridge_detach (detaching->call->bridge, detaching->call->pcm_out);
  g_atomic_int_set (&detaching->is_done, 1);
  return NULL;
}

START_TEST (detach_waits_for_the_engine_that_listens)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_US;
  Detaching detaching = { 0 };
  GThread *thread;
  guint n_heard;
  Call call;

  call_init (&call);
  call_start (&call, "pcmu");
  call.input.should_block = TRUE;
  call_attach (&call);
  push_silence (&call, 50);
  g_mutex_lock (&call.input.lock);
  while (!call.input.is_blocked)
    ck_assert (g_cond_wait_until (&call.input.cond, &call.input.lock, deadline));
  detaching.call = &call;
  thread = g_thread_new ("detach", detach_thread, &detaching);
  for (guint i = 0; i < 1000; i++)
    {
      g_thread_yield ();
      ck_assert_int_eq (g_atomic_int_get (&detaching.is_done), 0);
    }
  call.input.should_block = FALSE;
  g_cond_broadcast (&call.input.cond);
  g_mutex_unlock (&call.input.lock);
  g_thread_join (thread);
  n_heard = call.input.samples->len;
  gst_element_set_state (call.pipeline, GST_STATE_NULL);
  ck_assert_uint_eq (call.input.samples->len, n_heard);
  call_clear (&call);
}
END_TEST

START_TEST (the_audio_function_can_be_taken_away_in_mid_speech)
{
  guint n_heard, n_packets;
  Call call;

  call_init (&call);
  call_start (&call, "pcmu");
  call_attach (&call);
  push_silence (&call, 100);
  wait_for_samples (&call.input, FRAME_SAMPLES);
  vgw_bridge_set_audio_func (call.bridge, NULL, NULL, NULL);
  ck_assert_int_eq (call.input.n_destroyed, 1);
  n_heard = call.input.samples->len;
  n_packets = wait_for_packets (&call.wire, 1);
  wait_for_packets (&call.wire, n_packets + 10);
  ck_assert_uint_eq (call.input.samples->len, n_heard);
  call_clear (&call);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-bridge");
  TCase *tcase = tcase_create ("bridge");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, speech_passes_opus);
  tcase_add_test (tcase, speech_passes_pcmu);
  tcase_add_test (tcase, speech_passes_pcma);
  tcase_add_test (tcase, speech_passes_g722);
  tcase_add_test (tcase, voice_is_detected_at_every_rate);
  tcase_add_test (tcase, what_the_network_loses_is_concealed);
  tcase_add_test (tcase, what_is_not_concealed_is_silence_of_the_same_length);
  tcase_add_test (tcase, a_flood_is_cut_to_what_a_caller_can_say);
  tcase_add_test (tcase, nothing_passes_before_it_is_attached);
  tcase_add_test (tcase, a_talkspurt_ends_in_silence_and_the_next_keeps_time);
  tcase_add_test (tcase, digital_silence_is_not_sent_as_opus);
  tcase_add_test (tcase, a_short_underrun_is_padded_without_a_new_talkspurt);
  tcase_add_test (tcase, a_second_peer_takes_over_the_bridge);
  tcase_add_test (tcase, detach_waits_for_the_engine_that_listens);
  tcase_add_test (tcase, the_audio_function_can_be_taken_away_in_mid_speech);
  tcase_add_unchecked_fixture (tcase, NULL, gst_deinit);
  suite_add_tcase (suite, tcase);
  return suite;
}
