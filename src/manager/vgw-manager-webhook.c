#include "manager/vgw-manager-webhook.h"

#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "manager/vgw-manager-settings.h"
#include "manager/vgw-session-event.h"

struct _VgwManagerWebhook
{
  GObject parent_instance;
  VgwWebhookQueue *queue;
  gboolean has_admission, admits_by_default;
  guint admission_timeout_s;
  guint64 n_admitted, n_refused, n_undecided;
};

/* A session that waits for its verdict. */
typedef struct
{
  VgwManagerWebhook *manager; /* the task has a reference */
  char *session_id;
  GTask *task;
  GSource *timer; /* the deadline, or earlier: returns */
  gulong cancel_handler;
  gboolean is_answered; /* the queue will not reply any more */
  GBytes *body;         /* (nullable) of the answer */
} Question;

static void
send_event (VgwManager *manager, VgwSessionEventType type, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  vgw_webhook_queue_add (VGW_MANAGER_WEBHOOK (manager)->queue, facts->session_id, type == VGW_SESSION_EVENT_UPDATE,
                         vgw_session_event_to_json (type, facts, turn, g_get_real_time ()));
}

/* --- admission --- */

/* (transfer full) */
static void
question_free (Question *question)
{
  vgw_source_clear (&question->timer);
  g_clear_pointer (&question->body, g_bytes_unref);
  g_free (question->session_id);
  g_free (question);
}

/* NULL, and it is logged, where there is none in time that can be used. Returns: (transfer full) */
static VgwVerdict *
read_answer (const Question *question)
{
  g_autoptr (GError) error = NULL;
  VgwVerdict *verdict;

  if (question->body == NULL)
    {
      vgw_warning (question->session_id, "webhook: %s; %s by default",
                   question->is_answered ? "there is no answer to the question whether the session is admitted"
                                         : "no answer in time to the question whether the session is admitted",
                   question->manager->admits_by_default ? "admitted" : "refused");
      return NULL;
    }
  verdict = vgw_verdict_parse (question->body, &error);
  if (verdict == NULL)
    vgw_warning (question->session_id, "webhook: the answer to session.register is no verdict: %s; %s by default",
                 error->message, question->manager->admits_by_default ? "admitted" : "refused");
  return verdict;
}

/* What the session gets. Returns: (transfer full) */
static VgwVerdict *
decide (const Question *question)
{
  VgwManagerWebhook *self = question->manager;
  VgwVerdict *verdict = read_answer (question);

  if (verdict == NULL)
    {
      verdict = g_new0 (VgwVerdict, 1);
      verdict->is_default = TRUE;
      verdict->is_admitted = self->admits_by_default;
      self->n_undecided++;
    }
  else if (verdict->is_admitted)
    self->n_admitted++;
  else
    self->n_refused++;
  return verdict;
}

static gboolean
on_question_over (gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GTask) task = question->task;
  GCancellable *cancellable = g_task_get_cancellable (task);
  VgwVerdict *verdict = g_cancellable_is_cancelled (cancellable) ? NULL : decide (question);

  g_cancellable_disconnect (cancellable, question->cancel_handler);
  if (!question->is_answered)
    vgw_webhook_queue_forget (question->manager->queue, question->session_id, question);
  question_free (question);
  if (verdict != NULL)
    g_task_return_pointer (task, verdict, (GDestroyNotify) vgw_verdict_free);
  else
    g_task_return_error_if_cancelled (task);
  return G_SOURCE_CONTINUE;
}

/* On the stack of the queue: the task returns later. */
static void
on_answer (GBytes *body, gpointer user_data)
{
  Question *question = user_data;

  question->is_answered = TRUE;
  question->body = body != NULL ? g_bytes_ref (body) : NULL;
  g_source_set_ready_time (question->timer, 0);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static gboolean
vgw_manager_webhook_admits (VgwManager *manager)
{
  return VGW_MANAGER_WEBHOOK (manager)->has_admission;
}

static void
vgw_manager_webhook_admit (VgwManager *manager, const VgwSessionFacts *facts, GTask *task)
{
  VgwManagerWebhook *self = VGW_MANAGER_WEBHOOK (manager);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Question *question = g_new0 (Question, 1);

  question->manager = self;
  question->session_id = g_strdup (facts->session_id);
  question->task = task;
  question->timer = vgw_source_new_wakeup (NULL, on_question_over, question);
  g_source_set_ready_time (question->timer, g_get_monotonic_time () + self->admission_timeout_s * G_TIME_SPAN_SECOND);
  if (cancellable != NULL)
    question->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), question->timer, NULL);
  vgw_webhook_queue_ask (self->queue, facts->session_id,
                         vgw_session_event_to_json (VGW_SESSION_EVENT_REGISTER, facts, NULL, g_get_real_time ()),
                         on_answer, question);
}

/* --- events --- */

/* Where it admits, the question is the event. */
static void
vgw_manager_webhook_register (VgwManager *self, const VgwSessionFacts *facts)
{
  if (!VGW_MANAGER_WEBHOOK (self)->has_admission)
    send_event (self, VGW_SESSION_EVENT_REGISTER, facts, NULL);
}

static void
vgw_manager_webhook_update (VgwManager *self, const VgwSessionFacts *facts)
{
  send_event (self, VGW_SESSION_EVENT_UPDATE, facts, NULL);
}

static void
vgw_manager_webhook_deregister (VgwManager *self, const VgwSessionFacts *facts)
{
  send_event (self, VGW_SESSION_EVENT_DEREGISTER, facts, NULL);
}

static void
vgw_manager_webhook_turn (VgwManager *self, const VgwSessionFacts *facts, const VgwTurn *turn)
{
  send_event (self, VGW_SESSION_EVENT_TURN, facts, turn);
}

static void
apply_admission (VgwManagerWebhook *self, const VgwWebhookSettings *settings)
{
  self->has_admission = settings->has_admission;
  self->admits_by_default = settings->admits_by_default;
  self->admission_timeout_s = settings->admission_timeout_s;
}

static void
vgw_manager_webhook_reload (VgwManager *self, const struct _VgwManagerSettings *settings)
{
  apply_admission (VGW_MANAGER_WEBHOOK (self), &settings->webhook);
  vgw_webhook_queue_reload (VGW_MANAGER_WEBHOOK (self)->queue, &settings->webhook);
}

static void
vgw_manager_webhook_get_stats (VgwManager *self, VgwManagerStats *stats)
{
  const VgwManagerWebhook *webhook = VGW_MANAGER_WEBHOOK (self);

  stats += VGW_MANAGER_TYPE_WEBHOOK;
  vgw_webhook_queue_get_stats (webhook->queue, stats);
  stats->n_admitted += webhook->n_admitted;
  stats->n_refused += webhook->n_refused;
  stats->n_undecided += webhook->n_undecided;
}

static void
vgw_manager_webhook_hasten (VgwManager *self)
{
  vgw_webhook_queue_hasten (VGW_MANAGER_WEBHOOK (self)->queue);
}

static void
vgw_manager_webhook_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = vgw_manager_webhook_register;
  iface->update_session = vgw_manager_webhook_update;
  iface->deregister_session = vgw_manager_webhook_deregister;
  iface->admits = vgw_manager_webhook_admits;
  iface->admit = vgw_manager_webhook_admit;
  iface->turn = vgw_manager_webhook_turn;
  iface->reload = vgw_manager_webhook_reload;
  iface->get_stats = vgw_manager_webhook_get_stats;
  iface->hasten = vgw_manager_webhook_hasten;
}

G_DEFINE_TYPE_WITH_CODE (VgwManagerWebhook, vgw_manager_webhook, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, vgw_manager_webhook_iface_init))

static void
vgw_manager_webhook_finalize (GObject *object)
{
  g_clear_pointer (&VGW_MANAGER_WEBHOOK (object)->queue, vgw_webhook_queue_free);
  G_OBJECT_CLASS (vgw_manager_webhook_parent_class)->finalize (object);
}

static void
vgw_manager_webhook_class_init (VgwManagerWebhookClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_manager_webhook_finalize;
}

static void
vgw_manager_webhook_init (VgwManagerWebhook *self)
{
}

VgwManager *
vgw_manager_webhook_new (const VgwWebhookSettings *settings)
{
  VgwManagerWebhook *self = g_object_new (VGW_TYPE_MANAGER_WEBHOOK, NULL);

  apply_admission (self, settings);
  self->queue = vgw_webhook_queue_new (settings);
  return VGW_MANAGER (self);
}
