#include "assistant/vgw-assistant-dialogue.h"

#include <string.h>

#define GREETING "Hello, I am the voice gateway assistant. Ask me the time, or say help."
#define HELP "You can ask: what time is it. Or say: count to five. Spell cat. Repeat after me. And goodbye, to hang up."
#define ASK_AGAIN "I did not understand that. Please say it again, or say help."
#define ASK_AGAIN_FOR_TEXT "I did not understand that. Please say it again."
#define MAX_SPELLED_LETTERS 40

/* By their value; the clock needs up to 59, the counting up to 20. */
static const char *const numbers[] = {
  "zero",     "one",     "two",     "three",     "four",     "five",     "six",
  "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
  "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
};

static const char *const tens[] = { "", "", "twenty", "thirty", "forty", "fifty" };

#define MAX_COUNT ((int) G_N_ELEMENTS (numbers) - 1)
#define HOURS_ON_A_DIAL 12
#define NOON_HOUR 12
#define EVENING_HOUR 18

static VgwAssistantReply *
new_reply (char *text)
{
  VgwAssistantReply *reply = g_new0 (VgwAssistantReply, 1);

  reply->text = text;
  return reply;
}

/* Whether @words contains @phrase as whole words. */
static gboolean
has_phrase (const char *words, const char *phrase)
{
  g_autofree char *padded_words = g_strdup_printf (" %s ", words);
  g_autofree char *padded_phrase = g_strdup_printf (" %s ", phrase);

  return strstr (padded_words, padded_phrase) != NULL;
}

/* The text after @prefix in @words, NULL where they do not begin with it. (transfer none) */
static const char *
get_rest (const char *words, const char *prefix)
{
  gsize length = strlen (prefix);

  if (!g_str_has_prefix (words, prefix) || (words[length] != ' ' && words[length] != '\0'))
    return NULL;
  return words[length] == ' ' ? words + length + 1 : words + length;
}

static char *
tell_minutes (int minute)
{
  if (minute == 0)
    return g_strdup ("o'clock");
  if (minute < 10)
    return g_strdup_printf ("oh %s", numbers[minute]);
  if (minute <= MAX_COUNT)
    return g_strdup (numbers[minute]);
  if (minute % 10 == 0)
    return g_strdup (tens[minute / 10]);
  return g_strdup_printf ("%s %s", tens[minute / 10], numbers[minute % 10]);
}

static char *
tell_time (GDateTime *now)
{
  int hour = g_date_time_get_hour (now);
  int dial_hour = hour % HOURS_ON_A_DIAL == 0 ? HOURS_ON_A_DIAL : hour % HOURS_ON_A_DIAL;
  g_autofree char *minutes = tell_minutes (g_date_time_get_minute (now));

  return g_strdup_printf ("It is %s %s in the %s.", numbers[dial_hour], minutes,
                          hour < NOON_HOUR      ? "morning"
                          : hour < EVENING_HOUR ? "afternoon"
                                                : "evening");
}

/* The first number of at least one among @words, or 0. */
static int
find_number (const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);

  for (guint i = 0; list[i] != NULL; i++)
    {
      for (int number = 1; number <= MAX_COUNT; number++)
        {
          if (g_str_equal (list[i], numbers[number]))
            return number;
        }
    }
  return 0;
}

static char *
count_up (const char *words)
{
  int last = find_number (words);
  GString *text;

  if (last == 0)
    return g_strdup_printf ("I can count from one to %s.", numbers[MAX_COUNT]);

  text = g_string_new (NULL);
  for (int number = 1; number <= last; number++)
    g_string_append_printf (text, "%s%s", number > 1 ? ", " : "", numbers[number]);
  g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

static char *
spell_word (const char *word)
{
  GString *text = g_string_new (word);
  gsize n_letters = 0;

  g_string_append_c (text, ':');
  for (const char *at = word; *at != '\0' && n_letters < MAX_SPELLED_LETTERS; at++)
    {
      if (!g_ascii_isalpha (*at))
        continue;
      g_string_append_printf (text, "%s %c", n_letters > 0 ? "," : "", g_ascii_toupper (*at));
      n_letters++;
    }
  g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

/* "spell the word cat please" → "cat"; NULL where there is no word to spell. */
static char *
find_word_to_spell (const char *words)
{
  const char *begin = strstr (words, "spell");
  const char *rest = begin != NULL ? get_rest (begin, "spell") : NULL;
  const char *after_the_word = rest != NULL ? get_rest (rest, "the word") : NULL;
  const char *word = after_the_word != NULL ? after_the_word : rest;

  if (word == NULL || *word == '\0')
    return NULL;
  return g_strndup (word, strcspn (word, " "));
}

static VgwAssistantReply *
ask_for_text (void)
{
  VgwAssistantReply *reply = new_reply (g_strdup ("What shall I repeat?"));

  reply->asks_for_text = TRUE;
  return reply;
}

static VgwAssistantReply *
say_goodbye (void)
{
  VgwAssistantReply *reply = new_reply (g_strdup ("Goodbye, and thank you for calling."));

  reply->is_goodbye = TRUE;
  return reply;
}

const char *
vgw_assistant_dialogue_greet (void)
{
  return GREETING;
}

VgwAssistantReply *
vgw_assistant_dialogue_answer_command (const char *words, GDateTime *now)
{
  g_autofree char *to_spell = find_word_to_spell (words);

  /* commands with an argument first: the argument may be any word */
  if (to_spell != NULL)
    return new_reply (spell_word (to_spell));
  if (has_phrase (words, "repeat"))
    return ask_for_text ();
  if (has_phrase (words, "count"))
    return new_reply (count_up (words));
  if (has_phrase (words, "time"))
    return new_reply (tell_time (now));
  if (has_phrase (words, "goodbye") || has_phrase (words, "bye") || has_phrase (words, "hang up")
      || has_phrase (words, "that is all") || has_phrase (words, "see you"))
    return say_goodbye ();
  return new_reply (g_strdup (HELP));
}

VgwAssistantReply *
vgw_assistant_dialogue_answer_dictation (const char *words, gboolean is_asked_for)
{
  const char *to_repeat = get_rest (words, "repeat after me");
  g_autofree char *to_spell = NULL;

  if (*words == '\0')
    return new_reply (NULL);
  if (is_asked_for)
    return new_reply (g_strdup_printf ("%s.", words));

  if (to_repeat == NULL)
    to_repeat = get_rest (words, "repeat");
  if (to_repeat != NULL)
    return *to_repeat != '\0' ? new_reply (g_strdup_printf ("%s.", to_repeat)) : ask_for_text ();

  if (g_str_has_prefix (words, "spell "))
    to_spell = find_word_to_spell (words);
  if (to_spell != NULL)
    return new_reply (spell_word (to_spell));
  return new_reply (g_strdup_printf ("I understood: %s.", words));
}

VgwAssistantReply *
vgw_assistant_dialogue_ask_again (const char *words, gboolean is_asked_for)
{
  VgwAssistantReply *reply;

  if (*words == '\0')
    return new_reply (NULL);
  reply = new_reply (g_strdup (is_asked_for ? ASK_AGAIN_FOR_TEXT : ASK_AGAIN));
  reply->asks_for_text = is_asked_for;
  return reply;
}

void
vgw_assistant_reply_free (VgwAssistantReply *reply)
{
  g_free (reply->text);
  g_free (reply);
}
