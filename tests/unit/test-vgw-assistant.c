/* Talks with the assistant: flite asks, the assistant answers, pocketsphinx tells what it said. */
#include "engine/vgw-engine-assistant.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "engine/vgw-assistant-call.h"
#include "engine/vgw-assistant-dialogue.h"
#include "engine/vgw-assistant-resampler.h"
#include "engine/vgw-assistant-speaker.h"
#include "engine/vgw-assistant-sphinx.h"
#include "run-suite.h"
#include "vgw-build.h"

#define RATE_HZ 16000
#define SILENCE_BEFORE_MS 400
#define SILENCE_BEHIND_MS (VGW_ASSISTANT_QUEUE_MS / 5)
#define DEADLINE_US (60 * G_USEC_PER_SEC)
#define N_CYCLES 50
#define N_VOICES 3
#define WAV_HEADER_BYTES 44 /* as flite and espeak-ng write it: RIFF, fmt, data */
#define WAV_RATE_AT 24

static VgwAssistantModels *models = NULL; /* of the assistants: loaded once */
static VgwAssistantDecoder *judge = NULL; /* recognises what they say */

/* One call, and what came out of it. */
typedef struct
{
  VgwEngine *engine;
  guint rate_hz;
  GArray *voice; /* gint16, played since the last answer was taken */
  GQueue heard;  /* char *, transcripts of the role user */
  GQueue said;   /* char *, transcripts of the role bot */
  gboolean has_marks;
  guint n_marks; /* to be answered when the test lets it play, where it has marks */
  gboolean has_hung_up;
  GError *error;
} Conversation;

static gboolean
keep (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Runs the main loop until @condition holds; it is looked at every few milliseconds too. */
static void
wait_until (gboolean (*condition) (gpointer data), gpointer data)
{
  gint64 deadline_us = g_get_monotonic_time () + DEADLINE_US;
  GSource *tick = g_timeout_source_new (5);

  g_source_set_callback (tick, keep, NULL, NULL);
  g_source_attach (tick, NULL);
  while (!condition (data))
    {
      ck_assert_msg (g_get_monotonic_time () < deadline_us, "nothing came in time");
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_destroy (tick);
  g_source_unref (tick);
}

static void
play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Conversation *self = user_data;

  g_array_append_vals (self->voice, samples, n_samples);
}

static void
on_event (Conversation *self, const char *json)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (json, strlen (json), NULL);

  ck_assert_ptr_nonnull (event);
  ck_assert_str_eq (vgw_json_get_string (event, "type"), "transcript");
  if (g_str_equal (vgw_json_get_string (event, "role"), "user"))
    {
      ck_assert (json_object_get_boolean_member (event, "final"));
      g_queue_push_tail (&self->heard, g_strdup (vgw_json_get_string (event, "text")));
    }
  else
    {
      ck_assert_str_eq (vgw_json_get_string (event, "role"), "bot");
      g_queue_push_tail (&self->said, g_strdup (vgw_json_get_string (event, "text")));
    }
}

static void
on_output (const VgwEngineOutput *output, gpointer user_data)
{
  Conversation *self = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      self->n_marks += self->has_marks;
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      on_event (self, output->json);
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      ck_assert_ptr_null (self->error);
      self->error = g_error_copy (output->error);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      ck_assert (!self->has_hung_up);
      self->has_hung_up = TRUE;
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
    case VGW_ENGINE_OUTPUT_STATUS:
      break;
    }
}

static Conversation *
call_with (VgwAssistantModels *with_models, guint rate_hz, gboolean has_marks)
{
  static const VgwEngineSink sink = { .play = play, .handle = on_output };
  const VgwEngineStart facts = { .session_id = "assistant-test", .client_address = "192.0.2.1", .format = { rate_hz } };
  Conversation *self = g_new0 (Conversation, 1);
  g_autoptr (GError) error = NULL;

  self->rate_hz = rate_hz;
  self->has_marks = has_marks;
  self->voice = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->engine = vgw_engine_assistant_new (with_models);
  vgw_engine_set_sink (self->engine, &sink, self, NULL);
  ck_assert_msg (vgw_engine_start (self->engine, &facts, &error), "%s", error != NULL ? error->message : "no error");
  return self;
}

static void
hang_up (Conversation *self)
{
  vgw_engine_stop (self->engine, "client-bye");
  g_object_unref (self->engine);
  g_array_unref (self->voice);
  g_queue_clear_full (&self->heard, g_free);
  g_queue_clear_full (&self->said, g_free);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
has_said_something (gpointer data)
{
  return !g_queue_is_empty (&((Conversation *) data)->said);
}

static gboolean
has_failed (gpointer data)
{
  return ((Conversation *) data)->error != NULL;
}

static gboolean
has_hung_up (gpointer data)
{
  return ((Conversation *) data)->has_hung_up;
}

/* Waits for what it says next. Returns: (transfer full), the text */
static char *
wait_for_speech (Conversation *self)
{
  wait_until (has_said_something, self);
  ck_assert_ptr_null (self->error);
  return g_queue_pop_head (&self->said);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
is_set (gpointer data)
{
  return *(gboolean *) data;
}

/* Runs the main loop until all timeouts of @delay_ms that were made before have been served. */
static void
let_pass (guint delay_ms)
{
  gboolean is_over = FALSE;

  g_timeout_add_full (G_PRIORITY_LOW, delay_ms + 1, set_flag, &is_over, NULL);
  wait_until (is_set, &is_over);
}

/* Plays what waits, at once, as a playout queue would over time; after it the assistant listens. */
static void
let_it_play (Conversation *self)
{
  const VgwPlayoutEvent event = { .type = VGW_PLAYOUT_MARK, .name = "assistant" };

  ck_assert_uint_gt (self->n_marks, 0);
  self->n_marks = 0;
  vgw_engine_send (self->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
  let_pass (VGW_ASSISTANT_ECHO_TAIL_MS);
}

static void
push (Conversation *self, const gint16 *samples, gsize n_samples)
{
  gsize frame = (gsize) self->rate_hz * VGW_FRAME_MS / 1000;

  for (gsize at = 0; at < n_samples; at += frame)
    vgw_engine_push_audio (self->engine, samples + at, MIN (frame, n_samples - at));
}

static void
push_silence (Conversation *self, guint duration_ms)
{
  gsize n_samples = (gsize) self->rate_hz * duration_ms / 1000;
  g_autofree gint16 *silence = g_new0 (gint16, n_samples);

  push (self, silence, n_samples);
}

static void
say (Conversation *self, const char *words)
{
  g_autoptr (GArray) speech = vgw_assistant_speak (words, self->rate_hz);

  ck_assert_uint_gt (speech->len, self->rate_hz / 4);
  push_silence (self, SILENCE_BEFORE_MS);
  push (self, (const gint16 *) speech->data, speech->len);
  push_silence (self, SILENCE_BEHIND_MS);
}

/* Asks, waits for the answer and lets it play. Returns: (transfer full), the text of the answer, whose voice is in
 * `voice` */
static char *
ask (Conversation *self, const char *words)
{
  char *answer;

  g_array_set_size (self->voice, 0);
  say (self, words);
  answer = wait_for_speech (self);
  let_it_play (self);
  return answer;
}

/* A call behind its greeting. */
static Conversation *
call (guint rate_hz)
{
  Conversation *self = call_with (models, rate_hz, TRUE);
  g_autofree char *greeting = wait_for_speech (self);

  ck_assert_str_eq (greeting, vgw_assistant_dialogue_greet ());
  let_it_play (self);
  return self;
}

/* What pocketsphinx understands of the assistant's voice. Returns: (transfer full) */
static char *
recognise (Conversation *self, VgwAssistantHearing hearing)
{
  g_autoptr (GArray) padded = g_array_new (FALSE, TRUE, sizeof (gint16));
  VgwAssistantHeard heard;

  ck_assert_uint_eq (self->rate_hz, VGW_ASSISTANT_RATE_HZ);
  g_array_set_size (padded, RATE_HZ / 4);
  g_array_append_vals (padded, self->voice->data, self->voice->len);
  g_array_set_size (padded, padded->len + RATE_HZ / 4);
  return vgw_assistant_decoder_hear (judge, hearing, (const gint16 *) padded->data, padded->len, &heard);
}

static void
assert_voice_is (Conversation *self, const char *words)
{
  g_autofree char *recognised = recognise (self, VGW_ASSISTANT_HEAR_COMMAND);

  ck_assert_str_eq (recognised, words);
}

static void
assert_heard (Conversation *self, const char *words)
{
  g_autofree char *heard = g_queue_pop_head (&self->heard);

  ck_assert_pstr_eq (heard, words);
}

START_TEST (it_greets_when_the_call_begins)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *recognised = recognise (conversation, VGW_ASSISTANT_HEAR_DICTATION);

  ck_assert_msg (g_str_has_prefix (recognised, "hello i am the voice")
                     && strstr (recognised, "ask me the time") != NULL,
                 "%s", recognised);
  ck_assert (g_queue_is_empty (&conversation->heard));
  hang_up (conversation);
}
END_TEST

/* Its hour as the assistant would say it. (transfer full) */
static char *
get_hour_word (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (VgwAssistantReply) reply = vgw_assistant_dialogue_answer_command ("time", now);
  g_auto (GStrv) words = g_strsplit (reply->text, " ", -1);

  return g_strdup (words[2]);
}

START_TEST (it_tells_the_time)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *hour_before = get_hour_word ();
  g_autofree char *answer = ask (conversation, "what time is it");
  g_autofree char *hour_after = get_hour_word ();
  g_autofree char *recognised = recognise (conversation, VGW_ASSISTANT_HEAR_COMMAND);

  assert_heard (conversation, "what time is it");
  ck_assert (strstr (answer, hour_before) != NULL || strstr (answer, hour_after) != NULL);
  ck_assert (g_str_has_prefix (recognised, "it is "));
  ck_assert_msg (strstr (recognised, hour_before) != NULL || strstr (recognised, hour_after) != NULL, "%s", recognised);
  hang_up (conversation);
}
END_TEST

START_TEST (it_counts_and_spells)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *count = ask (conversation, "count to five");

  assert_heard (conversation, "count to five");
  ck_assert_str_eq (count, "one, two, three, four, five.");
  assert_voice_is (conversation, "one two three four five");

  g_autofree char *spelling = ask (conversation, "spell cat");
  assert_heard (conversation, "spell cat");
  ck_assert_str_eq (spelling, "cat: C, A, T.");
  assert_voice_is (conversation, "cat c a t");
  hang_up (conversation);
}
END_TEST

START_TEST (it_repeats_what_it_understood)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *question = ask (conversation, "repeat after me");

  assert_heard (conversation, "repeat after me");
  assert_voice_is (conversation, "what shall i repeat");

  g_autofree char *answer = ask (conversation, "the weather is nice today");
  assert_heard (conversation, "the weather is nice today");
  ck_assert_str_eq (answer, "the weather is nice today.");
  g_autofree char *recognised = recognise (conversation, VGW_ASSISTANT_HEAR_DICTATION);
  ck_assert_str_eq (recognised, "the weather is nice today");

  g_autofree char *at_once = ask (conversation, "repeat the weather is nice today");
  ck_assert_str_eq (at_once, "the weather is nice today.");
  hang_up (conversation);
}
END_TEST

START_TEST (what_is_no_command_is_told_back)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *answer = ask (conversation, "my brother lives in a small town near the river");

  ck_assert_msg (g_str_has_prefix (answer, "I understood: ") && strstr (answer, "brother") != NULL, "%s", answer);
  hang_up (conversation);
}
END_TEST

START_TEST (it_hangs_up_when_the_goodbye_was_played)
{
  Conversation *conversation = call (RATE_HZ);
  g_autofree char *answer = NULL;

  g_array_set_size (conversation->voice, 0);
  say (conversation, "goodbye");
  answer = wait_for_speech (conversation);
  assert_heard (conversation, "goodbye");
  assert_voice_is (conversation, "goodbye and thank you for calling");
  let_pass (conversation->voice->len * 1000 / RATE_HZ + VGW_ASSISTANT_ECHO_TAIL_MS);
  ck_assert (!conversation->has_hung_up); /* the queue is late, and says so by not answering the mark */

  let_it_play (conversation);
  ck_assert (conversation->has_hung_up);
  hang_up (conversation);
}
END_TEST

/* A microphone that is switched on is noise after nothing: it is found to be an utterance, of no words. */
START_TEST (noise_is_not_answered)
{
  Conversation *conversation = call (RATE_HZ);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gint16 noise[RATE_HZ * 2];
  g_autofree char *answer = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (noise); i++)
    noise[i] = g_rand_int_range (random, -200, 201);
  push_silence (conversation, 1000);
  push (conversation, noise, G_N_ELEMENTS (noise));
  answer = ask (conversation, "spell dog");
  ck_assert_str_eq (answer, "dog: D, O, G.");
  hang_up (conversation);
}
END_TEST

/* An output without marks plays in real time. */
START_TEST (without_marks_the_clock_tells_when_it_was_played)
{
  Conversation *conversation = call_with (models, RATE_HZ, FALSE);
  g_autofree char *greeting = wait_for_speech (conversation);
  guint greeting_ms = conversation->voice->len * 1000 / RATE_HZ;
  gint64 said_at_us;
  guint goodbye_ms;

  let_pass (greeting_ms + VGW_ASSISTANT_ECHO_TAIL_MS);
  g_array_set_size (conversation->voice, 0);
  say (conversation, "goodbye");
  g_free (wait_for_speech (conversation));
  said_at_us = g_get_monotonic_time ();
  goodbye_ms = conversation->voice->len * 1000 / RATE_HZ;
  wait_until (has_hung_up, conversation);
  ck_assert_uint_gt (goodbye_ms, 1000);
  ck_assert_int_ge ((g_get_monotonic_time () - said_at_us) / 1000, goodbye_ms - 50);
  hang_up (conversation);
}
END_TEST

START_TEST (it_does_not_hear_itself)
{
  Conversation *conversation = call_with (models, RATE_HZ, TRUE);
  g_autofree char *greeting = wait_for_speech (conversation);
  g_autofree char *answer = NULL;

  say (conversation, "goodbye"); /* as its own echo would come, while it speaks */
  let_it_play (conversation);
  answer = ask (conversation, "spell dog");
  ck_assert_str_eq (answer, "dog: D, O, G.");
  assert_heard (conversation, "spell dog");
  ck_assert (g_queue_is_empty (&conversation->heard));
  hang_up (conversation);
}
END_TEST

/* s16 mono at RATE_HZ of the WAV that the command @argv writes, in which "FILE" stands for its path. (transfer full) */
static GArray *
synthesise (const char *const *argv)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwAssistantResampler) resampler = NULL;
  GArray *speech = g_array_new (FALSE, FALSE, sizeof (gint16));
  int fd = g_file_open_tmp ("vgw-speech-detector-XXXXXX.wav", &path, &error);
  gsize length;
  guint32 rate_hz;
  int status;

  ck_assert_int_ge (fd, 0);
  g_close (fd, NULL);
  for (; *argv != NULL; argv++)
    g_ptr_array_add (arguments, (gpointer) (g_str_equal (*argv, "FILE") ? path : *argv));
  g_ptr_array_add (arguments, NULL);
  ck_assert_msg (g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                               NULL, NULL, NULL, NULL, &status, &error)
                     && status == 0,
                 "%s: %s", (char *) arguments->pdata[0], error != NULL ? error->message : "failed");
  ck_assert (g_file_get_contents (path, &bytes, &length, NULL) && length > WAV_HEADER_BYTES);
  g_unlink (path);
  memcpy (&rate_hz, bytes + WAV_RATE_AT, sizeof rate_hz);
  resampler = vgw_assistant_resampler_new (GUINT32_FROM_LE (rate_hz), RATE_HZ);
  vgw_assistant_resampler_push (resampler, (const gint16 *) (gpointer) (bytes + WAV_HEADER_BYTES),
                                (length - WAV_HEADER_BYTES) / sizeof (gint16), speech);
  return speech;
}

/* What is asked, and how the answer to it begins. */
static const struct
{
  const char *question, *answer;
} QUESTIONS[] = {
  { "what time is it", "It is " },
  { "what's the time", "It is " },
  { "tell me the time please", "It is " },
  { "count to five", "one, two, three, four, five." },
  { "count to twelve", "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve." },
  { "spell cat", "cat: C, A, T." },
  { "spell the word elephant", "elephant: E, L, E, P, H, A, N, T." },
  { "what can you do", "You can ask: " },
  { "repeat after me", "What shall I repeat?" },
  { "goodbye", "Goodbye, " },
};

/* Sentences that are none of its commands: no call may end over one, and nothing be counted, spelled or told. */
static const char *const OTHERS[] = {
  "the weather is nice today",
  "where is the train station",
  "how much does it cost",
  "good morning",
  "i would like to book a table for two",
  "what is the capital of france",
};

/* Three voices that nobody here recorded: two of flite, and espeak-ng's, which sounds least like a person. */
static GArray *
speak_as (guint voice, const char *words)
{
  const char *const slt[] = { "flite", "-voice", "slt", "-t", words, "-o", "FILE", NULL };
  const char *const kal[] = { "flite", "-voice", "kal16", "-t", words, "-o", "FILE", NULL };
  const char *const espeak[] = { "espeak-ng", "-v", "en-us", "-w", "FILE", words, NULL };
  const char *const *const voices[] = { slt, kal, espeak };

  return synthesise (voices[voice]);
}

/* The answer to @words by @voice in a call of its own. (transfer full) */
static char *
ask_as (guint voice, const char *words)
{
  Conversation *conversation = call (RATE_HZ);
  g_autoptr (GArray) speech = speak_as (voice, words);
  char *answer;

  push_silence (conversation, SILENCE_BEFORE_MS);
  push (conversation, (const gint16 *) speech->data, speech->len);
  push_silence (conversation, SILENCE_BEHIND_MS);
  answer = wait_for_speech (conversation);
  hang_up (conversation);
  return answer;
}

static gboolean
is_no_command (const char *answer)
{
  return g_str_has_prefix (answer, "I understood: ") || g_str_has_prefix (answer, "I did not understand");
}

START_TEST (three_voices_are_understood)
{
  guint n_understood = 0;
  g_autoptr (GString) failures = g_string_new (NULL);

  for (guint voice = 0; voice < N_VOICES; voice++)
    for (guint i = 0; i < G_N_ELEMENTS (QUESTIONS); i++)
      {
        g_autofree char *answer = ask_as (voice, QUESTIONS[i].question);
        gboolean is_right = g_str_has_prefix (answer, QUESTIONS[i].answer);

        n_understood += is_right;
        if (!is_right)
          g_string_append_printf (failures, "%s, voice %u: %s\n", QUESTIONS[i].question, voice, answer);
        /* what is not understood is asked again or told back, and not taken for another command */
        ck_assert_msg (is_right || is_no_command (answer), "%s, voice %u: %s", QUESTIONS[i].question, voice, answer);
      }
  g_printerr ("%u of %u understood; not:\n%s", n_understood, N_VOICES * (guint) G_N_ELEMENTS (QUESTIONS),
              failures->str);
  ck_assert_uint_ge (n_understood, 27);
}
END_TEST

START_TEST (what_is_no_command_is_not_taken_for_one)
{
  for (guint voice = 0; voice < N_VOICES; voice++)
    for (guint i = 0; i < G_N_ELEMENTS (OTHERS); i++)
      {
        g_autofree char *answer = ask_as (voice, OTHERS[i]);

        ck_assert_msg (is_no_command (answer), "%s, voice %u: %s", OTHERS[i], voice, answer);
      }
}
END_TEST

/* The gateway has found that the caller speaks, cleared the queue and said so: by then the question has begun. */
START_TEST (what_interrupts_its_greeting_is_understood)
{
  const char *const dropped[] = { "assistant", NULL };
  const VgwPlayoutEvent cleared = { .type = VGW_PLAYOUT_CLEARED, .marks = dropped };
  Conversation *conversation = call_with (models, RATE_HZ, TRUE);
  g_autofree char *greeting = wait_for_speech (conversation);
  g_autoptr (GArray) speech = speak_as (0, "count to three");
  guint n_before = RATE_HZ * 4 / 10;
  g_autofree char *answer = NULL;

  push_silence (conversation, 2000);
  push (conversation, (const gint16 *) speech->data, n_before);
  vgw_engine_send (conversation->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &cleared });
  let_pass (0);
  push (conversation, (const gint16 *) speech->data + n_before, speech->len - n_before);
  push_silence (conversation, SILENCE_BEHIND_MS);
  answer = wait_for_speech (conversation);
  ck_assert_str_eq (answer, "one, two, three.");
  hang_up (conversation);
}
END_TEST

START_TEST (a_flushed_queue_opens_its_ear_at_once)
{
  const char *const dropped[] = { "assistant", NULL };
  const VgwPlayoutEvent cleared = { .type = VGW_PLAYOUT_CLEARED, .marks = dropped };
  Conversation *conversation = call_with (models, RATE_HZ, TRUE);
  g_autofree char *greeting = wait_for_speech (conversation);
  g_autofree char *answer = NULL;

  vgw_engine_send (conversation->engine, &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &cleared });
  let_pass (0);
  answer = ask (conversation, "count to three");
  ck_assert_str_eq (answer, "one, two, three.");
  hang_up (conversation);
}
END_TEST

START_TEST (every_sample_rate_will_do)
{
  const guint rates_hz[] = { 8000, 24000, 48000 };
  Conversation *conversation = call (rates_hz[_i]);
  g_autoptr (GArray) expected = vgw_assistant_speak ("one, two, three, four, five.", rates_hz[_i]);
  g_autofree char *answer = ask (conversation, "count to five");

  ck_assert_str_eq (answer, "one, two, three, four, five.");
  ck_assert_uint_eq (conversation->voice->len, expected->len);
  hang_up (conversation);
}
END_TEST

START_TEST (calls_at_the_same_time_share_the_decoders)
{
  Conversation *conversations[4];

  for (guint i = 0; i < G_N_ELEMENTS (conversations); i++)
    conversations[i] = call (RATE_HZ);
  for (guint i = 0; i < G_N_ELEMENTS (conversations); i++)
    say (conversations[i], i % 2 == 0 ? "count to three" : "spell house");
  for (guint i = 0; i < G_N_ELEMENTS (conversations); i++)
    {
      g_autofree char *answer = wait_for_speech (conversations[i]);

      ck_assert_str_eq (answer, i % 2 == 0 ? "one, two, three." : "house: H, O, U, S, E.");
      hang_up (conversations[i]);
    }
  ck_assert_uint_ge (vgw_assistant_models_count (models), 1);
  ck_assert_uint_le (vgw_assistant_models_count (models), MIN (VGW_ASSISTANT_MAX_DECODERS, g_get_num_processors ()));
}
END_TEST

typedef struct
{
  guint n_said;
} Owner;

static void
on_heard_any (const char *text, gpointer user_data)
{
}

static void
on_say_any (const char *text, const gint16 *samples, gsize n_samples, gboolean is_goodbye, gpointer user_data)
{
  ((Owner *) user_data)->n_said++;
}

static void
on_failed_any (const GError *error, gpointer user_data)
{
  ck_abort_msg ("%s", error->message);
}

static gboolean
has_spoken (gpointer data)
{
  return ((Owner *) data)->n_said > 0;
}

START_TEST (more_than_the_queue_holds_is_dropped_and_counted)
{
  static const VgwAssistantCallFuncs funcs = { on_heard_any, on_say_any, on_failed_any };
  g_autofree gint16 *silence = g_new0 (gint16, RATE_HZ);
  Owner owner = { 0 };
  VgwAssistantCall *assistant_call = vgw_assistant_call_start (models, NULL, RATE_HZ, &funcs, &owner, NULL);

  ck_assert_ptr_nonnull (assistant_call);
  wait_until (has_spoken, &owner);
  vgw_assistant_call_push (assistant_call, silence, RATE_HZ);
  ck_assert_uint_eq (vgw_assistant_call_get_dropped (assistant_call), 0); /* not heard is not dropped */

  vgw_assistant_call_listen (assistant_call, FALSE);
  for (guint i = 0; vgw_assistant_call_get_dropped (assistant_call) == 0; i++)
    {
      ck_assert_uint_lt (i, 100000); /* a day: nothing else can hold it */
      vgw_assistant_call_push (assistant_call, silence, RATE_HZ);
    }
  ck_assert_uint_eq (vgw_assistant_call_get_dropped (assistant_call), RATE_HZ);
  vgw_assistant_call_stop (assistant_call);
}
END_TEST

START_TEST (models_that_cannot_be_loaded_fail_the_call)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("vgw-assistant-XXXXXX", &path, NULL);
  const struct
  {
    const char *model_dir, *grammar_path, *grammar, *message;
  } cases[] = {
    { "/nonexistent-models", NULL, "", "/nonexistent-models/en-us is not there" },
    { NULL, "/nonexistent.gram", "", "/nonexistent.gram is not there" },
    { NULL, path, "", path },
    { NULL, path, "hello", path },
    { NULL, path, "#JSGF V1.0;\ngrammar a;\npublic <x> = zzyzxqq;\n", path },
    { NULL, path, "#JSGF V1.0;\ngrammar a;\n<x> = hello;\n", path },
  };
  g_autoptr (VgwAssistantModels) bad_models = NULL;
  Conversation *conversation;

  ck_assert_int_ge (fd, 0);
  g_close (fd, NULL);
  ck_assert (g_file_set_contents (path, cases[_i].grammar, -1, NULL));
  bad_models = vgw_assistant_models_new (cases[_i].model_dir, cases[_i].grammar_path);
  conversation = call_with (bad_models, RATE_HZ, TRUE);
  wait_until (has_failed, conversation);
  ck_assert (g_error_matches (conversation->error, VGW_ERROR, VGW_ERROR_ENGINE));
  ck_assert_msg (strstr (conversation->error->message, cases[_i].message) != NULL, "%s", conversation->error->message);
  hang_up (conversation);
  ck_assert_uint_eq (vgw_assistant_models_count (bad_models), 0);
  g_unlink (path);
}
END_TEST

static guint
count_entries (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  ck_assert_ptr_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static gboolean
threads_are_gone (gpointer data)
{
  return count_entries ("/proc/self/task") <= *(guint *) data;
}

START_TEST (calls_leave_no_thread_and_no_descriptor)
{
  guint n_threads = count_entries ("/proc/self/task");
  guint n_fds = count_entries ("/proc/self/fd");

  for (guint i = 0; i < N_CYCLES; i++)
    {
      Conversation *conversation = call_with (models, RATE_HZ, TRUE);

      if (i % 10 == 0) /* some end when they have greeted, the others before */
        g_free (wait_for_speech (conversation));
      push_silence (conversation, SILENCE_BEFORE_MS);
      hang_up (conversation);
    }
  wait_until (threads_are_gone, &n_threads);
  ck_assert_uint_le (count_entries ("/proc/self/fd"), n_fds);
}
END_TEST

START_TEST (a_call_that_ends_in_the_middle_of_a_question_is_forgotten)
{
  guint n_threads = count_entries ("/proc/self/task");
  Conversation *conversation = call (RATE_HZ);

  say (conversation, "my brother lives in a small town near the river");
  hang_up (conversation);
  wait_until (threads_are_gone, &n_threads);
  while (g_main_context_iteration (NULL, FALSE))
    ; /* what it had to say goes nowhere */
}
END_TEST

static Suite *
assistant_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant");
  TCase *tcase = tcase_create ("conversation");

  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, it_greets_when_the_call_begins);
  tcase_add_test (tcase, it_tells_the_time);
  tcase_add_test (tcase, it_counts_and_spells);
  tcase_add_test (tcase, it_repeats_what_it_understood);
  tcase_add_test (tcase, what_is_no_command_is_told_back);
  tcase_add_test (tcase, it_hangs_up_when_the_goodbye_was_played);
  tcase_add_test (tcase, noise_is_not_answered);
  tcase_add_test (tcase, without_marks_the_clock_tells_when_it_was_played);
  tcase_add_test (tcase, it_does_not_hear_itself);
  tcase_add_test (tcase, a_flushed_queue_opens_its_ear_at_once);
  tcase_add_test (tcase, what_interrupts_its_greeting_is_understood);
  tcase_add_test (tcase, three_voices_are_understood);
  tcase_add_test (tcase, what_is_no_command_is_not_taken_for_one);
  tcase_add_loop_test (tcase, every_sample_rate_will_do, 0, 3);
  tcase_add_test (tcase, calls_at_the_same_time_share_the_decoders);
  tcase_add_test (tcase, more_than_the_queue_holds_is_dropped_and_counted);
  tcase_add_loop_test (tcase, models_that_cannot_be_loaded_fail_the_call, 0, 6);
  tcase_add_test (tcase, calls_leave_no_thread_and_no_descriptor);
  tcase_add_test (tcase, a_call_that_ends_in_the_middle_of_a_question_is_forgotten);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  const char *source_root = g_getenv ("VGW_TEST_SOURCE_ROOT");
  g_autoptr (GError) error = NULL;
  g_autofree char *answers_path = NULL;
  int status;

  g_assert_nonnull (source_root);
  answers_path = g_build_filename (source_root, "tests", "data", "assistant", "answers.gram", NULL);
  models = vgw_assistant_models_new (NULL, NULL);
  judge = vgw_assistant_decoder_new (VGW_SPHINX_MODEL_DIR, answers_path, &error);
  g_assert_no_error (error);

  status = run_suite (assistant_suite ());
  g_clear_pointer (&judge, vgw_assistant_decoder_free);
  g_clear_pointer (&models, vgw_assistant_models_unref);
  return status;
}
