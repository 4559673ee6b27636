#include "assistant/vgw-assistant-decoder.h"

#include <string.h>

#include <pocketsphinx/pocketsphinx.h>

#include "base/vgw-data-path.h"
#include "base/vgw-error.h"
#include "assistant/vgw-assistant-sphinx.h"

#define MODEL_HELP "the models are in the package pocketsphinx-en-us"
#define COMMAND_SEARCH "command"
#define DICTATION_SEARCH "dictation"
#define PHONE_SEARCH "phones"

/* The grammar matches any audio with one of its sentences: whether that is right is decided by how much better its
 * score is than that of a free loop of phones, and by the silences.
 *
 * The score of a search is the scaled logarithm of a likelihood; per frame, and relative to that of the phones for the
 * same audio, it is comparable between utterances and voices. Ten commands by three voices of flite scored 0 to 20, by
 * espeak-ng -6 to 9 and at least 6 above their dictation; ten other sentences by the same voices -20 to 2, and at most
 * 3 above it. A correct dictation scored at least -9, an incorrect one -9 to -18. */
#define SURE_LEAD 4 /* over the phones: no dictation is needed */
#define MIN_LEAD (-6)
#define MIN_GOODBYE_LEAD 0        /* higher, and with a dictation in any case, since it ends the call */
#define MIN_LEAD_OVER_DICTATION 4 /* for scores between the two */
#define MIN_DICTATION_LEAD (-9)   /* over the phones: below that the words are most likely wrong */

/* The front end removes silences longer than its -vad_postspeech of 50 frames. A longer silence in the result of a
 * search is speech after the words of a command. */
#define MAX_SILENCE_FRAMES 64
#define SILENCE_WORD "<sil>"

/* The loudness of the models' training data: the same words at full scale score 6 less. */
#define PEAK 12000
#define MAX_GAIN 4.0 /* a higher gain would amplify noise to speech */

/* The silence kept around the words; more would affect the mean of the cepstra. */
#define MARGIN_BLOCKS 10u
#define BLOCK_SAMPLES (VGW_ASSISTANT_RATE_HZ / 50)
#define QUIET_PART 30 /* of the peak */

struct _VgwAssistantDecoder
{
  cmd_ln_t *config;
  ps_decoder_t *decoder;
};

typedef struct
{
  char *text;
  gint64 score;
  gint n_frames;
  gint longest_silence; /* frames */
} Hypothesis;

static gboolean
check_file (const char *path, GFileTest test, const char *help, GError **error)
{
  if (g_file_test (path, test))
    return TRUE;

  g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "assistant: %s does not exist (%s)", path, help);
  return FALSE;
}

static void
set_load_error (const char *what, const char *path, GError **error)
{
  g_autofree char *reason = vgw_assistant_sphinx_take_error ();

  g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "assistant: cannot use the %s %s: %s", what, path, reason);
}

static gboolean
load (VgwAssistantDecoder *self, const char *model_dir, const char *grammar_path, GError **error)
{
  g_autofree char *acoustic_dir = g_build_filename (model_dir, "en-us", NULL);
  g_autofree char *dictionary_path = g_build_filename (model_dir, "cmudict-en-us.dict", NULL);
  g_autofree char *language_path = g_build_filename (model_dir, "en-us.lm.bin", NULL);
  g_autofree char *phones_path = g_build_filename (model_dir, "en-us-phone.lm.bin", NULL);
  g_autofree char *grammar_help = vgw_data_path_hint (NULL);

  /* the library ends the process for some missing files, and leaks memory for others */
  if (!check_file (acoustic_dir, G_FILE_TEST_IS_DIR, MODEL_HELP, error)
      || !check_file (dictionary_path, G_FILE_TEST_IS_REGULAR, MODEL_HELP, error)
      || !check_file (language_path, G_FILE_TEST_IS_REGULAR, MODEL_HELP, error)
      || !check_file (grammar_path, G_FILE_TEST_IS_REGULAR, grammar_help, error))
    return FALSE;

  g_free (vgw_assistant_sphinx_take_error ());
  self->config = cmd_ln_init (NULL, ps_args (), TRUE, "-hmm", acoustic_dir, "-dict", dictionary_path, "-allphone_ci",
                              "yes", /* context-independent phones: a hundred times faster */
                              "-dither", "yes", "-seed", "1", NULL); /* for digital silence */
  self->decoder = self->config != NULL ? ps_init (self->config) : NULL;
  if (self->decoder == NULL)
    set_load_error ("models in", model_dir, error);
  else if (ps_set_jsgf_file (self->decoder, COMMAND_SEARCH, grammar_path) != 0)
    set_load_error ("grammar", grammar_path, error);
  else if (ps_set_lm_file (self->decoder, DICTATION_SEARCH, language_path) != 0)
    set_load_error ("language model", language_path, error);
  else if (ps_set_allphone_file (self->decoder, PHONE_SEARCH, phones_path) != 0)
    set_load_error ("language model", phones_path, error);
  else
    return TRUE;
  return FALSE;
}

VgwAssistantDecoder *
vgw_assistant_decoder_new (const char *model_dir, const char *grammar_path, GError **error)
{
  g_autoptr (VgwAssistantDecoder) self = g_new0 (VgwAssistantDecoder, 1);

  vgw_assistant_sphinx_init_log ();
  return load (self, model_dir, grammar_path, error) ? g_steal_pointer (&self) : NULL;
}

void
vgw_assistant_decoder_free (VgwAssistantDecoder *self)
{
  /* the library frees the result of a search for phones only when the next one begins */
  if (self->decoder != NULL && ps_set_search (self->decoder, PHONE_SEARCH) == 0 && ps_start_utt (self->decoder) == 0)
    ps_end_utt (self->decoder);
  g_clear_pointer (&self->decoder, ps_free);
  g_clear_pointer (&self->config, cmd_ln_free_r);
  g_free (self);
}

static gint
find_longest_silence (ps_decoder_t *decoder)
{
  gint longest = 0;

  for (ps_seg_t *segment = ps_seg_iter (decoder); segment != NULL; segment = ps_seg_next (segment))
    {
      const char *word = ps_seg_word (segment);
      int first, last;

      ps_seg_frames (segment, &first, &last);
      if (word != NULL && g_str_equal (word, SILENCE_WORD)) /* a null transition of the grammar has no word */
        longest = MAX (longest, last - first + 1);
    }
  return longest;
}

static void
search (VgwAssistantDecoder *self, const char *name, const gint16 *samples, gsize n_samples, Hypothesis *hypothesis)
{
  const char *text;
  int32 score = 0;

  ps_set_search (self->decoder, name);
  ps_start_utt (self->decoder);
  /* as a full utterance, so that the mean of the cepstra does not depend on previous callers */
  ps_process_raw (self->decoder, samples, n_samples, FALSE, TRUE);
  ps_end_utt (self->decoder);

  text = ps_get_hyp (self->decoder, &score);
  hypothesis->text = g_strstrip (g_strdup (text != NULL ? text : ""));
  hypothesis->score = score;
  hypothesis->n_frames = ps_get_n_frames (self->decoder);
  /* the segments of the phones are not requested: the library leaks them */
  hypothesis->longest_silence = g_str_equal (name, PHONE_SEARCH) ? 0 : find_longest_silence (self->decoder);
}

static void
hypothesis_clear (Hypothesis *hypothesis)
{
  g_clear_pointer (&hypothesis->text, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Hypothesis, hypothesis_clear)

/* The difference of the scores per frame of @a and @b, for the same audio. */
static double
get_lead (const Hypothesis *a, const Hypothesis *b)
{
  if (*a->text == '\0' || a->n_frames <= 0)
    return G_MININT;
  if (*b->text == '\0')
    return G_MAXINT;
  return (double) (a->score - b->score) / a->n_frames;
}

static gint
find_peak (const gint16 *samples, gsize n_samples)
{
  gint peak = 0;

  for (gsize i = 0; i < n_samples; i++)
    peak = MAX (peak, ABS ((gint) samples[i]));
  return peak;
}

/* @samples with the loudness and the surrounding silence of the models' training data (transfer full). */
static GArray *
prepare (const gint16 *samples, gsize n_samples)
{
  gint peak = find_peak (samples, n_samples);
  double gain = peak > 0 ? MIN ((double) PEAK / peak, MAX_GAIN) : 1;
  gsize n_blocks = n_samples / BLOCK_SAMPLES, first = 0, last = n_blocks;
  GArray *prepared;

  while (first < n_blocks && find_peak (samples + first * BLOCK_SAMPLES, BLOCK_SAMPLES) * QUIET_PART <= peak)
    first++;
  while (last > first && find_peak (samples + (last - 1) * BLOCK_SAMPLES, BLOCK_SAMPLES) * QUIET_PART <= peak)
    last--;
  first -= MIN (first, MARGIN_BLOCKS);
  last = MIN (last + MARGIN_BLOCKS, n_blocks);

  prepared = g_array_sized_new (FALSE, FALSE, sizeof (gint16), (guint) ((last - first) * BLOCK_SAMPLES));
  for (gsize i = first * BLOCK_SAMPLES; i < last * BLOCK_SAMPLES; i++)
    {
      gint16 sample = (gint16) (samples[i] * gain);
      g_array_append_val (prepared, sample);
    }
  return prepared;
}

static gboolean
is_goodbye (const char *words)
{
  return strstr (words, "bye") != NULL || strstr (words, "hang up") != NULL || strstr (words, "that is all") != NULL
         || strstr (words, "see you") != NULL;
}

static gboolean
may_be_command (const Hypothesis *command, const Hypothesis *phones)
{
  return command->longest_silence <= MAX_SILENCE_FRAMES
         && get_lead (command, phones) >= (is_goodbye (command->text) ? MIN_GOODBYE_LEAD : MIN_LEAD);
}

char *
vgw_assistant_decoder_recognise (VgwAssistantDecoder *self, VgwAssistantMode mode, const gint16 *utterance,
                                 gsize n_utterance, VgwAssistantVerdict *verdict)
{
  g_autoptr (GArray) prepared = prepare (utterance, n_utterance);
  const gint16 *samples = (const gint16 *) (gconstpointer) prepared->data;
  gsize n_samples = prepared->len;
  g_auto (Hypothesis) command = { NULL }, phones = { NULL }, dictation = { NULL };
  gboolean may_be = FALSE;

  search (self, PHONE_SEARCH, samples, n_samples, &phones);
  *verdict = VGW_ASSISTANT_VERDICT_COMMAND;
  if (mode == VGW_ASSISTANT_MODE_COMMAND)
    {
      /* the grammar and the phones take a hundredth of real time each, dictation a quarter */
      search (self, COMMAND_SEARCH, samples, n_samples, &command);
      may_be = may_be_command (&command, &phones);
      if (may_be && get_lead (&command, &phones) >= SURE_LEAD && !is_goodbye (command.text))
        return g_steal_pointer (&command.text);
    }
  search (self, DICTATION_SEARCH, samples, n_samples, &dictation);
  if (may_be
      && (get_lead (&command, &dictation) >= MIN_LEAD_OVER_DICTATION || g_str_equal (command.text, dictation.text)))
    return g_steal_pointer (&command.text);
  *verdict = get_lead (&dictation, &phones) >= MIN_DICTATION_LEAD ? VGW_ASSISTANT_VERDICT_DICTATION
                                                                  : VGW_ASSISTANT_VERDICT_UNSURE;
  return g_steal_pointer (&dictation.text);
}
