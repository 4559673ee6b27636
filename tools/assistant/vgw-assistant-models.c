#include "assistant/vgw-assistant-models.h"

#include "base/vgw-data-path.h"
#include "base/vgw-log.h"
#include "vgw-build.h"

struct _VgwAssistantModels
{
  gatomicrefcount ref_count;
  char *model_dir;
  char *grammar_path;
  guint max_decoders;

  GMutex lock;
  GCond has_changed;
  GQueue idle;      /* guarded by lock; VgwAssistantDecoder, the one used last first, since its memory is cached */
  guint n_decoders; /* guarded by lock; idle, at work, or being loaded */
  guint n_loading;  /* guarded by lock */
};

VgwAssistantModels *
vgw_assistant_models_new (const char *model_dir, const char *grammar_path)
{
  VgwAssistantModels *self = g_new0 (VgwAssistantModels, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->model_dir = g_strdup (model_dir != NULL ? model_dir : VGW_SPHINX_MODEL_DIR);
  self->grammar_path = grammar_path != NULL
                           ? g_strdup (grammar_path)
                           : vgw_data_path (NULL, "data/assistant/assistant.gram", "assistant/assistant.gram");
  self->max_decoders = MIN (VGW_ASSISTANT_MAX_DECODERS, g_get_num_processors ());
  g_mutex_init (&self->lock);
  g_cond_init (&self->has_changed);
  g_queue_init (&self->idle);
  return self;
}

VgwAssistantModels *
vgw_assistant_models_ref (VgwAssistantModels *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_assistant_models_unref (VgwAssistantModels *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_queue_clear_full (&self->idle, (GDestroyNotify) vgw_assistant_decoder_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->has_changed);
  g_free (self->model_dir);
  g_free (self->grammar_path);
  g_free (self);
}

/* Lock held on entry and return, and released meanwhile. */
static VgwAssistantDecoder *
load_decoder (VgwAssistantModels *self, GError **error)
{
  gint64 begun_at_us = g_get_monotonic_time ();
  VgwAssistantDecoder *decoder;

  self->n_decoders++;
  self->n_loading++;
  g_mutex_unlock (&self->lock);
  decoder = vgw_assistant_decoder_new (self->model_dir, self->grammar_path, error);
  g_mutex_lock (&self->lock);
  self->n_loading--;
  if (decoder == NULL)
    self->n_decoders--;
  else
    vgw_info (NULL, "assistant: loaded decoder %u of at most %u in %" G_GINT64_FORMAT " ms", self->n_decoders,
              self->max_decoders, (g_get_monotonic_time () - begun_at_us) / G_TIME_SPAN_MILLISECOND);
  g_cond_broadcast (&self->has_changed);
  return decoder;
}

static VgwAssistantDecoder *
borrow_decoder (VgwAssistantModels *self, GError **error)
{
  VgwAssistantDecoder *decoder;

  g_mutex_lock (&self->lock);
  while (g_queue_is_empty (&self->idle) && self->n_decoders >= self->max_decoders)
    g_cond_wait (&self->has_changed, &self->lock);
  decoder = g_queue_pop_head (&self->idle);
  if (decoder == NULL)
    decoder = load_decoder (self, error);
  g_mutex_unlock (&self->lock);
  return decoder;
}

/* (transfer full) */
static void
return_decoder (VgwAssistantModels *self, VgwAssistantDecoder *decoder)
{
  g_mutex_lock (&self->lock);
  g_queue_push_head (&self->idle, decoder);
  g_cond_broadcast (&self->has_changed);
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_assistant_models_warm_up (VgwAssistantModels *self, GError **error)
{
  VgwAssistantDecoder *decoder = borrow_decoder (self, error);

  if (decoder != NULL)
    return_decoder (self, decoder);
  return decoder != NULL;
}

char *
vgw_assistant_models_recognise (VgwAssistantModels *self, VgwAssistantMode mode, const gint16 *samples, gsize n_samples,
                                VgwAssistantVerdict *verdict, GError **error)
{
  VgwAssistantDecoder *decoder = borrow_decoder (self, error);
  char *text;

  if (decoder == NULL)
    return NULL;

  text = vgw_assistant_decoder_recognise (decoder, mode, samples, n_samples, verdict);
  return_decoder (self, decoder);
  return text;
}

guint
vgw_assistant_models_count (VgwAssistantModels *self)
{
  guint n_decoders;

  g_mutex_lock (&self->lock);
  n_decoders = self->n_decoders - self->n_loading;
  g_mutex_unlock (&self->lock);
  return n_decoders;
}
