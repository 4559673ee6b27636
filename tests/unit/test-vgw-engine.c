#include "engine/vgw-engine-factory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define RATE_HZ 16000
#define FRAME_SAMPLES (RATE_HZ * VGW_FRAME_MS / 1000)
#define N_CYCLES 1000
#define N_FRAMES_BEFORE_STOP 50

static const VgwEngineShared nothing_shared = { 0 };
static const VgwEngineStart start_facts = { .session_id = "session-1",
                                            .client_address = "192.0.2.1",
                                            .format = { RATE_HZ } };

/* What came back from an engine. Guarded by nothing: the engine's play lock serialises, stop () is the barrier. */
typedef struct
{
  GArray *samples;
  guint n_destroyed;
} Ear;

static void
hear (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Ear *ear = user_data;

  g_array_append_vals (ear->samples, samples, n_samples);
}

static void
stop_hearing (gpointer user_data)
{
  Ear *ear = user_data;

  ear->n_destroyed++;
}

static void
fill_ramp (gint16 *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (gint16) (i * 7 - 1000);
}

static VgwEngine *
create (const char *type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new (type, type);
  VgwEngine *engine = vgw_engine_create (config, &nothing_shared, &error);

  ck_assert_msg (engine != NULL, "%s", error != NULL ? error->message : "no error");
  return engine;
}

START_TEST (echo_gives_back_what_it_hears)
{
  g_autoptr (VgwEngine) engine = create ("echo");
  g_autoptr (GError) error = NULL;
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };
  gint16 frame[FRAME_SAMPLES];

  fill_ramp (frame, FRAME_SAMPLES);
  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
  ck_assert (vgw_engine_start (engine, &start_facts, &error));
  vgw_engine_push_audio (engine, frame, FRAME_SAMPLES);
  vgw_engine_push_audio (engine, frame, 3);

  ck_assert_uint_eq (ear.samples->len, FRAME_SAMPLES + 3);
  ck_assert_mem_eq (ear.samples->data, frame, sizeof frame);
  vgw_engine_stop (engine, "client-bye");
  g_array_unref (ear.samples);
}
END_TEST

/* 200 ms of silence after the last sound are played, and no more until there is sound again. */
START_TEST (echo_that_skips_silence_plays_only_sound)
{
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("quiet", "echo");
  g_autoptr (VgwEngine) engine = NULL;
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };
  gint16 sound[FRAME_SAMPLES], noise[FRAME_SAMPLES];
  const guint n_held = 200 / VGW_FRAME_MS;

  fill_ramp (sound, FRAME_SAMPLES);
  for (gsize i = 0; i < FRAME_SAMPLES; i++)
    noise[i] = i % 2 == 0 ? 300 : -300;
  config->skips_silence = TRUE;
  engine = vgw_engine_create (config, &nothing_shared, NULL);
  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
  ck_assert (vgw_engine_start (engine, &start_facts, NULL));

  vgw_engine_push_audio (engine, noise, FRAME_SAMPLES);
  ck_assert_uint_eq (ear.samples->len, 0);
  vgw_engine_push_audio (engine, sound, FRAME_SAMPLES);
  for (guint i = 0; i < n_held + 5; i++)
    vgw_engine_push_audio (engine, noise, FRAME_SAMPLES);
  ck_assert_uint_eq (ear.samples->len, (1 + n_held) * FRAME_SAMPLES);
  noise[FRAME_SAMPLES - 1] = 301;
  vgw_engine_push_audio (engine, noise, FRAME_SAMPLES);
  ck_assert_uint_eq (ear.samples->len, (2 + n_held) * FRAME_SAMPLES);
  vgw_engine_stop (engine, "client-bye");
  g_array_unref (ear.samples);
}
END_TEST

START_TEST (nothing_is_heard_before_the_start_or_after_the_stop)
{
  g_autoptr (VgwEngine) engine = create ("echo");
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };
  gint16 frame[FRAME_SAMPLES] = { 1 };

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
  vgw_engine_push_audio (engine, frame, FRAME_SAMPLES);
  ck_assert_uint_eq (ear.samples->len, 0);

  ck_assert (vgw_engine_start (engine, &start_facts, NULL));
  vgw_engine_stop (engine, "client-bye");
  vgw_engine_push_audio (engine, frame, FRAME_SAMPLES);
  vgw_engine_play (engine, frame, FRAME_SAMPLES);
  ck_assert_uint_eq (ear.samples->len, 0);
  g_array_unref (ear.samples);
}
END_TEST

START_TEST (stop_is_idempotent_and_releases_the_play_function_once)
{
  g_autoptr (VgwEngine) engine = create ("echo");
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
  ck_assert (vgw_engine_start (engine, &start_facts, NULL));
  vgw_engine_stop (engine, "client-bye");
  vgw_engine_stop (engine, "shutdown");
  ck_assert_uint_eq (ear.n_destroyed, 1);
  g_array_unref (ear.samples);
}
END_TEST

START_TEST (an_engine_that_was_only_dropped_releases_the_play_function)
{
  VgwEngine *engine = create ("echo");
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
  if (_i == 1)
    ck_assert (vgw_engine_start (engine, &start_facts, NULL));
  g_object_unref (engine);
  ck_assert_uint_eq (ear.n_destroyed, 1);
  g_array_unref (ear.samples);
}
END_TEST

/* A streaming thread that goes on pushing until it is told to stop. */
typedef struct
{
  VgwEngine *engine;
  int should_stop; /* atomic */
  int n_heard;     /* atomic */
} Stream;

static void
count_frame (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Stream *stream = user_data;

  g_atomic_int_inc (&stream->n_heard);
}

static gpointer
stream_thread (gpointer user_data)
{
  Stream *stream = user_data;
  gint16 frame[FRAME_SAMPLES] = { 0 };

  while (!g_atomic_int_get (&stream->should_stop))
    vgw_engine_push_audio (stream->engine, frame, FRAME_SAMPLES);
  return NULL;
}

START_TEST (stop_is_a_barrier_for_a_streaming_thread)
{
  g_autoptr (VgwEngine) engine = create ("echo");
  Stream stream = { engine, 0, 0 };
  GThread *thread;
  int n_at_stop;

  vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = count_frame }, &stream, NULL);
  thread = g_thread_new ("streaming", stream_thread, &stream);
  ck_assert (vgw_engine_start (engine, &start_facts, NULL));
  while (g_atomic_int_get (&stream.n_heard) < N_FRAMES_BEFORE_STOP)
    g_thread_yield ();
  vgw_engine_stop (engine, "client-bye");
  n_at_stop = g_atomic_int_get (&stream.n_heard);

  for (int i = 0; i < N_FRAMES_BEFORE_STOP; i++)
    g_thread_yield ();
  g_atomic_int_set (&stream.should_stop, 1);
  g_thread_join (thread);
  ck_assert_int_eq (g_atomic_int_get (&stream.n_heard), n_at_stop);
}
END_TEST

START_TEST (a_thousand_calls_leave_nothing_behind)
{
  gint16 frame[FRAME_SAMPLES] = { 0 };
  Ear ear = { g_array_new (FALSE, FALSE, sizeof (gint16)), 0 };

  for (int i = 0; i < N_CYCLES; i++)
    {
      VgwEngine *engine = create ("echo");

      vgw_engine_set_sink (engine, &(VgwEngineSink){ .play = hear }, &ear, stop_hearing);
      ck_assert (vgw_engine_start (engine, &start_facts, NULL));
      vgw_engine_push_audio (engine, frame, FRAME_SAMPLES);
      vgw_engine_stop (engine, "client-bye");
      g_object_add_weak_pointer (G_OBJECT (engine), (gpointer *) &engine);
      g_object_unref (engine);
      ck_assert_ptr_null (engine);
    }
  ck_assert_uint_eq (ear.samples->len, N_CYCLES * FRAME_SAMPLES);
  ck_assert_uint_eq (ear.n_destroyed, N_CYCLES);
  g_array_unref (ear.samples);
}
END_TEST

START_TEST (an_event_for_an_engine_without_events_is_ignored)
{
  g_autoptr (VgwEngine) engine = create ("echo");

  vgw_engine_send (engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{}" });
  ck_assert (vgw_engine_start (engine, &start_facts, NULL));
  vgw_engine_send (engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{}" });
  vgw_engine_stop (engine, "client-bye");
  vgw_engine_send (engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{}" });
}
END_TEST

START_TEST (an_unknown_type_is_refused_and_the_known_ones_named)
{
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("bird", "parrot");
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_engine_create (config, &nothing_shared, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  ck_assert_ptr_nonnull (strstr (error->message, "bird"));
  ck_assert_ptr_nonnull (strstr (error->message, "parrot"));
  for (const VgwEngineType *type = vgw_engine_types (); type->name != NULL; type++)
    ck_assert_ptr_nonnull (strstr (error->message, type->name));
}
END_TEST

START_TEST (every_known_type_can_be_made)
{
  g_autoptr (VgwEngineIo) io = vgw_engine_io_new ();
  const VgwEngineShared shared = { .io = io };
  guint n_types = 0;

  for (const VgwEngineType *type = vgw_engine_types (); type->name != NULL; type++)
    {
      g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("x", type->name);
      g_autoptr (VgwEngine) engine = NULL;

      g_free (config->url);
      config->url = g_strdup ("ws://127.0.0.1:1/");
      engine = vgw_engine_create (config, &shared, NULL);
      ck_assert_msg (engine != NULL, "%s", type->name);
      n_types++;
    }
  ck_assert_uint_ge (n_types, 4);
}
END_TEST

START_TEST (record_without_a_directory_is_refused)
{
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("r", "record");
  g_autoptr (GError) error = NULL;

  *config->record_directory = '\0';
  ck_assert_ptr_null (vgw_engine_create (config, &nothing_shared, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
}
END_TEST

START_TEST (a_networked_engine_without_a_network_is_refused)
{
  g_autoptr (VgwEngineIo) io = vgw_engine_io_new ();
  const VgwEngineShared shared = { .io = io };
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("bot", "websocket");
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_engine_create (config, &shared, &error)); /* no url */
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  g_clear_error (&error);
  config->url = (g_free (config->url), g_strdup ("ws://127.0.0.1:1/"));
  config->dialect = (g_free (config->dialect), g_strdup ("audiosocket")); /* bytes over TCP */
  ck_assert_ptr_null (vgw_engine_create (config, &shared, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
}
END_TEST

START_TEST (record_wraps_what_is_there_and_records_nothing_itself)
{
  g_autoptr (GPtrArray) engines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_engine_config_free);
  const VgwEngineShared shared = { .engines = engines };
  VgwEngineConfig *config = vgw_engine_config_new ("r", "record");
  g_autoptr (VgwEngine) good = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (engines, config);
  config->wraps = (g_free (config->wraps), g_strdup ("r"));
  ck_assert_ptr_null (vgw_engine_create (config, &shared, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  g_clear_error (&error);
  config->wraps = (g_free (config->wraps), g_strdup ("absent"));
  ck_assert_ptr_null (vgw_engine_create (config, &shared, &error));
  g_clear_error (&error);
  g_ptr_array_add (engines, vgw_engine_config_new ("absent", "echo"));
  good = vgw_engine_create (config, &shared, &error);
  ck_assert_ptr_nonnull (good);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-engine");
  TCase *echo = tcase_create ("echo");
  TCase *factory = tcase_create ("factory");

  tcase_set_timeout (echo, 60);
  tcase_add_test (echo, echo_gives_back_what_it_hears);
  tcase_add_test (echo, echo_that_skips_silence_plays_only_sound);
  tcase_add_test (echo, nothing_is_heard_before_the_start_or_after_the_stop);
  tcase_add_test (echo, stop_is_idempotent_and_releases_the_play_function_once);
  tcase_add_loop_test (echo, an_engine_that_was_only_dropped_releases_the_play_function, 0, 2);
  tcase_add_test (echo, stop_is_a_barrier_for_a_streaming_thread);
  tcase_add_test (echo, a_thousand_calls_leave_nothing_behind);
  tcase_add_test (echo, an_event_for_an_engine_without_events_is_ignored);
  suite_add_tcase (suite, echo);
  tcase_add_test (factory, an_unknown_type_is_refused_and_the_known_ones_named);
  tcase_add_test (factory, every_known_type_can_be_made);
  tcase_add_test (factory, record_without_a_directory_is_refused);
  tcase_add_test (factory, a_networked_engine_without_a_network_is_refused);
  tcase_add_test (factory, record_wraps_what_is_there_and_records_nothing_itself);
  suite_add_tcase (suite, factory);

  return suite;
}
