/* Talks with the assistant over its protocol: flite asks, the assistant answers, pocketsphinx tells what it said. */
#include "assistant-peer.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "assistant/vgw-assistant-call.h"
#include "assistant/vgw-assistant-connection.h"
#include "assistant/vgw-assistant-dialogue.h"
#include "assistant/vgw-assistant-speaker.h"
#include "assistant/vgw-assistant-sphinx.h"
#include "base/vgw-error.h"
#include "run-suite.h"
#include "vgw-build.h"

#define SILENCE_MS 400
#define N_CYCLES 50

static VgwAssistantDecoder *judge = NULL; /* recognises what they say */

/* What pocketsphinx understands of the assistant's voice. Returns: (transfer full) */
static char *
recognise (AssistantPeer *self, VgwAssistantMode mode)
{
  g_autoptr (GArray) padded = g_array_new (FALSE, TRUE, sizeof (gint16));
  VgwAssistantVerdict verdict;

  ck_assert_uint_eq (self->rate_hz, VGW_ASSISTANT_RATE_HZ);
  g_array_set_size (padded, RATE_HZ / 4);
  g_array_append_vals (padded, self->voice->data, self->voice->len);
  g_array_set_size (padded, padded->len + RATE_HZ / 4);
  return vgw_assistant_decoder_recognise (judge, mode, (const gint16 *) padded->data, padded->len, &verdict);
}

static void
assert_voice_is (AssistantPeer *self, const char *words)
{
  g_autofree char *recognised = recognise (self, VGW_ASSISTANT_MODE_COMMAND);

  ck_assert_str_eq (recognised, words);
}

static void
assert_heard (AssistantPeer *self, const char *words)
{
  g_autofree char *heard = g_queue_pop_head (&self->heard);

  ck_assert_pstr_eq (heard, words);
}

START_TEST (it_greets_when_the_call_begins)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *recognised = recognise (peer, VGW_ASSISTANT_MODE_DICTATION);

  ck_assert_msg (g_str_has_prefix (recognised, "hello i am the voice")
                     && strstr (recognised, "ask me the time") != NULL,
                 "%s", recognised);
  ck_assert (g_queue_is_empty (&peer->heard));
  assistant_peer_free (peer);
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
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *hour_before = get_hour_word ();
  g_autofree char *answer = assistant_peer_ask (peer, "what time is it");
  g_autofree char *hour_after = get_hour_word ();
  g_autofree char *recognised = recognise (peer, VGW_ASSISTANT_MODE_COMMAND);

  assert_heard (peer, "what time is it");
  ck_assert (strstr (answer, hour_before) != NULL || strstr (answer, hour_after) != NULL);
  ck_assert (g_str_has_prefix (recognised, "it is "));
  ck_assert_msg (strstr (recognised, hour_before) != NULL || strstr (recognised, hour_after) != NULL, "%s", recognised);
  assistant_peer_free (peer);
}
END_TEST

START_TEST (it_counts_and_spells)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *count = assistant_peer_ask (peer, "count to five");

  assert_heard (peer, "count to five");
  ck_assert_str_eq (count, "one, two, three, four, five.");
  assert_voice_is (peer, "one two three four five");

  g_autofree char *spelling = assistant_peer_ask (peer, "spell cat");
  assert_heard (peer, "spell cat");
  ck_assert_str_eq (spelling, "cat: C, A, T.");
  assert_voice_is (peer, "cat c a t");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (it_repeats_what_it_understood)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *question = assistant_peer_ask (peer, "repeat after me");

  assert_heard (peer, "repeat after me");
  assert_voice_is (peer, "what shall i repeat");

  g_autofree char *answer = assistant_peer_ask (peer, "the weather is nice today");
  assert_heard (peer, "the weather is nice today");
  ck_assert_str_eq (answer, "the weather is nice today.");
  g_autofree char *recognised = recognise (peer, VGW_ASSISTANT_MODE_DICTATION);
  ck_assert_str_eq (recognised, "the weather is nice today");

  g_autofree char *at_once = assistant_peer_ask (peer, "repeat the weather is nice today");
  ck_assert_str_eq (at_once, "the weather is nice today.");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (what_is_no_command_is_told_back)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *answer = assistant_peer_ask (peer, "my brother lives in a small town near the river");

  ck_assert_msg (g_str_has_prefix (answer, "I understood: ") && strstr (answer, "brother") != NULL, "%s", answer);
  assistant_peer_free (peer);
}
END_TEST

START_TEST (it_hangs_up_when_the_goodbye_was_played)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autofree char *answer = NULL;

  g_array_set_size (peer->voice, 0);
  assistant_peer_say (peer, "goodbye");
  answer = assistant_peer_wait_for_speech (peer);
  assert_heard (peer, "goodbye");
  assert_voice_is (peer, "goodbye and thank you for calling");
  let_pass (peer->voice->len * 1000 / RATE_HZ + VGW_ASSISTANT_ECHO_TAIL_MS);
  ck_assert (!peer->has_hung_up); /* the queue is late, and says so by not answering the mark */

  assistant_peer_let_it_play (peer);
  WAIT_UNTIL_WITHIN (ANSWER_US, peer->has_hung_up);
  assistant_peer_free (peer);
}
END_TEST

/* A microphone that is switched on is noise after nothing: it is found to be an utterance, of no words. */
START_TEST (noise_is_not_answered)
{
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gint16 noise[RATE_HZ * 2];
  g_autofree char *answer = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (noise); i++)
    noise[i] = g_rand_int_range (random, -200, 201);
  assistant_peer_push_silence (peer, 1000);
  assistant_peer_push (peer, noise, G_N_ELEMENTS (noise));
  answer = assistant_peer_ask (peer, "spell dog");
  ck_assert_str_eq (answer, "dog: D, O, G.");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (it_does_not_hear_itself)
{
  AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);
  g_autofree char *greeting = assistant_peer_wait_for_speech (peer);
  g_autofree char *answer = NULL;

  assistant_peer_say (peer, "goodbye"); /* as its own echo would come, while it speaks */
  assistant_peer_let_it_play (peer);
  answer = assistant_peer_ask (peer, "spell dog");
  ck_assert_str_eq (answer, "dog: D, O, G.");
  assert_heard (peer, "spell dog");
  ck_assert (g_queue_is_empty (&peer->heard));
  assistant_peer_free (peer);
}
END_TEST

/* The gateway has found that the caller speaks, cleared the queue and said so: by then the question has begun. */
START_TEST (what_interrupts_its_greeting_is_understood)
{
  AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);
  g_autofree char *greeting = assistant_peer_wait_for_speech (peer);
  g_autoptr (GArray) speech = vgw_assistant_speak ("count to three", RATE_HZ);
  guint n_before = RATE_HZ * 4 / 10;
  g_autofree char *answer = NULL;

  assistant_peer_push_silence (peer, 2000);
  assistant_peer_push (peer, (const gint16 *) speech->data, n_before);
  assistant_peer_clear (peer);
  let_pass (0);
  assistant_peer_push (peer, (const gint16 *) speech->data + n_before, speech->len - n_before);
  assistant_peer_push_silence (peer, 2 * SILENCE_MS);
  answer = assistant_peer_wait_for_speech (peer);
  ck_assert_str_eq (answer, "one, two, three.");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (a_flushed_queue_opens_its_ear_at_once)
{
  AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);
  g_autofree char *greeting = assistant_peer_wait_for_speech (peer);
  g_autofree char *answer = NULL;

  assistant_peer_clear (peer);
  let_pass (0);
  answer = assistant_peer_ask (peer, "count to three");
  ck_assert_str_eq (answer, "one, two, three.");
  assistant_peer_free (peer);
}
END_TEST

START_TEST (every_sample_rate_will_do)
{
  const guint rates_hz[] = { 8000, 24000, 48000 };
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, rates_hz[_i]);
  g_autoptr (GArray) expected = vgw_assistant_speak ("one, two, three, four, five.", rates_hz[_i]);
  g_autofree char *answer = assistant_peer_ask (peer, "count to five");

  ck_assert_str_eq (answer, "one, two, three, four, five.");
  ck_assert_uint_eq (peer->voice->len, expected->len);
  assistant_peer_free (peer);
}
END_TEST

START_TEST (calls_at_the_same_time_share_the_decoders)
{
  AssistantPeer *peers[4];

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = assistant_peer_greeted (assistant_models, RATE_HZ);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    assistant_peer_say (peers[i], i % 2 == 0 ? "count to three" : "spell house");
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autofree char *answer = assistant_peer_wait_for_speech (peers[i]);

      ck_assert_str_eq (answer, i % 2 == 0 ? "one, two, three." : "house: H, O, U, S, E.");
      assistant_peer_free (peers[i]);
    }
  ck_assert_uint_ge (vgw_assistant_models_count (assistant_models), 1);
  ck_assert_uint_le (vgw_assistant_models_count (assistant_models),
                     MIN (VGW_ASSISTANT_MAX_DECODERS, g_get_num_processors ()));
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

START_TEST (more_than_the_queue_holds_is_dropped_and_counted)
{
  static const VgwAssistantCallFuncs funcs = { on_heard_any, on_say_any, on_failed_any };
  g_autofree gint16 *silence = g_new0 (gint16, RATE_HZ);
  Owner owner = { 0 };
  VgwAssistantCall *assistant_call =
      vgw_assistant_call_start (assistant_models, NULL, RATE_HZ, TRUE, &funcs, &owner, NULL);

  ck_assert_ptr_nonnull (assistant_call);
  WAIT_UNTIL_WITHIN (ANSWER_US, owner.n_said > 0);
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

START_TEST (models_that_cannot_be_loaded_fail)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("vgw-assistant-XXXXXX", &path, NULL);
  const struct
  {
    const char *model_dir, *grammar_path, *grammar, *message;
  } cases[] = {
    { "/nonexistent-models", NULL, "", "/nonexistent-models/en-us does not exist" },
    { NULL, "/nonexistent.gram", "", "/nonexistent.gram does not exist" },
    { NULL, path, "", path },
    { NULL, path, "hello", path },
    { NULL, path, "#JSGF V1.0;\ngrammar a;\npublic <x> = zzyzxqq;\n", path },
    { NULL, path, "#JSGF V1.0;\ngrammar a;\n<x> = hello;\n", path },
  };
  g_autoptr (VgwAssistantModels) bad_models = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_int_ge (fd, 0);
  g_close (fd, NULL);
  ck_assert (g_file_set_contents (path, cases[_i].grammar, -1, NULL));
  bad_models = vgw_assistant_models_new (cases[_i].model_dir, cases[_i].grammar_path);
  ck_assert (!vgw_assistant_models_warm_up (bad_models, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_ENGINE));
  ck_assert_msg (strstr (error->message, cases[_i].message) != NULL, "%s", error->message);
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

START_TEST (calls_leave_no_thread_and_no_descriptor)
{
  guint n_threads = count_entries ("/proc/self/task");
  guint n_fds = count_entries ("/proc/self/fd");

  for (guint i = 0; i < N_CYCLES; i++)
    {
      AssistantPeer *peer = assistant_peer_new (assistant_models, RATE_HZ);

      if (i % 10 == 0) /* some end when they have greeted, the others before */
        g_free (assistant_peer_wait_for_speech (peer));
      assistant_peer_push_silence (peer, SILENCE_MS);
      assistant_peer_free (peer);
    }
  WAIT_UNTIL_WITHIN (ANSWER_US, count_entries ("/proc/self/task") <= n_threads);
  ck_assert_uint_le (count_entries ("/proc/self/fd"), n_fds);
}
END_TEST

START_TEST (a_call_that_ends_in_the_middle_of_a_question_is_forgotten)
{
  guint n_threads = count_entries ("/proc/self/task");
  AssistantPeer *peer = assistant_peer_greeted (assistant_models, RATE_HZ);

  assistant_peer_say (peer, "my brother lives in a small town near the river");
  let_pass (SILENCE_MS); /* it has been sent, and is being decoded */
  assistant_peer_free (peer);
  WAIT_UNTIL_WITHIN (ANSWER_US, count_entries ("/proc/self/task") <= n_threads);
  while (g_main_context_iteration (NULL, FALSE))
    ; /* what it had to say goes nowhere */
}
END_TEST

static void
load (void)
{
  const char *source_root = g_getenv ("VGW_TEST_SOURCE_ROOT");
  g_autoptr (GError) error = NULL;
  g_autofree char *answers_path = NULL;

  g_assert_nonnull (source_root);
  answers_path = g_build_filename (source_root, "tests", "data", "assistant", "answers.gram", NULL);
  assistant_models_load ();
  judge = vgw_assistant_decoder_new (VGW_SPHINX_MODEL_DIR, answers_path, &error);
  g_assert_no_error (error);
}

static void
unload (void)
{
  g_clear_pointer (&judge, vgw_assistant_decoder_free);
  assistant_models_unload ();
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant-talk");
  TCase *tcase = tcase_create ("conversation");

  tcase_set_timeout (tcase, 120);
  tcase_add_unchecked_fixture (tcase, load, unload);
  tcase_add_test (tcase, it_greets_when_the_call_begins);
  tcase_add_test (tcase, it_tells_the_time);
  tcase_add_test (tcase, it_counts_and_spells);
  tcase_add_test (tcase, it_repeats_what_it_understood);
  tcase_add_test (tcase, what_is_no_command_is_told_back);
  tcase_add_test (tcase, it_hangs_up_when_the_goodbye_was_played);
  tcase_add_test (tcase, noise_is_not_answered);
  tcase_add_test (tcase, it_does_not_hear_itself);
  tcase_add_test (tcase, a_flushed_queue_opens_its_ear_at_once);
  tcase_add_test (tcase, what_interrupts_its_greeting_is_understood);
  tcase_add_loop_test (tcase, every_sample_rate_will_do, 0, 3);
  tcase_add_test (tcase, calls_at_the_same_time_share_the_decoders);
  tcase_add_test (tcase, more_than_the_queue_holds_is_dropped_and_counted);
  tcase_add_loop_test (tcase, models_that_cannot_be_loaded_fail, 0, 6);
  tcase_add_test (tcase, calls_leave_no_thread_and_no_descriptor);
  tcase_add_test (tcase, a_call_that_ends_in_the_middle_of_a_question_is_forgotten);
  suite_add_tcase (suite, tcase);
  return suite;
}
