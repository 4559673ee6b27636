#include "engine/vgw-engine-call-private.h"

#include "base/vgw-log.h"

VgwEngineCall *
vgw_engine_call_ref (VgwEngineCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_engine_call_unref (VgwEngineCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_warn_if_fail (self->link == NULL && self->state == NULL);
  g_array_unref (self->outgoing);
  g_array_unref (self->spare);
  vgw_mailbox_unref (self->mailbox);
  vgw_engine_config_free (self->config);
  g_free (self->session_id);
  g_free (self->client_address);
  g_free (self->origin);
  g_free (self->user_agent);
  g_strfreev (self->parameters);
  g_free (self->told_reason);
  g_mutex_clear (&self->owner_lock);
  g_mutex_clear (&self->ring_lock);
  g_free (self);
}

void
vgw_engine_call_unref_job (gpointer user_data)
{
  vgw_engine_call_unref (user_data);
}

VgwEngineCall *
vgw_engine_call_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect, VgwEngine *owner,
                     const VgwEngineStart *start)
{
  VgwEngineCall *self = g_new0 (VgwEngineCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->owner_lock);
  g_mutex_init (&self->ring_lock);
  self->io = io;
  self->config = vgw_engine_config_copy (config);
  self->dialect = dialect;
  self->owner = owner;
  self->mailbox = vgw_mailbox_new (G_OBJECT (owner));
  self->session_id = g_strdup (start->session_id);
  self->client_address = g_strdup (start->client_address);
  self->origin = g_strdup (start->origin);
  self->user_agent = g_strdup (start->user_agent);
  self->parameters = g_strdupv ((char **) start->parameters);
  self->facts = (VgwDialectCall){ .session_id = self->session_id,
                                  .client_address = self->client_address,
                                  .format = start->format,
                                  .origin = self->origin,
                                  .user_agent = self->user_agent,
                                  .parameters = (const char *const *) self->parameters };
  self->max_buffered_samples = (gsize) start->format.rate_hz * config->buffer_ms / 1000;
  self->outgoing = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->spare = g_array_new (FALSE, FALSE, sizeof (gint16));
  return self;
}

void
vgw_engine_call_start (VgwEngineCall *self)
{
  vgw_engine_call_post (self, &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_STATUS, .status = VGW_ENGINE_STATUS_CONNECTING });
  vgw_engine_io_invoke (self->io, vgw_engine_call_start_on_thread, vgw_engine_call_ref (self),
                        vgw_engine_call_unref_job);
}

void
vgw_engine_call_push_audio (VgwEngineCall *self, const gint16 *samples, gsize n_samples)
{
  gboolean should_kick;
  gsize n_excess;

  g_mutex_lock (&self->ring_lock);
  g_array_append_vals (self->outgoing, samples, n_samples);
  n_excess = self->outgoing->len > self->max_buffered_samples ? self->outgoing->len - self->max_buffered_samples : 0;
  if (n_excess > 0)
    {
      g_array_remove_range (self->outgoing, 0, n_excess);
      if (self->n_dropped == 0)
        vgw_warning (self->session_id,
                     "engine %s: the oldest of the caller's audio is being dropped, more than %u ms wait",
                     self->config->name, self->config->buffer_ms);
      self->n_dropped += n_excess;
    }
  should_kick = !self->is_kicked && g_atomic_int_get (&self->is_open);
  self->is_kicked |= should_kick;
  g_mutex_unlock (&self->ring_lock);
  if (should_kick)
    vgw_engine_io_invoke (self->io, vgw_engine_call_flush_audio, vgw_engine_call_ref (self), vgw_engine_call_unref_job);
}

typedef struct
{
  VgwEngineCall *call;
  VgwEngineInput *input;
} InputJob;

static void
run_input_job (gpointer user_data)
{
  VgwEngineCall *self = ((InputJob *) user_data)->call;
  const VgwEngineInput *input = ((InputJob *) user_data)->input;

  if (!g_atomic_int_get (&self->is_open) || self->link == NULL)
    return; /* what was said while nobody listened is over */
  if (self->dialect->handle != NULL)
    self->dialect->handle (self->state, input);
}

static void
free_input_job (gpointer user_data)
{
  InputJob *job = user_data;

  vgw_engine_call_unref (job->call);
  vgw_engine_input_free (job->input);
  g_free (job);
}

void
vgw_engine_call_send (VgwEngineCall *self, const VgwEngineInput *input)
{
  InputJob *job = g_new (InputJob, 1);

  *job = (InputJob){ vgw_engine_call_ref (self), vgw_engine_input_copy (input) };
  vgw_engine_io_invoke (self->io, run_input_job, job, free_input_job);
}

/* --- saying goodbye ----------------------------------------------------------------------------------------------- */

typedef struct
{
  VgwEngineCall *call;
  char *reason;
} StopJob;

static void
run_stop_job (gpointer user_data)
{
  StopJob *job = user_data;

  vgw_engine_call_stop_on_thread (job->call, job->reason);
}

static void
free_stop_job (gpointer user_data)
{
  StopJob *job = user_data;

  vgw_engine_call_unref (job->call);
  g_free (job->reason);
  g_free (job);
}

void
vgw_engine_call_stop (VgwEngineCall *self, const char *reason)
{
  StopJob *job;

  if (self->owner == NULL)
    return;
  g_mutex_lock (&self->owner_lock);
  self->owner = NULL;
  g_mutex_unlock (&self->owner_lock);
  vgw_mailbox_close (self->mailbox);
  job = g_new0 (StopJob, 1);
  job->call = vgw_engine_call_ref (self);
  job->reason = g_strdup (reason);
  vgw_engine_io_invoke (self->io, run_stop_job, job, free_stop_job);
}
