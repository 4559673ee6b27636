/* Real bots behind the networked engine: the examples, and others' packages for other dialects (tests/bots). Each is a
 * process of its own on a loopback socket; what it says goes through a real playout queue. */
#include <check.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "audio-test.h"
#include "engine/vgw-engine-net.h"
#include "engine/dialects/vgw-mulaw.h"
#include "media/vgw-playout.h"
#include "run-suite.h"

#define DEADLINE_S 40
#define N_FRAMES 60
#define MAX_FRAME_SAMPLES 960

typedef struct
{
  VgwAudioFormat format;
  GSubprocess *process;
  GDataInputStream *output;
  GString *printed; /* what the bot printed, after its address */
  char *url;

  VgwEngineIo *io;
  VgwEngine *engine;
  VgwPlayout *playout;
  gboolean is_playing; /* else what the bot says waits in the queue */
  GArray *heard;       /* gint16 */
  GString *events;     /* of the bot for the client, one a line */
  GString *playout_events;
  gboolean has_hung_up;
  GError *failure;
} Fixture;

/* --- the bot --------------------------------------------------------------------------------------------------------
 */

static void read_line (Fixture *self);

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);

  if (line == NULL)
    return;
  if (self->url == NULL && g_str_has_prefix (line, "ready "))
    self->url = g_strdup (line + strlen ("ready "));
  else
    g_string_append_printf (self->printed, "%s\n", line);
  read_line (self);
}

static void
read_line (Fixture *self)
{
  g_data_input_stream_read_line_async (self->output, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

/* --- waiting --------------------------------------------------------------------------------------------------------
 */

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE; /* the condition is looked at again */
}

/* What the pacer does in a call, but as fast as there is audio. */
static void
play (Fixture *self)
{
  gint16 frame[MAX_FRAME_SAMPLES];
  gsize n;

  while (self->is_playing && self->playout != NULL
         && (n = vgw_playout_pop (self->playout, frame, vgw_audio_format_frame_samples (&self->format))) > 0)
    g_array_append_vals (self->heard, frame, n);
  for (;;)
    {
      g_autoptr (VgwPlayoutEvent) event = self->playout != NULL ? vgw_playout_take_event (self->playout) : NULL;
      if (event == NULL)
        return;
      g_string_append_printf (self->playout_events, "%d %s\n", event->type, event->name != NULL ? event->name : "");
      vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = event });
    }
}

typedef gboolean (*Condition) (Fixture *self, const char *text);

static void
wait_for (Fixture *self, Condition condition, const char *text)
{
  gint64 deadline_us = g_get_monotonic_time () + DEADLINE_S * G_USEC_PER_SEC;
  guint timer = g_timeout_add (10, on_tick, NULL);

  for (play (self); !condition (self, text); play (self))
    {
      ck_assert_msg (self->failure == NULL, "the engine failed: %s", self->failure ? self->failure->message : "");
      ck_assert_msg (g_get_monotonic_time () < deadline_us,
                     "waited in vain for: %s\nprinted: %s\nevents: %s\nplayout: %s", text, self->printed->str,
                     self->events->str, self->playout_events->str);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

static gboolean
is_ready (Fixture *self, const char *text)
{
  return self->url != NULL;
}

static gboolean
has_printed (Fixture *self, const char *text)
{
  return strstr (self->printed->str, text) != NULL;
}

static gboolean
has_told (Fixture *self, const char *text)
{
  return strstr (self->events->str, text) != NULL;
}

static gboolean
has_heard_all (Fixture *self, const char *text)
{
  return self->heard->len >= N_FRAMES * vgw_audio_format_frame_samples (&self->format);
}

static gboolean
has_queued (Fixture *self, const char *text)
{
  VgwPlayoutStats stats;

  vgw_playout_get_stats (self->playout, &stats);
  return stats.queued_ms > 0;
}

static gboolean
has_queued_all (Fixture *self, const char *text)
{
  VgwPlayoutStats stats;

  vgw_playout_get_stats (self->playout, &stats);
  return stats.queued_ms >= N_FRAMES * VGW_FRAME_MS;
}

static gboolean
has_hung_up (Fixture *self, const char *text)
{
  return self->has_hung_up;
}

/* --- the call -------------------------------------------------------------------------------------------------------
 */

static void
on_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (((Fixture *) user_data)->playout, samples, n_samples);
}

static void
on_playout_notify (gpointer user_data)
{
  g_main_context_wakeup (NULL); /* play () takes them */
}

static void
on_output (const VgwEngineOutput *output, gpointer user_data)
{
  Fixture *self = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      vgw_playout_mark (self->playout, output->name);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
      vgw_playout_clear (self->playout);
      break;
    case VGW_ENGINE_OUTPUT_HOLD:
      vgw_playout_hold (self->playout, VGW_PLAYOUT_HOLD_ENGINE, output->is_held);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      g_string_append_printf (self->events, "%s\n", output->json);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      self->has_hung_up = TRUE;
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      if (self->failure == NULL)
        self->failure = g_error_copy (output->error);
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
      break;
    }
}

/* A test that fails leaves no bot behind. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
start (Fixture *self, const char *dialect, guint rate_hz, const char *const *command)
{
  static const VgwEngineSink sink = { .play = on_play, .handle = on_output };
  g_autoptr (VgwEngineConfig) config = vgw_engine_config_new ("bot", "websocket");
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  VgwEngineStart facts = { .session_id = "session-1", .client_address = "192.0.2.1", .format = { rate_hz } };
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->format.rate_hz = rate_hz;
  self->is_playing = TRUE;
  self->printed = g_string_new (NULL);
  self->events = g_string_new (NULL);
  self->playout_events = g_string_new (NULL);
  self->heard = g_array_new (FALSE, FALSE, sizeof (gint16));
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, command, &error);
  ck_assert_msg (self->process != NULL, "%s", error != NULL ? error->message : command[0]);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  read_line (self);
  wait_for (self, is_ready, "the bot's address");

  self->playout = vgw_playout_new (&self->format, 60000);
  vgw_playout_set_notify (self->playout, on_playout_notify, self, NULL);
  g_free (config->url);
  config->url = g_strdup (self->url);
  self->io = vgw_engine_io_new ();
  self->engine = vgw_engine_net_new (self->io, config, vgw_dialect_find (dialect));
  vgw_engine_set_sink (self->engine, &sink, self, NULL);
  ck_assert (vgw_engine_start (self->engine, &facts, &error));
}

static gboolean
is_output_closed (Fixture *self, const char *text)
{
  return !g_input_stream_has_pending (G_INPUT_STREAM (self->output));
}

static void
finish (Fixture *self)
{
  if (self->engine != NULL)
    vgw_engine_stop (self->engine, "client-bye");
  g_clear_object (&self->engine);
  g_clear_pointer (&self->playout, vgw_playout_unref);
  g_clear_pointer (&self->io, vgw_engine_io_unref);
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  wait_for (self, is_output_closed, "the end of the bot's output");
  g_object_unref (self->output);
  g_object_unref (self->process);
  g_array_unref (self->heard);
  g_string_free (self->printed, TRUE);
  g_string_free (self->events, TRUE);
  g_string_free (self->playout_events, TRUE);
  g_clear_error (&self->failure);
  g_free (self->url);
}

/* N_FRAMES of real speech, as a caller's: returned, at the rate of the call (transfer full). */
static gint16 *
speak (Fixture *self)
{
  gsize n_phrase;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_phrase);
  const gsize n_frame = vgw_audio_format_frame_samples (&self->format), step = PHRASE_RATE_HZ / self->format.rate_hz;
  gint16 *spoken = g_new (gint16, N_FRAMES * n_frame);

  for (gsize i = 0; i < N_FRAMES * n_frame; i++)
    spoken[i] = phrase[(i * step + PHRASE_RATE_HZ / 2) % n_phrase];
  for (guint i = 0; i < N_FRAMES; i++)
    vgw_engine_push_audio (self->engine, spoken + i * n_frame, n_frame);
  return spoken;
}

static char *
find (const char *path)
{
  return g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), path, NULL);
}

/* --- cases ----------------------------------------------------------------------------------------------------------
 */

/* A whole call with a bot that speaks the native protocol. */
static void
check_native (const char *const *command, gboolean echoes_events)
{
  Fixture self;
  g_autofree gint16 *spoken = NULL;

  start (&self, "native", 16000, command);
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  ck_assert_mem_eq (self.heard->data, spoken, N_FRAMES * 320 * sizeof (gint16));

  /* the bot marks the end of what it said, and tells when it was heard */
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = FALSE });
  wait_for (&self, has_told, "\"heard\"");

  self.is_playing = FALSE;
  g_free (speak (&self));
  wait_for (&self, has_queued, "audio that waits");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = TRUE }); /* the bot clears */
  wait_for (&self, has_printed, "\"cleared\"");
  self.is_playing = TRUE;

  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = "{\"n\":1}" });
  if (echoes_events)
    wait_for (&self, has_told, "{\"type\":\"echo\",\"of\":{\"n\":1}}");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '#', 100 } });
  wait_for (&self, has_hung_up, "the hang-up");
  vgw_engine_stop (self.engine, "client-bye");
  wait_for (&self, has_printed, "client-bye");
  ck_assert_msg (strstr (self.printed->str, "\"error\"") == NULL, "%s", self.printed->str);
  finish (&self);
}

START_TEST (the_python_bot_holds_a_call)
{
  g_autofree char *path = find ("examples/bot-python.py");

  check_native ((const char *const[]){ "/usr/bin/python3", path, "0", NULL }, TRUE);
}
END_TEST

START_TEST (the_node_bot_holds_a_call)
{
  g_autofree char *path = find ("examples/bot-node.mjs");

  check_native ((const char *const[]){ "node", path, "0", NULL }, TRUE);
}
END_TEST

START_TEST (the_c_bot_holds_a_call)
{
  check_native ((const char *const[]){ g_getenv ("VGW_TEST_BOT_C"), "0", NULL }, FALSE);
}
END_TEST

/* What @spoken is after μ-law and back. */
static void
check_mulaw_echo (Fixture *self, const gint16 *spoken)
{
  for (gsize i = 0; i < N_FRAMES * vgw_audio_format_frame_samples (&self->format); i++)
    {
      if (g_array_index (self->heard, gint16, i) != vgw_mulaw_decode (vgw_mulaw_encode (spoken[i])))
        ck_abort_msg ("sample %" G_GSIZE_FORMAT " is another", i);
    }
}

START_TEST (the_twilio_bot_holds_a_call)
{
  g_autofree char *path = find ("examples/bot-twilio.mjs");
  g_autofree gint16 *spoken = NULL;
  Fixture self;

  start (&self, "twilio", 8000, (const char *const[]){ "node", path, "0", NULL });
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  check_mulaw_echo (&self, spoken);
  wait_for (&self, has_printed, "connected Call 1.0.0\nstart CA");
  wait_for (&self, has_printed, "mark second 1");

  self.is_playing = FALSE;
  g_free (speak (&self)); /* frames 61 to 120: the second mark waits */
  wait_for (&self, has_queued, "audio that waits");
  vgw_engine_send (self.engine,
                   &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF,
                                      .dtmf = { '1', 100 } }); /* the bot clears: the mark comes back unheard */
  wait_for (&self, has_printed, "mark second 2");
  self.is_playing = TRUE;
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '#', 100 } }); /* the bot closes */
  wait_for (&self, has_hung_up, "the hang-up");
  finish (&self);
}
END_TEST

/* OpenAI's adapter reads the frames: it looks at the format and the time stamps, and fills a gap in them with silence;
 * it knows by the marks that come back what was heard of what it said. */
START_TEST (a_bot_on_openais_twilio_adapter_holds_a_call)
{
  g_autofree char *path = find ("tests/bots/twilio.mjs");
  g_autofree gint16 *spoken = NULL;
  Fixture self;

  start (&self, "twilio", 8000, (const char *const[]){ "node", path, NULL });
  wait_for (&self, has_printed, "ears connected");
  wait_for (&self, has_printed, "\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1}");
  ck_assert_ptr_nonnull (strstr (self.printed->str, "\"tracks\":[\"inbound\"]"));
  ck_assert_ptr_nonnull (strstr (self.printed->str, "\"callSid\":\"CA"));
  ck_assert_ptr_nonnull (strstr (self.printed->str, "\"accountSid\":\"AC"));
  ck_assert_ptr_nonnull (strstr (self.printed->str, "\"customParameters\":{\"sessionId\":\"session-1\""));
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  check_mulaw_echo (&self, spoken);
  wait_for (&self, has_printed, "\"mark\":{\"name\":\"item_1:1200:"); /* behind the last of 60 frames */

  self.is_playing = FALSE;
  g_free (speak (&self));
  wait_for (&self, has_queued_all, "audio that waits");
  vgw_engine_send (
      self.engine,
      &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF,
                         .dtmf = { '1', 100 } }); /* the bot clears, and cuts what it said at what was heard */
  wait_for (&self, has_printed, "\"digit\":\"1\"");
  wait_for (&self, has_printed, "truncate item_1 1250"); /* it adds 50 ms to the last mark */
  self.is_playing = TRUE;
  vgw_engine_stop (self.engine, "client-bye");
  wait_for (&self, has_printed, "heard 2400 ms");
  ck_assert_ptr_nonnull (strstr (self.printed->str, "\"stop\":{\"accountSid\":\"AC"));
  ck_assert_msg (strstr (self.printed->str, "fault") == NULL && strstr (self.printed->str, "error") == NULL, "%s",
                 self.printed->str);
  finish (&self);
}
END_TEST

START_TEST (a_bot_written_for_asterisk_holds_a_call)
{
  g_autofree char *path = find ("tests/bots/asterisk.mjs");
  g_autofree gint16 *spoken = NULL;
  guint n_heard;
  Fixture self;

  start (&self, "asterisk", 16000, (const char *const[]){ "node", path, NULL });
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  ck_assert_mem_eq (self.heard->data, spoken, N_FRAMES * 320 * sizeof (gint16));
  wait_for (&self, has_printed, "MEDIA_START slin16 640 20");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '1', 100 } }); /* the bot marks */
  wait_for (&self, has_printed, "MEDIA_MARK_PROCESSED m");

  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '2', 100 } }); /* … pauses */
  wait_for (&self, has_printed, "STATUS true");
  n_heard = self.heard->len;
  g_free (speak (&self));
  wait_for (&self, has_queued, "audio that waits");
  ck_assert_uint_eq (self.heard->len, n_heard);
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '3', 100 } }); /* … continues */
  wait_for (&self, has_printed, "QUEUE_DRAINED");
  ck_assert_uint_gt (self.heard->len, n_heard);

  g_string_truncate (self.printed, 0);
  self.is_playing = FALSE;
  g_free (speak (&self));
  wait_for (&self, has_queued, "audio that waits");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '4', 100 } }); /* … flushes */
  wait_for (&self, has_printed, "QUEUE_DRAINED");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '#', 100 } }); /* … hangs up */
  wait_for (&self, has_hung_up, "the hang-up");
  finish (&self);
}
END_TEST

START_TEST (a_bot_on_jambonz_own_sdk_holds_a_call)
{
  g_autofree char *path = find ("tests/bots/jambonz.mjs");
  g_autofree gint16 *spoken = NULL;
  Fixture self;

  start (&self, "jambonz", 16000, (const char *const[]){ "node", path, NULL });
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  ck_assert_mem_eq (self.heard->data, spoken, N_FRAMES * 320 * sizeof (gint16));
  wait_for (&self, has_printed, "start 16000");

  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '1', 200 } }); /* the bot marks */
  wait_for (&self, has_printed, "dtmf 1 1600");
  wait_for (&self, has_printed, "mark m playout");
  self.is_playing = FALSE;
  g_free (speak (&self));
  wait_for (&self, has_queued, "audio that waits");
  vgw_engine_send (self.engine,
                   &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '2', 200 } }); /* … marks, and kills its audio */
  wait_for (&self, has_printed, "mark k cleared");
  self.is_playing = TRUE;
  vgw_engine_send (self.engine,
                   &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '3', 200 } }); /* … plays a piece of audio */
  wait_for (&self, has_printed, "playDone piece");
  vgw_engine_send (self.engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { '#', 200 } }); /* … disconnects */
  wait_for (&self, has_hung_up, "the hang-up");
  finish (&self);
}
END_TEST

START_TEST (a_bot_on_others_audiosocket_package_holds_a_call)
{
  g_autofree char *path = find ("tests/bots/audiosocket.mjs");
  g_autofree gint16 *spoken = NULL;
  Fixture self;

  start (&self, "audiosocket", 8000, (const char *const[]){ "node", path, NULL });
  spoken = speak (&self);
  wait_for (&self, has_heard_all, "the echo");
  ck_assert_mem_eq (self.heard->data, spoken, N_FRAMES * 160 * sizeof (gint16));
  wait_for (&self, has_printed, "id bf365625-d89e-8f66-883a-d129e690707b\n");
  vgw_engine_stop (self.engine, "client-bye");
  wait_for (&self, has_printed, "hangup");
  finish (&self);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-engine-bots");
  TCase *tcase = tcase_create ("bots");

  tcase_add_test (tcase, the_python_bot_holds_a_call);
  tcase_add_test (tcase, the_node_bot_holds_a_call);
  tcase_add_test (tcase, the_c_bot_holds_a_call);
  tcase_add_test (tcase, the_twilio_bot_holds_a_call);
  tcase_add_test (tcase, a_bot_on_openais_twilio_adapter_holds_a_call);
  tcase_add_test (tcase, a_bot_written_for_asterisk_holds_a_call);
  tcase_add_test (tcase, a_bot_on_jambonz_own_sdk_holds_a_call);
  tcase_add_test (tcase, a_bot_on_others_audiosocket_package_holds_a_call);
  tcase_set_timeout (tcase, 4 * DEADLINE_S);
  suite_add_tcase (suite, tcase);
  return suite;
}
