#include "caller/vgw-call-runner.h"

#include <string.h>

#define WAV_SUFFIX ".wav"

struct _VgwCallRunner
{
  GObject parent_instance;

  const VgwCallSettings *settings;
  guint ramp_ms;
  char *out_path;     /* (nullable) */
  GPtrArray *entries; /* Entry* */
  GPtrArray *reports; /* const VgwCallReport*, part of the entries' calls; made when all have ended */
  VgwCallCounts counts;
  guint ramp_timer;
};

typedef struct
{
  VgwCallRunner *runner; /* not a reference: the runner owns the entry */
  guint number;          /* from 1 */
  VgwCall *call;         /* kept to the end for its report */
  gboolean is_talking;
} Entry;

enum
{
  SIGNAL_PROGRESS,
  SIGNAL_EVENT,
  SIGNAL_FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwCallRunner, vgw_call_runner, G_TYPE_OBJECT)

static void
entry_free (Entry *entry)
{
  g_signal_handlers_disconnect_by_data (entry->call, entry);
  g_object_unref (entry->call);
  g_free (entry);
}

static void
finish_when_over (VgwCallRunner *self)
{
  if (self->counts.n_ended < self->counts.n_started || self->ramp_timer != 0)
    return;
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      g_ptr_array_add (self->reports, (gpointer) vgw_call_get_report (entry->call));
    }
  g_signal_emit (self, signals[SIGNAL_FINISHED], 0);
}

static void
on_state_changed (VgwCall *call, VgwCallState state, Entry *entry)
{
  VgwCallRunner *self = entry->runner;
  const gboolean is_talking = state == VGW_CALL_STATE_TALKING;

  if (is_talking == entry->is_talking)
    return;
  entry->is_talking = is_talking;
  self->counts.n_talking += is_talking ? 1 : -1;
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0);
}

static void
on_event (VgwCall *call, const char *text, Entry *entry)
{
  g_signal_emit (entry->runner, signals[SIGNAL_EVENT], 0, entry->number, text);
}

static void
on_ended (VgwCall *call, Entry *entry)
{
  VgwCallRunner *self = entry->runner;

  self->counts.n_ended++;
  if (vgw_call_get_report (call)->result != VGW_CALL_OK)
    self->counts.n_failed++;
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0);
  finish_when_over (self);
}

/* "reply.wav", or "reply-3.wav" where there are several. */
static char *
make_out_path (VgwCallRunner *self, guint number)
{
  const char *path = self->out_path;
  gsize stem_length;

  if (path == NULL || self->counts.n_calls == 1)
    return g_strdup (path);
  stem_length = strlen (path);
  if (g_str_has_suffix (path, WAV_SUFFIX))
    stem_length -= strlen (WAV_SUFFIX);
  return g_strdup_printf ("%.*s-%u%s", (int) stem_length, path, number, path + stem_length);
}

static void
start_one (VgwCallRunner *self)
{
  Entry *entry = g_new0 (Entry, 1);
  g_autofree char *path = NULL;

  entry->runner = self;
  entry->number = ++self->counts.n_started;
  path = make_out_path (self, entry->number);
  entry->call = vgw_call_new (self->settings, path);
  g_ptr_array_add (self->entries, entry);
  g_signal_connect (entry->call, "state-changed", G_CALLBACK (on_state_changed), entry);
  g_signal_connect (entry->call, "event", G_CALLBACK (on_event), entry);
  g_signal_connect (entry->call, "ended", G_CALLBACK (on_ended), entry);
  vgw_call_start (entry->call);
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0);
}

static gboolean
on_ramp (gpointer user_data)
{
  VgwCallRunner *self = user_data;

  start_one (self);
  if (self->counts.n_started < self->counts.n_calls)
    return G_SOURCE_CONTINUE;
  self->ramp_timer = 0;
  return G_SOURCE_REMOVE;
}

static void
vgw_call_runner_dispose (GObject *object)
{
  VgwCallRunner *self = VGW_CALL_RUNNER (object);

  g_clear_handle_id (&self->ramp_timer, g_source_remove);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
  g_clear_pointer (&self->out_path, g_free);
  G_OBJECT_CLASS (vgw_call_runner_parent_class)->dispose (object);
}

static void
vgw_call_runner_class_init (VgwCallRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_call_runner_dispose;

  signals[SIGNAL_PROGRESS] =
      g_signal_new ("progress", VGW_TYPE_CALL_RUNNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_EVENT] = g_signal_new ("event", VGW_TYPE_CALL_RUNNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[SIGNAL_FINISHED] =
      g_signal_new ("finished", VGW_TYPE_CALL_RUNNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_call_runner_init (VgwCallRunner *self)
{
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  self->reports = g_ptr_array_new ();
}

VgwCallRunner *
vgw_call_runner_new (const VgwCallSettings *settings, guint n_calls, guint ramp_ms, const char *out_path)
{
  VgwCallRunner *self = g_object_new (VGW_TYPE_CALL_RUNNER, NULL);

  self->settings = settings;
  self->counts.n_calls = n_calls;
  self->ramp_ms = ramp_ms;
  self->out_path = g_strdup (out_path);
  return self;
}

void
vgw_call_runner_start (VgwCallRunner *self)
{
  if (self->counts.n_calls > 1)
    self->ramp_timer = g_timeout_add (self->ramp_ms, on_ramp, self);
  start_one (self);
}

void
vgw_call_runner_hang_up (VgwCallRunner *self)
{
  g_clear_handle_id (&self->ramp_timer, g_source_remove);
  for (guint i = 0; i < self->entries->len; i++)
    vgw_call_hang_up (((Entry *) g_ptr_array_index (self->entries, i))->call);
  if (self->reports->len == 0) /* else it is over already; no call may be left that would end it */
    finish_when_over (self);
}

void
vgw_call_runner_get_counts (VgwCallRunner *self, VgwCallCounts *counts)
{
  *counts = self->counts;
}

const VgwCallReport *const *
vgw_call_runner_get_reports (VgwCallRunner *self, gsize *n_reports)
{
  *n_reports = self->reports->len;
  return (const VgwCallReport *const *) self->reports->pdata;
}
