#include "caller/vgw-call.h"

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "caller/vgw-call-socket.h"
#include "caller/vgw-call-wav.h"

#define GREETING_TIMEOUT_MS 300 /* without a `session` message the offer is sent after this */
#define BYE_TIMEOUT_MS 3000
#define ECHO_TAIL_MS 1500 /* the longest delay of a reply */

struct _VgwCall
{
  GObject parent_instance;

  const VgwCallSettings *settings;
  char *out_path;  /* (nullable) */
  VgwWavFile *wav; /* (nullable) */
  VgwCallState state;
  VgwCallReport report;
  VgwCallSocket *socket;
  VgwCallMedia *media; /* (nullable) */
  guint timer;         /* of the state: greeting, talking, hanging up */
  guint deadline;      /* until connected */
  guint pacer_id;
  gboolean has_verdict; /* report.result is decided */
};

enum
{
  SIGNAL_STATE_CHANGED,
  SIGNAL_EVENT,
  SIGNAL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VgwCall, vgw_call, G_TYPE_OBJECT)

static void
set_state (VgwCall *self, VgwCallState state)
{
  vgw_debug (self->report.session_id, "%s → %s", vgw_call_state_to_string (self->state),
             vgw_call_state_to_string (state));
  self->state = state;
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0, state);
}

static void
set_timer (VgwCall *self, guint timeout_ms, GSourceFunc func)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (func != NULL)
    self->timer = g_timeout_add (timeout_ms, func, self);
}

static double
elapsed_ms (VgwCall *self)
{
  return (double) (g_get_monotonic_time () - self->report.started_us) / 1000.0;
}

static void
mark (VgwCall *self, VgwCallMoment moment)
{
  if (self->report.moments_ms[moment] < 0)
    self->report.moments_ms[moment] = elapsed_ms (self);
}

/* Sets the verdict, unless there is one: later ones are consequences. */
static void
set_verdict (VgwCall *self, VgwCallResult result, const char *failure)
{
  if (self->has_verdict)
    return;
  self->has_verdict = TRUE;
  self->report.result = result;
  self->report.failure = g_strdup (failure);
}

static void
judge_audio (VgwCall *self)
{
  if (self->report.measurements.level.n_voiced_windows >= VGW_CALL_MIN_VOICED_WINDOWS)
    set_verdict (self, VGW_CALL_OK, NULL);
  else if (self->report.measurements.received.n_received == 0)
    set_verdict (self, VGW_CALL_NO_AUDIO, "no packet was received");
  else
    set_verdict (self, VGW_CALL_NO_AUDIO, "only silence was received");
}

static gboolean
open_wav (VgwCall *self)
{
  g_autoptr (GError) error = NULL;

  if (self->out_path == NULL)
    return TRUE;
  self->wav = vgw_call_wav_open (self->settings->wav_writer, self->out_path, &error);
  if (self->wav == NULL)
    set_verdict (self, VGW_CALL_OUTPUT, error->message);
  return self->wav != NULL;
}

static void
close_wav (VgwCall *self)
{
  g_autoptr (GError) error = NULL;

  if (self->wav != NULL && !vgw_call_wav_close (g_steal_pointer (&self->wav), &error))
    set_verdict (self, VGW_CALL_OUTPUT, error->message);
}

static void
finish (VgwCall *self)
{
  close_wav (self);
  if (self->media != NULL)
    {
      vgw_call_media_get_measurements (self->media, &self->report.measurements);
      self->report.has_measurements = TRUE;
    }
  judge_audio (self);
  mark (self, VGW_CALL_MOMENT_ENDED);
  set_state (self, VGW_CALL_STATE_ENDED);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
}

static void
on_media_stopped (VgwCallMedia *media, VgwCall *self)
{
  finish (self);
}

static gboolean
on_nothing_to_stop (gpointer user_data)
{
  finish (user_data);
  return G_SOURCE_REMOVE;
}

static void
stop_feeding (VgwCall *self)
{
  if (self->pacer_id != 0)
    vgw_pacer_remove (self->settings->pacer, self->pacer_id);
  self->pacer_id = 0;
}

static void
stop (VgwCall *self)
{
  if (self->state >= VGW_CALL_STATE_STOPPING)
    return;
  set_timer (self, 0, NULL);
  stop_feeding (self);
  g_clear_handle_id (&self->deadline, g_source_remove);
  set_state (self, VGW_CALL_STATE_STOPPING);
  vgw_call_socket_close (self->socket);
  if (self->media != NULL)
    vgw_call_media_stop (self->media);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, on_nothing_to_stop, g_object_ref (self), g_object_unref);
}

static gboolean
on_bye_timeout (gpointer user_data)
{
  VgwCall *self = user_data;

  self->timer = 0;
  stop (self);
  return G_SOURCE_REMOVE;
}

/* Sends `bye` and waits for the gateway's `state: ended`, which has the reason. */
static void
hang_up (VgwCall *self)
{
  if (self->state >= VGW_CALL_STATE_HANGING_UP)
    return;
  if (self->state <= VGW_CALL_STATE_OPENING)
    {
      stop (self);
      return;
    }
  stop_feeding (self);
  set_state (self, VGW_CALL_STATE_HANGING_UP);
  vgw_call_socket_send (self->socket, vgw_message_new (VGW_MESSAGE_BYE));
  set_timer (self, BYE_TIMEOUT_MS, on_bye_timeout);
}

static void
fail (VgwCall *self, VgwCallResult result, const char *failure)
{
  set_verdict (self, result, failure);
  hang_up (self);
}

static gboolean
on_duration_over (gpointer user_data)
{
  VgwCall *self = user_data;

  self->timer = 0;
  hang_up (self);
  return G_SOURCE_REMOVE;
}

static void
send_event (VgwCall *self)
{
  if (self->settings->event_json == NULL || self->media == NULL)
    return;
  if (!vgw_call_media_send_event (self->media, self->settings->event_json))
    vgw_call_socket_send (self->socket, vgw_message_new_event (self->settings->event_json));
}

static void
on_connected (VgwCallMedia *media, VgwCall *self)
{
  const VgwCallSettings *settings = self->settings;
  guint duration_ms = settings->duration_ms;

  if (self->state != VGW_CALL_STATE_CONNECTING)
    return;
  mark (self, VGW_CALL_MOMENT_DTLS);
  g_clear_handle_id (&self->deadline, g_source_remove);
  set_state (self, VGW_CALL_STATE_TALKING);
  if (duration_ms == 0)
    duration_ms =
        MAX (vgw_speech_get_duration_ms (settings->speech), vgw_call_media_get_keys_ms (media)) + ECHO_TAIL_MS;
  set_timer (self, duration_ms, on_duration_over);
  self->pacer_id = vgw_pacer_add (settings->pacer, vgw_call_media_feed, media);
}

static void
on_ice_connected (VgwCallMedia *media, VgwCall *self)
{
  mark (self, VGW_CALL_MOMENT_ICE);
}

static void
on_first_audio (VgwCallMedia *media, VgwCall *self)
{
  mark (self, VGW_CALL_MOMENT_FIRST_AUDIO);
}

static void
on_first_voice (VgwCallMedia *media, VgwCall *self)
{
  mark (self, VGW_CALL_MOMENT_FIRST_VOICE);
}

static void
on_channel_open (VgwCallMedia *media, VgwCall *self)
{
  send_event (self);
}

static void
on_media_event (VgwCallMedia *media, const char *text, VgwCall *self)
{
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, text);
}

static void
on_media_failed (VgwCallMedia *media, const GError *error, VgwCall *self)
{
  if (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE))
    fail (self, VGW_CALL_SIGNALING, error->message);
  else if (self->state == VGW_CALL_STATE_OFFERING)
    fail (self, VGW_CALL_INTERNAL, error->message);
  else
    fail (self, VGW_CALL_TRANSPORT, error->message);
}

static void
on_offer (VgwCallMedia *media, const char *sdp, VgwCall *self)
{
  mark (self, VGW_CALL_MOMENT_OFFER);
  vgw_call_socket_send (self->socket, vgw_message_new_sdp (VGW_MESSAGE_OFFER, sdp));
}

static void
on_local_candidate (VgwCallMedia *media, const char *candidate, guint mline_index, VgwCall *self)
{
  vgw_call_socket_send (self->socket, vgw_message_new_candidate (candidate, NULL, (int) mline_index));
}

static void
start_media (VgwCall *self)
{
  const VgwCallSettings *settings = self->settings;
  g_autoptr (GError) error = NULL;

  set_state (self, VGW_CALL_STATE_OFFERING);
  self->media = vgw_call_media_new (settings->speech, self->wav, settings->has_data_channel, settings->keys, &error);
  if (self->media == NULL)
    {
      fail (self, VGW_CALL_INTERNAL, error->message);
      return;
    }
  g_signal_connect (self->media, "offer", G_CALLBACK (on_offer), self);
  g_signal_connect (self->media, "candidate", G_CALLBACK (on_local_candidate), self);
  g_signal_connect (self->media, "ice-connected", G_CALLBACK (on_ice_connected), self);
  g_signal_connect (self->media, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (self->media, "first-audio", G_CALLBACK (on_first_audio), self);
  g_signal_connect (self->media, "first-voice", G_CALLBACK (on_first_voice), self);
  g_signal_connect (self->media, "channel-open", G_CALLBACK (on_channel_open), self);
  g_signal_connect (self->media, "event", G_CALLBACK (on_media_event), self);
  g_signal_connect (self->media, "failed", G_CALLBACK (on_media_failed), self);
  g_signal_connect (self->media, "stopped", G_CALLBACK (on_media_stopped), self);
}

/* Sends the offer, with the ICE servers of @servers (nullable). */
static void
offer (VgwCall *self, GPtrArray *servers)
{
  const VgwCallSettings *settings = self->settings;

  set_timer (self, 0, NULL);
  start_media (self);
  if (self->media == NULL)
    return;
  for (guint i = 0; servers != NULL && i < servers->len; i++)
    {
      const VgwIceServer *server = g_ptr_array_index (servers, i);

      vgw_call_media_add_ice_server (self->media, server->url, server->username, server->credential);
    }
  if (settings->turn_url != NULL)
    vgw_call_media_add_ice_server (self->media, settings->turn_url, settings->turn_username, settings->turn_credential);
  if (settings->is_relay_only)
    vgw_call_media_set_relay_only (self->media);
  vgw_call_media_start (self->media);
}

static gboolean
on_no_greeting (gpointer user_data)
{
  VgwCall *self = user_data;

  self->timer = 0;
  offer (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_opened (VgwCallSocket *socket, VgwCall *self)
{
  mark (self, VGW_CALL_MOMENT_WEBSOCKET);
  set_state (self, VGW_CALL_STATE_GREETING);
  set_timer (self, GREETING_TIMEOUT_MS, on_no_greeting);
}

static void
handle_session (VgwCall *self, const VgwMessage *message)
{
  if (self->report.session_id == NULL)
    self->report.session_id = g_strdup (message->session_id);
  if (self->state == VGW_CALL_STATE_GREETING)
    offer (self, message->ice_servers);
}

static void
handle_answer (VgwCall *self, const VgwMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (self->state != VGW_CALL_STATE_OFFERING)
    return;
  mark (self, VGW_CALL_MOMENT_ANSWER);
  set_state (self, VGW_CALL_STATE_CONNECTING);
  if (!vgw_call_media_set_answer (self->media, message->sdp, &error))
    fail (self, VGW_CALL_SIGNALING, error->message);
}

static void
handle_candidate (VgwCall *self, const VgwMessage *message)
{
  if (self->media != NULL && self->state < VGW_CALL_STATE_HANGING_UP)
    vgw_call_media_add_candidate (self->media, message->candidate, (guint) MAX (message->sdp_mline_index, 0));
}

static void
handle_ended (VgwCall *self, const VgwMessage *message)
{
  g_autofree char *failure = NULL;

  if (self->report.end_reason == NULL)
    self->report.end_reason = g_strdup (message->reason);
  failure = g_strdup_printf ("the gateway ended the session: %s", message->reason != NULL ? message->reason : "?");
  if (self->state < VGW_CALL_STATE_CONNECTING)
    set_verdict (self, VGW_CALL_SIGNALING, failure);
  else if (self->state == VGW_CALL_STATE_CONNECTING)
    set_verdict (self, VGW_CALL_TRANSPORT, failure);
  stop (self);
}

static void
handle_state (VgwCall *self, const VgwMessage *message)
{
  if (g_strcmp0 (message->name, "ended") == 0)
    handle_ended (self, message);
  /* the gateway accepts events once the session is active, which is a moment after it is connected here */
  else if (g_strcmp0 (message->name, "active") == 0 && !self->settings->has_data_channel)
    send_event (self);
}

static void
handle_error (VgwCall *self, const VgwMessage *message)
{
  g_autofree char *failure = g_strdup_printf ("the gateway refused: %s (%s)", message->error_message,
                                              vgw_error_code_to_string (message->error_code));

  if (self->state < VGW_CALL_STATE_CONNECTING && (message->is_fatal || g_strcmp0 (message->about, "offer") == 0))
    fail (self, VGW_CALL_SIGNALING, failure);
  else
    vgw_warning (self->report.session_id, "%s", failure);
}

static void
on_message (VgwCallSocket *socket, const VgwMessage *message, VgwCall *self)
{
  switch (message->type)
    {
    case VGW_MESSAGE_SESSION:
      handle_session (self, message);
      break;
    case VGW_MESSAGE_ANSWER:
      handle_answer (self, message);
      break;
    case VGW_MESSAGE_CANDIDATE:
      handle_candidate (self, message);
      break;
    case VGW_MESSAGE_STATE:
      handle_state (self, message);
      break;
    case VGW_MESSAGE_ERROR:
      handle_error (self, message);
      break;
    case VGW_MESSAGE_EVENT:
      g_signal_emit (self, signals[SIGNAL_EVENT], 0, message->event_json);
      break;
    case VGW_MESSAGE_TRACK:
    case VGW_MESSAGE_UNKNOWN:
    case VGW_MESSAGE_OFFER: /* the gateway never offers */
    case VGW_MESSAGE_BYE:
    case VGW_MESSAGE_PING:
    case VGW_MESSAGE_PONG:
      break;
    }
}

static void
on_socket_closed (VgwCallSocket *socket, const char *reason, VgwCall *self)
{
  if (self->state < VGW_CALL_STATE_HANGING_UP)
    set_verdict (self, VGW_CALL_SIGNALING, reason);
  stop (self);
}

static gboolean
on_deadline (gpointer user_data)
{
  VgwCall *self = user_data;

  self->deadline = 0;
  switch (self->state)
    {
    case VGW_CALL_STATE_NEW:
    case VGW_CALL_STATE_OPENING:
    case VGW_CALL_STATE_GREETING:
      fail (self, VGW_CALL_SIGNALING, "the WebSocket did not open in time");
      break;
    case VGW_CALL_STATE_OFFERING:
      fail (self, VGW_CALL_SIGNALING, "no answer in time");
      break;
    case VGW_CALL_STATE_CONNECTING:
      fail (self, VGW_CALL_TRANSPORT,
            self->report.moments_ms[VGW_CALL_MOMENT_ICE] < 0 ? "ICE did not connect in time"
                                                             : "DTLS did not connect in time");
      break;
    case VGW_CALL_STATE_TALKING:
    case VGW_CALL_STATE_HANGING_UP:
    case VGW_CALL_STATE_STOPPING:
    case VGW_CALL_STATE_ENDED:
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
vgw_call_dispose (GObject *object)
{
  VgwCall *self = VGW_CALL (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->deadline, g_source_remove);
  stop_feeding (self);
  if (self->socket != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->socket, self);
      vgw_call_socket_close (self->socket);
    }
  if (self->media != NULL)
    g_signal_handlers_disconnect_by_data (self->media, self);
  g_clear_object (&self->socket);
  g_clear_object (&self->media);
  G_OBJECT_CLASS (vgw_call_parent_class)->dispose (object);
}

static void
vgw_call_finalize (GObject *object)
{
  VgwCall *self = VGW_CALL (object);

  vgw_call_report_clear (&self->report);
  g_clear_pointer (&self->wav, vgw_wav_file_close);
  g_clear_pointer (&self->out_path, g_free);
  G_OBJECT_CLASS (vgw_call_parent_class)->finalize (object);
}

static void
vgw_call_class_init (VgwCallClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vgw_call_dispose;
  object_class->finalize = vgw_call_finalize;

  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", VGW_TYPE_CALL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SIGNAL_EVENT] =
      g_signal_new ("event", VGW_TYPE_CALL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_ENDED] = g_signal_new ("ended", VGW_TYPE_CALL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vgw_call_init (VgwCall *self)
{
  vgw_call_report_init (&self->report);
  self->socket = vgw_call_socket_new ();
  g_signal_connect (self->socket, "opened", G_CALLBACK (on_opened), self);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_socket_closed), self);
}

VgwCall *
vgw_call_new (const VgwCallSettings *settings, const char *out_path)
{
  VgwCall *self = g_object_new (VGW_TYPE_CALL, NULL);

  self->settings = settings;
  self->out_path = g_strdup (out_path);
  return self;
}

void
vgw_call_start (VgwCall *self)
{
  const VgwCallSettings *settings = self->settings;

  self->report.started_us = g_get_monotonic_time ();
  self->deadline = g_timeout_add (settings->timeout_ms, on_deadline, self);
  set_state (self, VGW_CALL_STATE_OPENING);
  if (!open_wav (self))
    {
      stop (self);
      return;
    }
  vgw_call_socket_open (self->socket, settings->http, settings->url, settings->origin,
                        settings->accepts_any_certificate);
}

void
vgw_call_hang_up (VgwCall *self)
{
  hang_up (self);
}

const VgwCallReport *
vgw_call_get_report (VgwCall *self)
{
  return &self->report;
}
