#include "session/vgw-registration.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-source.h"

#define REFUSED "the call was refused"
#define UNKNOWN_ENGINE "a session manager has chosen the engine \"%.64s\", which does not exist"
#define UNDECIDED "the call was not admitted in time; try again later"

struct _VgwRegistration
{
  const VgwSessionContext *context;
  const VgwSessionReport *report;
  VgwGrant *grant;
  const VgwRegistrationFuncs *funcs;
  struct _VgwSession *owner;
  GCancellable *waiting; /* for the verdict; else NULL */
  GQueue held;           /* VgwMessage* */
  gsize n_held_bytes;
  GSource *timer; /* (nullable) of periodic updates */
};

static void
get_facts (VgwRegistration *self, VgwSessionFacts *facts, VgwCallStats *stats)
{
  vgw_session_report_get_facts (self->report, self->report->history.phase, facts);
  vgw_session_report_get_call_stats (self->report, stats);
  facts->stats = stats;
}

static void
notify (VgwRegistration *self, void (*func) (VgwManager *manager, const VgwSessionFacts *facts), gboolean is_periodic)
{
  VgwSessionFacts facts;
  VgwCallStats stats;

  get_facts (self, &facts, &stats);
  facts.is_periodic = is_periodic;
  func (self->context->manager, &facts);
}

static gboolean
on_interval (gpointer user_data)
{
  notify (user_data, vgw_manager_update_session, TRUE);
  return G_SOURCE_CONTINUE;
}

static void
drop_held (VgwRegistration *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) vgw_message_free);
  self->n_held_bytes = 0;
}

static void
begin_session (VgwRegistration *self)
{
  if (self->context->update_interval_s > 0)
    self->timer = vgw_source_start_timer (self->context->update_interval_s * 1000, on_interval, self);
  self->funcs->admitted (self->owner);
}

static void
refuse (VgwRegistration *self, const VgwVerdict *verdict)
{
  g_autoptr (GError) error = NULL;

  if (verdict->is_default)
    error = g_error_new_literal (VGW_ERROR, VGW_ERROR_BUSY, UNDECIDED);
  else
    error =
        g_error_new_literal (VGW_ERROR, VGW_ERROR_UNAUTHORIZED, verdict->reason != NULL ? verdict->reason : REFUSED);
  self->funcs->refused (self->owner, verdict->is_default ? VGW_END_ADMISSION_TIMEOUT : VGW_END_REFUSED, error);
}

/* FALSE, and the session is refused, where the engine does not exist. */
static gboolean
apply (VgwRegistration *self, const VgwVerdict *verdict)
{
  const VgwEngineConfig *engine = NULL;

  if (verdict->engine != NULL)
    engine = vgw_engine_config_find (self->context->engine_shared.engines, verdict->engine);
  if (verdict->engine != NULL && engine == NULL)
    {
      g_autoptr (GError) error = g_error_new (VGW_ERROR, VGW_ERROR_INTERNAL, UNKNOWN_ENGINE, verdict->engine);

      self->funcs->refused (self->owner, VGW_END_ERROR, error);
      return FALSE;
    }
  vgw_grant_decide (self->grant, engine, verdict->metadata);
  return TRUE;
}

static void
handle_verdict (VgwRegistration *self, const VgwVerdict *verdict)
{
  VgwMessage *message;

  g_clear_object (&self->waiting);
  if (!verdict->is_admitted)
    {
      refuse (self, verdict);
      return;
    }
  if (!apply (self, verdict))
    return;
  begin_session (self);
  if (verdict->engine != NULL)
    vgw_registration_update (self);
  while ((message = g_queue_pop_head (&self->held)) != NULL)
    {
      self->funcs->handle (self->owner, message);
      vgw_message_free (message);
    }
}

static void
on_verdict (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwVerdict) verdict = vgw_manager_admit_finish (VGW_MANAGER (source), result, &error);
  g_autoptr (GObject) keep = NULL;
  VgwRegistration *self = user_data;

  if (verdict == NULL) /* cancelled: it may be gone */
    return;
  keep = g_object_ref (G_OBJECT (self->owner));
  handle_verdict (self, verdict);
}

void
vgw_registration_begin (VgwRegistration *self)
{
  VgwSessionFacts facts;
  VgwCallStats stats;

  notify (self, vgw_manager_register_session, FALSE);
  if (!vgw_manager_admits (self->context->manager))
    {
      begin_session (self);
      return;
    }
  self->waiting = g_cancellable_new ();
  get_facts (self, &facts, &stats);
  vgw_manager_admit_async (self->context->manager, &facts, self->waiting, on_verdict, self);
}

void
vgw_registration_update (VgwRegistration *self)
{
  notify (self, vgw_manager_update_session, FALSE);
}

static void
stop (VgwRegistration *self)
{
  vgw_source_clear (&self->timer);
  if (self->waiting != NULL)
    g_cancellable_cancel (self->waiting);
  g_clear_object (&self->waiting);
  drop_held (self);
}

void
vgw_registration_end (VgwRegistration *self)
{
  stop (self);
  notify (self, vgw_manager_deregister_session, FALSE);
}

static gsize
count_bytes (const VgwMessage *message)
{
  return (message->sdp != NULL ? strlen (message->sdp) : 0)
         + (message->candidate != NULL ? strlen (message->candidate) : 0)
         + (message->event_json != NULL ? strlen (message->event_json) : 0);
}

gboolean
vgw_registration_hold (VgwRegistration *self, const VgwMessage *message)
{
  gsize n_bytes = count_bytes (message);

  if (self->waiting == NULL)
    return FALSE;
  if (self->held.length < VGW_REGISTRATION_MAX_MESSAGES && self->n_held_bytes + n_bytes <= VGW_REGISTRATION_MAX_BYTES)
    {
      g_queue_push_tail (&self->held, vgw_message_copy_input (message));
      self->n_held_bytes += n_bytes;
    }
  return TRUE;
}

void
vgw_registration_free (VgwRegistration *self)
{
  stop (self);
  g_free (self);
}

VgwRegistration *
vgw_registration_new (const VgwSessionContext *context, const VgwSessionReport *report, VgwGrant *grant,
                      const VgwRegistrationFuncs *funcs, struct _VgwSession *owner)
{
  VgwRegistration *self = g_new0 (VgwRegistration, 1);

  self->context = context;
  self->report = report;
  self->grant = grant;
  self->funcs = funcs;
  self->owner = owner;
  return self;
}
