/* A caller who speaks (real speech through a real peer), and a bot that is speaking: what each of them hears of it. */
#include "session-test.h"

#include <stdlib.h>

#include "caller/vgw-call-media.h"
#include "engine/builtin/vgw-engine-echo.h"
#include "run-suite.h"

#define PAUSE_MS 2000  /* between the phrases of the caller; more than ends speech */
#define PHRASE_MS 1500 /* of the phrase, with more than one word */
#define BOT_MS 60000
#define BOT_RATE_HZ 16000
#define BOT_AMPLITUDE 8000
#define SPEECH_STARTED "{\"type\":\"speech-started\"}"
#define SPEECH_STOPPED "{\"type\":\"speech-stopped\"}"

static const char *const pipelines[] = { "opus", NULL };
static VgwSpeech *speech;

/* --- a bot --- */

#define TEST_TYPE_BOT (test_bot_get_type ())
G_DECLARE_FINAL_TYPE (TestBot, test_bot, TEST, BOT, VgwEngine)

struct _TestBot
{
  VgwEngine parent_instance;
  guint n_started, n_stopped; /* of the caller's speech */
  guint n_marks, n_cleared, n_errors;
  guint64 played_ms; /* of the last CLEARED */
  char *marks;       /* of the same */
};

G_DEFINE_FINAL_TYPE (TestBot, test_bot, VGW_TYPE_ENGINE)

static gboolean
test_bot_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  return TRUE;
}

static void
test_bot_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
}

static void
test_bot_note_playout (TestBot *self, const VgwPlayoutEvent *event)
{
  self->n_marks += event->type == VGW_PLAYOUT_MARK;
  if (event->type != VGW_PLAYOUT_CLEARED)
    return;
  self->n_cleared++;
  self->played_ms = event->played_ms;
  g_free (self->marks);
  self->marks = g_strjoinv (",", (char **) event->marks);
}

static void
test_bot_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  TestBot *self = TEST_BOT (engine);

  switch (input->type)
    {
    case VGW_ENGINE_INPUT_SPEECH:
      self->n_started += input->is_speaking;
      self->n_stopped += !input->is_speaking;
      break;
    case VGW_ENGINE_INPUT_PLAYOUT:
      test_bot_note_playout (self, input->playout);
      break;
    case VGW_ENGINE_INPUT_EVENT:
      self->n_errors += strstr (input->json, "\"error\"") != NULL;
      break;
    case VGW_ENGINE_INPUT_PAUSED:
    case VGW_ENGINE_INPUT_RESUMED:
    case VGW_ENGINE_INPUT_DTMF:
      break;
    }
}

static void
test_bot_finalize (GObject *object)
{
  g_free (TEST_BOT (object)->marks);
  G_OBJECT_CLASS (test_bot_parent_class)->finalize (object);
}

static void
test_bot_class_init (TestBotClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_bot_finalize;
  engine_class->start = test_bot_start;
  engine_class->push_audio = test_bot_push_audio;
  engine_class->takes_playout = TRUE;
  engine_class->takes_speech = TRUE;
  engine_class->handle = test_bot_handle;
}

static void
test_bot_init (TestBot *self)
{
}

/* A minute of a tone, and a mark behind it. */
static void
test_bot_talk (TestBot *self, gint16 amplitude)
{
  gsize n_samples = (gsize) BOT_MS * BOT_RATE_HZ / 1000;
  g_autofree gint16 *samples = g_new (gint16, n_samples);

  for (gsize i = 0; i < n_samples; i++)
    samples[i] = i % 40 < 20 ? amplitude : (gint16) -amplitude;
  vgw_engine_play (VGW_ENGINE (self), samples, n_samples);
  vgw_engine_emit (VGW_ENGINE (self), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = "end" });
}

/* --- a caller --- */

typedef struct
{
  Client *client;
  VgwCallMedia *media;
  TestBot *bot; /* (nullable) a reference */
  guint feed_id;
  gboolean is_stopped;
} Call;

static void
on_outgoing (VgwSession *session, const VgwMessage *message, Call *call)
{
  if (message->type == VGW_MESSAGE_ANSWER)
    ck_assert (vgw_call_media_set_answer (call->media, message->sdp, NULL));
}

static void
on_offer (VgwCallMedia *media, const char *sdp, Call *call)
{
  g_autoptr (VgwMessage) message = vgw_message_new_sdp (VGW_MESSAGE_OFFER, sdp);

  vgw_session_handle (call->client->session, message);
}

static void
on_connected (VgwCallMedia *media, Call *call)
{
  call->feed_id = vgw_pacer_add (vgw_media_get_pacer (test_context.media), vgw_call_media_feed, media);
}

static void
on_stopped (VgwCallMedia *media, Call *call)
{
  call->is_stopped = TRUE;
}

/* Nothing of the caller arrives any more. */
static void
stop_feeding (Call *call)
{
  if (call->feed_id != 0)
    vgw_pacer_remove (vgw_media_get_pacer (test_context.media), call->feed_id);
  call->feed_id = 0;
}

/* A call that is active. @engine (transfer full), which the context has as @config. */
static Call *
call_new_with (VgwEngine *engine, const VgwEngineConfig *config)
{
  Call *call = g_new0 (Call, 1);

  call->client = client_new_started ();
  vgw_conversation_use_engine (vgw_session_get_conversation (call->client->session), engine, config);
  call->media = vgw_call_media_new (speech, NULL, FALSE, NULL, NULL);
  ck_assert_ptr_nonnull (call->media);
  g_signal_connect (call->client->session, "outgoing", G_CALLBACK (on_outgoing), call);
  g_signal_connect (call->media, "offer", G_CALLBACK (on_offer), call);
  g_signal_connect (call->media, "connected", G_CALLBACK (on_connected), call);
  g_signal_connect (call->media, "stopped", G_CALLBACK (on_stopped), call);
  vgw_call_media_start (call->media);
  client_wait_for (call->client, VGW_PHASE_ACTIVE);
  return call;
}

/* One more of the context's engines. */
static VgwEngineConfig *
add_config (const char *name, const char *type, VgwBargeIn barge_in)
{
  VgwEngineConfig *config = vgw_engine_config_new (name, type);

  config->barge_in = barge_in;
  config->max_playout_ms = 2 * BOT_MS;
  g_ptr_array_add (test_context.engine_shared.engines, config);
  return config;
}

/* A call that is active, with a bot that talks. */
static Call *
call_new (VgwBargeIn barge_in, guint speech_start_ms)
{
  VgwEngineConfig *config = add_config ("bot", "bot", barge_in);
  TestBot *bot = g_object_new (TEST_TYPE_BOT, NULL);
  Call *call;

  config->speech_start_ms = speech_start_ms;
  call = call_new_with (VGW_ENGINE (g_object_ref (bot)), config);
  call->bot = bot;
  test_bot_talk (bot, BOT_AMPLITUDE);
  return call;
}

static void
fail_engine (Call *call)
{
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_ENGINE, "gone");

  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (call->client->session)),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_FAILED, .error = error });
}

static void
call_free (Call *call)
{
  stop_feeding (call);
  vgw_call_media_stop (call->media);
  WAIT_UNTIL (call->is_stopped);
  g_signal_handlers_disconnect_by_data (call->client->session, call);
  g_signal_handlers_disconnect_by_data (call->media, call);
  g_object_unref (call->media);
  client_free (call->client);
  g_clear_object (&call->bot);
  g_free (call);
}

static VgwPlayoutStats
get_stats (Call *call)
{
  VgwPlayoutStats stats;

  vgw_playout_get_stats (
      vgw_bridge_get_playout (vgw_conversation_get_bridge (vgw_session_get_conversation (call->client->session))),
      &stats);
  return stats;
}

static guint
count_events (Call *call, const char *json)
{
  guint n_events = 0;

  client_flush (call->client);
  for (guint i = 0; i < call->client->messages->len; i++)
    {
      const VgwMessage *message = call->client->messages->pdata[i];

      n_events += message->type == VGW_MESSAGE_EVENT && g_strcmp0 (message->event_json, json) == 0;
    }
  return n_events;
}

static void
set_up (void)
{
  g_autofree char *dir = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", NULL);
  const VgwMediaSettings settings = {
    .ice_agent = VGW_ICE_AGENT_MUX,
    .gather_timeout_ms = 1000,
    .pipelines = pipelines,
    .pipeline_dir = dir,
    .latency_ms = 40,
    .max_mlines = 8,
    .max_data_channels = 4,
  };

  set_up_context ();
  test_context.media = vgw_media_new (&settings, NULL);
  ck_assert_ptr_nonnull (test_context.media);
}

static void
tear_down (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  g_clear_object (&test_context.media);
  tear_down_context ();
}

START_TEST (a_caller_who_speaks_silences_the_bot)
{
  g_autofree char *cleared = NULL;
  Call *call = call_new (VGW_BARGE_IN_FLUSH, 120);

  WAIT_UNTIL (call->bot->n_cleared > 0);
  ck_assert_uint_eq (call->bot->n_started, 1);
  ck_assert_str_eq (call->bot->marks, "end");
  ck_assert_uint_eq (call->bot->n_marks, 0);
  ck_assert_uint_lt (call->bot->played_ms, BOT_MS);
  ck_assert_uint_eq (call->bot->played_ms, get_stats (call).played_ms);
  ck_assert_uint_eq (get_stats (call).queued_ms, 0);
  ck_assert_uint_eq (count_events (call, SPEECH_STARTED), 1);
  cleared = g_strdup_printf ("{\"type\":\"playout-cleared\",\"utterance_ms\":%" G_GUINT64_FORMAT
                             ",\"cleared_ms\":%" G_GUINT64_FORMAT "}",
                             call->bot->played_ms, BOT_MS - call->bot->played_ms);
  WAIT_UNTIL (count_events (call, cleared) == 1);

  WAIT_UNTIL (call->bot->n_stopped > 0);
  ck_assert_uint_eq (count_events (call, SPEECH_STOPPED), 1);
  WAIT_UNTIL (call->bot->n_started > 1);
  ck_assert_uint_eq (call->bot->n_cleared, 1); /* there was nothing to drop */
  call_free (call);
}
END_TEST

START_TEST (what_is_weaker_than_the_bot_by_the_margin_is_taken_for_its_echo)
{
  VgwEngineConfig *config = add_config ("bot", "bot", VGW_BARGE_IN_FLUSH);
  TestBot *bot = g_object_new (TEST_TYPE_BOT, NULL);
  VgwSession *session;
  guint64 played_ms;
  Call *call;

  config->echo_margin_db = 0;
  call = call_new_with (VGW_ENGINE (g_object_ref (bot)), config);
  call->bot = bot;
  session = call->client->session;
  test_bot_talk (bot, G_MAXINT16); /* no caller is as loud */

  WAIT_UNTIL (vgw_caller_speech_has_voice (vgw_conversation_get_speech (vgw_session_get_conversation (session))));
  played_ms = get_stats (call).played_ms;
  WAIT_UNTIL (get_stats (call).played_ms > played_ms + PHRASE_MS);
  ck_assert_uint_eq (bot->n_started, 0);
  ck_assert_uint_eq (bot->n_cleared, 0);
  ck_assert_uint_eq (count_events (call, SPEECH_STARTED), 0);
  vgw_playout_clear (vgw_bridge_get_playout (vgw_conversation_get_bridge (vgw_session_get_conversation (session))));
  WAIT_UNTIL (bot->n_started > 0); /* in silence there is no echo */
  call_free (call);
}
END_TEST

START_TEST (a_bot_that_pauses_goes_on_where_it_was)
{
  guint64 played_ms;
  Call *call = call_new (VGW_BARGE_IN_PAUSE, 120);

  WAIT_UNTIL (call->bot->n_started > 0);
  played_ms = get_stats (call).played_ms;
  WAIT_UNTIL (call->bot->n_stopped > 0);
  /* one frame to fade out, and those of a tick that was late */
  ck_assert_uint_le (get_stats (call).played_ms, played_ms + 20 * VGW_FRAME_MS);
  WAIT_UNTIL (get_stats (call).played_ms > played_ms + 30 * VGW_FRAME_MS);
  ck_assert_uint_eq (call->bot->n_cleared, 0);
  call_free (call);
}
END_TEST

START_TEST (a_caller_who_falls_silent_without_a_packet_has_ended)
{
  Call *call = call_new (VGW_BARGE_IN_NONE, 120);

  WAIT_UNTIL (call->bot->n_started > 0);
  stop_feeding (call);
  WAIT_UNTIL (call->bot->n_stopped > 0);
  ck_assert_uint_eq (call->bot->n_cleared, 0);
  ck_assert_uint_gt (get_stats (call).queued_ms, 0);
  call_free (call);
}
END_TEST

START_TEST (who_wants_no_voice_has_none_detected)
{
  Call *call = call_new (VGW_BARGE_IN_FLUSH, 0);

  ck_assert (!vgw_caller_speech_wants_voice (
      vgw_conversation_get_speech (vgw_session_get_conversation (call->client->session))));
  WAIT_UNTIL (get_stats (call).played_ms > 3000); /* well inside the phrase */
  ck_assert_uint_eq (call->bot->n_started, 0);
  call_free (call);
}
END_TEST

START_TEST (who_takes_over_hears_that_the_caller_speaks)
{
  VgwEngineConfig *deaf = add_config ("deaf", "echo", VGW_BARGE_IN_NONE);
  guint64 played_ms;
  Call *call;

  add_config ("listener", "echo", VGW_BARGE_IN_FLUSH);
  set_text (&deaf->on_failure, "fallback:listener");
  call = call_new_with (vgw_engine_echo_new (FALSE), deaf);
  WAIT_UNTIL (
      vgw_caller_speech_has_voice (vgw_conversation_get_speech (vgw_session_get_conversation (call->client->session))));
  played_ms = get_stats (call).played_ms;
  WAIT_UNTIL (get_stats (call).played_ms > played_ms + PHRASE_MS / 3);
  ck_assert_uint_eq (count_events (call, SPEECH_STARTED), 0);
  fail_engine (call);
  WAIT_UNTIL (count_events (call, SPEECH_STARTED) > 0);
  call_free (call);
}
END_TEST

START_TEST (a_bot_that_fails_while_the_caller_speaks_leaves_no_speech_without_end)
{
  Call *call = call_new (VGW_BARGE_IN_NONE, 120);

  set_text (&add_config ("deaf", "echo", VGW_BARGE_IN_NONE)->on_failure, "end");
  set_text (&((VgwEngineConfig *) vgw_conversation_get_config (vgw_session_get_conversation (call->client->session)))
                 ->on_failure,
            "fallback:deaf");
  WAIT_UNTIL (count_events (call, SPEECH_STARTED) > 0);
  ck_assert_uint_eq (count_events (call, SPEECH_STOPPED), 0);
  fail_engine (call);
  ck_assert_str_eq (vgw_conversation_get_config (vgw_session_get_conversation (call->client->session))->name, "deaf");
  ck_assert_uint_eq (count_events (call, SPEECH_STOPPED), 1);
  call_free (call);
}
END_TEST

START_TEST (too_many_marks_are_told_once)
{
  Call *call = call_new (VGW_BARGE_IN_NONE, 0);

  for (guint i = 0; i < 2 * VGW_PLAYOUT_MAX_MARKS; i++)
    vgw_engine_emit (VGW_ENGINE (call->bot), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = "m" });
  WAIT_UNTIL (call->bot->n_errors > 0);
  vgw_engine_emit (VGW_ENGINE (call->bot), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = "m" });
  settle ();
  ck_assert_uint_eq (call->bot->n_errors, 1);
  vgw_engine_emit (VGW_ENGINE (call->bot), &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_CLEAR });
  WAIT_UNTIL (call->bot->n_cleared == 1);
  vgw_engine_emit (VGW_ENGINE (call->bot), &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_MARK, .name = "m" });
  WAIT_UNTIL (call->bot->n_marks == 1);
  call_free (call);
}
END_TEST

static void
load_speech (void)
{
  speech = vgw_speech_new (NULL, vgw_call_codec_find ("opus"), PAUSE_MS, NULL);
}

static void
unload_speech (void)
{
  vgw_speech_unref (speech);
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-speech");
  TCase *tcase = tcase_create ("speech");

  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_set_timeout (tcase, 120);
  tcase_add_unchecked_fixture (tcase, load_speech, unload_speech);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, a_caller_who_speaks_silences_the_bot);
  tcase_add_test (tcase, what_is_weaker_than_the_bot_by_the_margin_is_taken_for_its_echo);
  tcase_add_test (tcase, a_bot_that_pauses_goes_on_where_it_was);
  tcase_add_test (tcase, a_caller_who_falls_silent_without_a_packet_has_ended);
  tcase_add_test (tcase, who_wants_no_voice_has_none_detected);
  tcase_add_test (tcase, who_takes_over_hears_that_the_caller_speaks);
  tcase_add_test (tcase, a_bot_that_fails_while_the_caller_speaks_leaves_no_speech_without_end);
  tcase_add_test (tcase, too_many_marks_are_told_once);
  suite_add_tcase (suite, tcase);
  return suite;
}
