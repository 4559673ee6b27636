#include "assistant/vgw-assistant-dialogue.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run-suite.h"

typedef struct
{
  const char *words;
  const char *text;
} Exchange;

static const Exchange commands[] = {
  { "count to one", "one." },
  { "please count up to five please", "one, two, three, four, five." },
  { "count to twenty",
    "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen, "
    "seventeen, eighteen, nineteen, twenty." },
  { "count to a million", "I can count from one to twenty." },
  { "count", "I can count from one to twenty." },
  { "spell cat", "cat: C, A, T." },
  { "spell the word goodbye please", "goodbye: G, O, O, D, B, Y, E." },
  { "spell time", "time: T, I, M, E." },
  { "spell o'clock", "o'clock: O, C, L, O, C, K." },
};

static const Exchange dictations[] = {
  { "repeat after me the time is now", "the time is now." },   { "repeat goodbye", "goodbye." },
  { "repeated failures", "I understood: repeated failures." }, { "spell zebra", "zebra: Z, E, B, R, A." },
  { "spelling is hard", "I understood: spelling is hard." },   { "what a day", "I understood: what a day." },
};

typedef struct
{
  int hour, minute;
  const char *text;
} ClockFace;

static const ClockFace clock_faces[] = {
  { 0, 0, "It is twelve o'clock in the morning." },      { 1, 5, "It is one oh five in the morning." },
  { 11, 59, "It is eleven fifty nine in the morning." }, { 12, 0, "It is twelve o'clock in the afternoon." },
  { 12, 20, "It is twelve twenty in the afternoon." },   { 15, 30, "It is three thirty in the afternoon." },
  { 17, 13, "It is five thirteen in the afternoon." },   { 18, 41, "It is six forty one in the evening." },
  { 23, 10, "It is eleven ten in the evening." },
};

static VgwAssistantReply *
command (const char *words)
{
  g_autoptr (GDateTime) noon = g_date_time_new_local (2024, 2, 29, 12, 0, 0);

  return vgw_assistant_dialogue_answer_command (words, noon);
}

START_TEST (a_command_is_answered)
{
  g_autoptr (VgwAssistantReply) reply = command (commands[_i].words);

  ck_assert_str_eq (reply->text, commands[_i].text);
  ck_assert (!reply->asks_for_text && !reply->is_goodbye);
}
END_TEST

START_TEST (dictation_is_answered)
{
  g_autoptr (VgwAssistantReply) reply = vgw_assistant_dialogue_answer_dictation (dictations[_i].words, FALSE);

  ck_assert_str_eq (reply->text, dictations[_i].text);
  ck_assert (!reply->asks_for_text && !reply->is_goodbye);
}
END_TEST

START_TEST (the_time_is_told_in_words)
{
  const ClockFace *face = &clock_faces[_i];
  g_autoptr (GDateTime) now = g_date_time_new_local (2024, 2, 29, face->hour, face->minute, 30);
  g_autoptr (VgwAssistantReply) reply = vgw_assistant_dialogue_answer_command ("what time is it now", now);

  ck_assert_str_eq (reply->text, face->text);
}
END_TEST

START_TEST (every_minute_of_the_day_can_be_told)
{
  for (int minute = 0; minute < 24 * 60; minute++)
    {
      g_autoptr (GDateTime) now = g_date_time_new_utc (2024, 2, 29, minute / 60, minute % 60, 0);
      g_autoptr (VgwAssistantReply) reply = vgw_assistant_dialogue_answer_command ("tell me the time", now);

      ck_assert (g_str_has_prefix (reply->text, "It is "));
      ck_assert_ptr_null (strstr (reply->text, "(null)"));
      ck_assert_ptr_null (strstr (reply->text, "  "));
    }
}
END_TEST

START_TEST (goodbye_ends_the_call)
{
  const char *const farewells[] = {
    "goodbye", "good bye", "bye bye", "hang up please", "that is all", "see you later"
  };
  g_autoptr (VgwAssistantReply) reply = command (farewells[_i]);

  ck_assert (reply->is_goodbye);
  ck_assert (g_str_has_prefix (reply->text, "Goodbye"));
}
END_TEST

START_TEST (repeat_alone_asks_for_the_words)
{
  g_autoptr (VgwAssistantReply) by_command = command ("repeat after me");
  g_autoptr (VgwAssistantReply) by_dictation = vgw_assistant_dialogue_answer_dictation ("repeat after me", FALSE);
  g_autoptr (VgwAssistantReply) answer = vgw_assistant_dialogue_answer_dictation ("repeat after me", TRUE);

  ck_assert (by_command->asks_for_text && by_dictation->asks_for_text);
  ck_assert_str_eq (by_command->text, by_dictation->text);
  ck_assert (!answer->asks_for_text);
  ck_assert_str_eq (answer->text, "repeat after me.");
}
END_TEST

START_TEST (silence_is_not_answered)
{
  g_autoptr (VgwAssistantReply) reply = vgw_assistant_dialogue_answer_dictation ("", FALSE);
  g_autoptr (VgwAssistantReply) asked_for = vgw_assistant_dialogue_answer_dictation ("", TRUE);

  ck_assert_ptr_null (reply->text);
  ck_assert_ptr_null (asked_for->text);
}
END_TEST

START_TEST (anything_else_of_the_grammar_gets_the_help)
{
  g_autoptr (VgwAssistantReply) help = command ("what can you do");
  g_autoptr (VgwAssistantReply) spell = command ("spell");

  ck_assert_ptr_nonnull (strstr (help->text, "what time is it"));
  ck_assert_str_eq (spell->text, help->text);
}
END_TEST

START_TEST (a_word_without_end_is_spelled_in_part)
{
  g_autofree char *long_word = g_strnfill (5000, 'a');
  g_autofree char *words = g_strconcat ("spell ", long_word, NULL);
  g_autoptr (VgwAssistantReply) reply = command (words);

  ck_assert_ptr_nonnull (strstr (reply->text, "A, A"));
  ck_assert_uint_lt (strlen (reply->text), 5000 + 200);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-assistant-dialogue");
  TCase *tcase = tcase_create ("dialogue");

  tcase_add_loop_test (tcase, a_command_is_answered, 0, G_N_ELEMENTS (commands));
  tcase_add_loop_test (tcase, dictation_is_answered, 0, G_N_ELEMENTS (dictations));
  tcase_add_loop_test (tcase, the_time_is_told_in_words, 0, G_N_ELEMENTS (clock_faces));
  tcase_add_test (tcase, every_minute_of_the_day_can_be_told);
  tcase_add_loop_test (tcase, goodbye_ends_the_call, 0, 6);
  tcase_add_test (tcase, repeat_alone_asks_for_the_words);
  tcase_add_test (tcase, silence_is_not_answered);
  tcase_add_test (tcase, anything_else_of_the_grammar_gets_the_help);
  tcase_add_test (tcase, a_word_without_end_is_spelled_in_part);
  suite_add_tcase (suite, tcase);

  return suite;
}
