#include "engine/vgw-assistant-decoder.h"

#include <pocketsphinx/pocketsphinx.h>

#include "base/vgw-data-path.h"
#include "base/vgw-error.h"
#include "engine/vgw-assistant-sphinx.h"

#define MODEL_HELP "the package pocketsphinx-en-us has the models"
#define COMMAND_SEARCH "command"
#define DICTATION_SEARCH "dictation"

/* The grammar takes anything for one of its sentences: whether it was one is told by the score and by the silences.
 *
 * The score of a search is the scaled logarithm of a likelihood; by frame it compares between utterances. Commands, by
 * four voices of flite, scored -10 to -26 and at least 8 above the dictation of the same; other sentences -27 to -54,
 * and at most 6 above. */
#define SURE_SCORE_PER_FRAME (-20) /* as good as a free loop of phones: the dictation need not be asked */
#define MIN_SCORE_PER_FRAME (-30)
#define MIN_LEAD_PER_FRAME 7 /* over dictation */

/* The front end takes silences out that are longer than its -vad_postspeech of 50 frames. What the search takes for a
 * longer one is speech behind the words of a command. */
#define MAX_SILENCE_FRAMES 60
#define SILENCE_WORD "<sil>"

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

  g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "assistant: %s is not there (%s)", path, help);
  return FALSE;
}

static void
set_load_error (const char *what, const char *path, GError **error)
{
  g_autofree char *reason = vgw_assistant_sphinx_take_error ();

  g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "assistant: the %s %s cannot be used: %s", what, path, reason);
}

static gboolean
load (VgwAssistantDecoder *self, const char *model_dir, const char *grammar_path, GError **error)
{
  g_autofree char *acoustic_dir = g_build_filename (model_dir, "en-us", NULL);
  g_autofree char *dictionary_path = g_build_filename (model_dir, "cmudict-en-us.dict", NULL);
  g_autofree char *language_path = g_build_filename (model_dir, "en-us.lm.bin", NULL);
  g_autofree char *grammar_help = vgw_data_path_hint ();

  /* the library ends the process over some files that are not there, and leaks over others */
  if (!check_file (acoustic_dir, G_FILE_TEST_IS_DIR, MODEL_HELP, error)
      || !check_file (dictionary_path, G_FILE_TEST_IS_REGULAR, MODEL_HELP, error)
      || !check_file (language_path, G_FILE_TEST_IS_REGULAR, MODEL_HELP, error)
      || !check_file (grammar_path, G_FILE_TEST_IS_REGULAR, grammar_help, error))
    return FALSE;

  g_free (vgw_assistant_sphinx_take_error ());
  self->config = cmd_ln_init (NULL, ps_args (), TRUE, "-hmm", acoustic_dir, "-dict", dictionary_path, NULL);
  self->decoder = self->config != NULL ? ps_init (self->config) : NULL;
  if (self->decoder == NULL)
    set_load_error ("models in", model_dir, error);
  else if (ps_set_jsgf_file (self->decoder, COMMAND_SEARCH, grammar_path) != 0)
    set_load_error ("grammar", grammar_path, error);
  else if (ps_set_lm_file (self->decoder, DICTATION_SEARCH, language_path) != 0)
    set_load_error ("language model", language_path, error);
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
  /* as a full utterance: the mean of the cepstra is then this utterance's own, not one of the callers before */
  ps_process_raw (self->decoder, samples, n_samples, FALSE, TRUE);
  ps_end_utt (self->decoder);

  text = ps_get_hyp (self->decoder, &score);
  hypothesis->text = g_strstrip (g_strdup (text != NULL ? text : ""));
  hypothesis->score = score;
  hypothesis->n_frames = ps_get_n_frames (self->decoder);
  hypothesis->longest_silence = find_longest_silence (self->decoder);
}

static gboolean
may_be_command (const Hypothesis *command)
{
  return *command->text != '\0' && command->longest_silence <= MAX_SILENCE_FRAMES
         && command->score >= (gint64) MIN_SCORE_PER_FRAME * command->n_frames;
}

static char *
dictate (VgwAssistantDecoder *self, const gint16 *samples, gsize n_samples, gint64 *score)
{
  Hypothesis dictation;

  search (self, DICTATION_SEARCH, samples, n_samples, &dictation);
  *score = *dictation.text != '\0' ? dictation.score : G_MININT32;
  return dictation.text;
}

char *
vgw_assistant_decoder_hear (VgwAssistantDecoder *self, VgwAssistantHearing hearing, const gint16 *samples,
                            gsize n_samples, gboolean *is_command)
{
  Hypothesis command;
  gint64 dictation_score;
  char *dictation;

  *is_command = FALSE;
  if (hearing == VGW_ASSISTANT_HEAR_DICTATION)
    return dictate (self, samples, n_samples, &dictation_score);

  /* the grammar costs a hundredth of real time, dictation a quarter: where the first is sure, the other is not asked */
  search (self, COMMAND_SEARCH, samples, n_samples, &command);
  *is_command = may_be_command (&command) && command.score >= (gint64) SURE_SCORE_PER_FRAME * command.n_frames;
  if (*is_command)
    return command.text;

  dictation = dictate (self, samples, n_samples, &dictation_score);
  /* where both heard the same words, they are the command's, however sure the grammar is */
  *is_command = (may_be_command (&command)
                 && command.score >= dictation_score + (gint64) MIN_LEAD_PER_FRAME * command.n_frames)
                || (command.text != NULL && *command.text != '\0' && g_strcmp0 (command.text, dictation) == 0);
  g_free (*is_command ? dictation : command.text);
  return *is_command ? command.text : dictation;
}
