#include "doors/vgw-pipecat-call.h"

#include <math.h>
#include <string.h>

#include "doors/vgw-rtvi.h"
#include "vgw-build.h"

#define TICK_MS 200                      /* levels, and a look at the pings */
#define LOST_US (3 * G_TIME_SPAN_SECOND) /* the client sends a ping every second */
#define LEAVE_MS 1000                    /* for the client to read that the bot has left */
#define MAX_HELD_BYTES 65536             /* for a client that is lost */
#define KEY_MS 100                       /* a key of a message has no duration */
#define PERCENT 100

/* What the bot says now: the last of its transcripts that the audio has reached. */
typedef struct
{
  guint id;         /* 1, 2, … */
  char *text;       /* (nullable) for none */
  gboolean is_open; /* a transcript that was not final: the next one replaces it */
} Segment;

struct _VgwPipecatCall
{
  VgwSession *session;
  const char *pc_id;
  guint tick_id;
  guint leave_id;
  VgwEndReason leave_reason;
  gint64 pinged_us;    /* monotonic, of the last text of the client; 0 before its first ping */
  gboolean is_lost;    /* neither pings nor media: the session is detached */
  gboolean is_unheard; /* … and nothing has come from the client since */
  GQueue held;         /* char*, while is_unheard */
  gsize n_held_bytes;
  char *ready_id; /* (nullable) of a client-ready that waits for the engine */
  gboolean is_engine_started;
  gboolean is_version_1;
  gboolean is_bot_speaking;
  int caller_percent, bot_percent; /* as sent last */
  Segment segment;
};

/* @text (transfer full). What is sent on a connection that nobody answers is lost, so it waits for another one, or for
 * the client's next word. Where too much waits, the oldest is dropped; on an open channel the session drops, counts and
 * logs it. */
static void
send_text (VgwPipecatCall *self, char *text)
{
  if (!self->is_unheard)
    {
      vgw_session_send_text (self->session, text);
      g_free (text);
      return;
    }
  self->n_held_bytes += strlen (text);
  g_queue_push_tail (&self->held, text);
  while (self->n_held_bytes > MAX_HELD_BYTES)
    {
      char *oldest = g_queue_pop_head (&self->held);

      self->n_held_bytes -= strlen (oldest);
      g_free (oldest);
    }
}

static void
send_held (VgwPipecatCall *self)
{
  char *text;

  self->is_unheard = FALSE;
  self->n_held_bytes = 0;
  while ((text = g_queue_pop_head (&self->held)) != NULL)
    send_text (self, text);
}

static void
send_signal (VgwPipecatCall *self, const char *type)
{
  send_text (self, vgw_rtvi_signal (type));
}

/* --- the bot's words --- */

static void
send_output (VgwPipecatCall *self, VgwRtviSpokenStatus status, gsize n_spoken_bytes)
{
  if (!self->is_version_1)
    send_text (self, vgw_rtvi_bot_output (self->segment.text, self->segment.id, status, n_spoken_bytes));
  else if (status == VGW_RTVI_SPOKEN_COMPLETED)
    send_text (self, vgw_rtvi_bot_output_v1 (self->segment.text));
}

static void
drop_segment (VgwPipecatCall *self)
{
  g_clear_pointer (&self->segment.text, g_free);
  self->segment.is_open = FALSE;
}

static void
complete_segment (VgwPipecatCall *self)
{
  if (self->segment.text == NULL)
    return;
  send_output (self, VGW_RTVI_SPOKEN_COMPLETED, 0);
  drop_segment (self);
}

/* The audio has reached the place of @text. What comes before it in time has been played: the segment before, and of a
 * text that grows its first part. */
static void
reach_transcript (VgwPipecatCall *self, const char *text, gboolean is_final)
{
  Segment *segment = &self->segment;
  gsize n_spoken = 0;

  if (segment->is_open && g_str_has_prefix (text, segment->text))
    n_spoken = strlen (segment->text);
  if (segment->is_open)
    drop_segment (self);
  else
    {
      complete_segment (self);
      segment->id++;
    }
  segment->text = g_strdup (text);
  segment->is_open = !is_final;
  send_output (self, n_spoken > 0 ? VGW_RTVI_SPOKEN_IN_PROGRESS : VGW_RTVI_SPOKEN_NEW, n_spoken);
}

static void
handle_heard (VgwPipecatCall *self, const VgwMoment *moment)
{
  g_auto (VgwRtviEvent) event = { 0 };

  if (moment->is_lost)
    return;
  vgw_rtvi_event_read (&event, moment->json);
  if (event.type == VGW_RTVI_EVENT_BOT_TRANSCRIPT)
    reach_transcript (self, event.text, event.is_final);
}

static void
stop_speaking (VgwPipecatCall *self)
{
  if (self->is_bot_speaking)
    send_signal (self, "bot-stopped-speaking");
  self->is_bot_speaking = FALSE;
}

static void
handle_cleared (VgwPipecatCall *self)
{
  drop_segment (self); /* how much of it was played is not known */
  send_signal (self, "bot-interrupted");
  stop_speaking (self);
}

/* --- other events of the engine, and of the gateway --- */

static void
send_server_message (VgwPipecatCall *self, const char *json)
{
  char *text = vgw_rtvi_server_message (json);

  if (text != NULL)
    send_text (self, text);
}

static void
handle_engine_event (VgwPipecatCall *self, const char *json)
{
  g_auto (VgwRtviEvent) event = { 0 };

  vgw_rtvi_event_read (&event, json);
  switch (event.type)
    {
    case VGW_RTVI_EVENT_USER_TRANSCRIPT:
      {
        g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
        g_autofree char *timestamp = g_date_time_format_iso8601 (now);

        send_text (self, vgw_rtvi_user_transcription (event.text, self->pc_id, timestamp, event.is_final));
        break;
      }
    case VGW_RTVI_EVENT_BOT_TRANSCRIPT: /* sent when it is heard */
      break;
    case VGW_RTVI_EVENT_RESPONSE:
      send_text (self, g_steal_pointer (&event.reply));
      break;
    case VGW_RTVI_EVENT_OTHER:
      send_server_message (self, json);
      break;
    }
}

/* --- readiness --- */

static void
send_ready (VgwPipecatCall *self)
{
  if (self->ready_id == NULL || !self->is_engine_started)
    return;
  send_text (self, vgw_rtvi_bot_ready (self->ready_id, VGW_VERSION));
  g_clear_pointer (&self->ready_id, g_free);
}

/* A client of another version is served all the same. */
static void
handle_client_ready (VgwPipecatCall *self, const VgwRtviMessage *message)
{
  self->is_version_1 = message->version_major == 1;
  if (message->version_major != VGW_RTVI_MAJOR && !self->is_version_1)
    send_text (self, vgw_rtvi_error_response (message->id, "the RTVI version is not compatible with " VGW_RTVI_VERSION
                                                           ": not all messages may be understood"));
  g_free (self->ready_id);
  self->ready_id = g_strdup (message->id);
  send_ready (self);
}

/* --- the client's messages --- */

static gboolean
on_left (gpointer user_data)
{
  VgwPipecatCall *self = user_data;

  self->leave_id = 0;
  vgw_session_end (self->session, self->leave_reason);
  return G_SOURCE_REMOVE;
}

/* The client closes the connection when it reads that the bot has left. */
static void
leave (VgwPipecatCall *self, VgwEndReason reason)
{
  if (self->leave_id != 0)
    return;
  self->leave_reason = reason;
  send_text (self, vgw_rtvi_peer_left ());
  self->leave_id = g_timeout_add (LEAVE_MS, on_left, self);
}

static void
press_keys (VgwPipecatCall *self, const char *keys)
{
  for (; *keys != '\0'; keys++)
    vgw_conversation_handle_dtmf (vgw_session_get_conversation (self->session), *keys, KEY_MS);
}

static void
handle_message (VgwPipecatCall *self, const VgwRtviMessage *message)
{
  VgwConversation *conversation = vgw_session_get_conversation (self->session);

  switch (message->type)
    {
    case VGW_RTVI_PING:
    case VGW_RTVI_SIGNALLING:
      break;
    case VGW_RTVI_CLIENT_READY:
      handle_client_ready (self, message);
      break;
    case VGW_RTVI_DISCONNECT_BOT:
      leave (self, VGW_END_CLIENT_BYE);
      break;
    case VGW_RTVI_SEND_TEXT:
      if (message->run_immediately)
        vgw_conversation_interrupt (conversation);
      vgw_conversation_handle_event (conversation, message->event_json);
      break;
    case VGW_RTVI_CLIENT_MESSAGE:
      vgw_conversation_handle_event (conversation, message->event_json);
      break;
    case VGW_RTVI_DTMF:
      press_keys (self, message->keys);
      break;
    case VGW_RTVI_REFUSED:
      send_text (self, vgw_rtvi_error_response (message->id, message->problem));
      break;
    }
}

void
vgw_pipecat_call_note_life (VgwPipecatCall *self)
{
  self->pinged_us = g_get_monotonic_time ();
  if (!self->is_lost)
    return;
  self->is_lost = FALSE;
  vgw_session_attach (self->session, -1);
}

static void
handle_text (VgwPipecatCall *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwRtviMessage) message = vgw_rtvi_parse (text, &error);

  if (self->pinged_us != 0 || (message != NULL && message->type == VGW_RTVI_PING))
    vgw_pipecat_call_note_life (self);
  send_held (self);
  if (message != NULL)
    handle_message (self, message);
  else
    send_text (self, vgw_rtvi_error (error->message, FALSE));
}

/* --- time --- */

static void
send_level (VgwPipecatCall *self, const char *type, double level, int *sent_percent)
{
  int percent = (int) lround (CLAMP (level, 0, 1) * PERCENT);

  if (percent == *sent_percent || self->is_unheard)
    return;
  *sent_percent = percent;
  send_text (self, vgw_rtvi_level (type, (double) percent / PERCENT));
}

/* A client whose pings have stopped while its audio goes on has a busy page, and is there; so is one that is making
 * another connection, and waits for the answer. */
static void
look_for_client (VgwPipecatCall *self)
{
  gint64 life_us;
  const VgwSessionReport *report = vgw_session_get_report (self->session);
  VgwSessionCounts counts;

  if (self->pinged_us != 0 && vgw_legs_has_next (report->legs))
    self->pinged_us = g_get_monotonic_time ();
  vgw_session_report_get_counts (report, &counts);
  life_us = MAX (self->pinged_us, counts.media_mono_us);
  if (self->is_lost || self->pinged_us == 0 || g_get_monotonic_time () - life_us < LOST_US)
    return;
  self->is_lost = self->is_unheard = TRUE;
  vgw_session_detach (self->session);
}

static gboolean
on_tick (gpointer user_data)
{
  VgwPipecatCall *self = user_data;
  double caller, bot;

  vgw_conversation_get_levels (vgw_session_get_conversation (self->session), &caller, &bot);
  send_level (self, "user-audio-level", caller, &self->caller_percent);
  send_level (self, "bot-audio-level", bot, &self->bot_percent);
  look_for_client (self); /* comes last: it may end the session */
  return G_SOURCE_CONTINUE;
}

static void
handle_open (VgwPipecatCall *self)
{
  if (self->pinged_us != 0)
    vgw_pipecat_call_note_life (self);
  send_held (self);
  if (self->tick_id == 0)
    self->tick_id = g_timeout_add (TICK_MS, on_tick, self);
}

/* --- public --- */

VgwPipecatCall *
vgw_pipecat_call_new (VgwSession *session, const char *pc_id)
{
  VgwPipecatCall *self = g_new0 (VgwPipecatCall, 1);

  self->session = session;
  self->pc_id = pc_id;
  return self;
}

void
vgw_pipecat_call_free (VgwPipecatCall *self)
{
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->leave_id, g_source_remove);
  g_queue_clear_full (&self->held, g_free);
  g_free (self->ready_id);
  g_free (self->segment.text);
  g_free (self);
}

void
vgw_pipecat_call_handle_moment (VgwPipecatCall *self, const VgwMoment *moment)
{
  switch (moment->type)
    {
    case VGW_MOMENT_CHANNEL_OPEN:
      handle_open (self);
      break;
    case VGW_MOMENT_CLIENT_TEXT:
      handle_text (self, moment->json);
      break;
    case VGW_MOMENT_ENGINE_STARTED:
      self->is_engine_started = TRUE;
      send_ready (self);
      break;
    case VGW_MOMENT_ENGINE_EVENT:
      handle_engine_event (self, moment->json);
      break;
    case VGW_MOMENT_ENGINE_HEARD:
      handle_heard (self, moment);
      break;
    case VGW_MOMENT_NOTICE:
      send_server_message (self, moment->json);
      break;
    case VGW_MOMENT_CALLER_STARTED:
      send_signal (self, "user-started-speaking");
      break;
    case VGW_MOMENT_CALLER_STOPPED:
      send_signal (self, "user-stopped-speaking");
      break;
    case VGW_MOMENT_BOT_STARTED:
      self->is_bot_speaking = TRUE;
      send_signal (self, "bot-started-speaking");
      break;
    case VGW_MOMENT_BOT_STOPPED:
      complete_segment (self);
      stop_speaking (self);
      break;
    case VGW_MOMENT_BOT_CLEARED:
      handle_cleared (self);
      break;
    case VGW_MOMENT_HUNG_UP:
      if (moment->is_lost)
        send_text (self, vgw_rtvi_error ("the bot has failed", TRUE));
      leave (self, moment->end_reason);
      break;
    }
}

void
vgw_pipecat_call_handle_message (VgwPipecatCall *self, const VgwMessage *message)
{
  if (message->type == VGW_MESSAGE_ERROR)
    send_text (self, vgw_rtvi_error (message->error_message, message->is_fatal));
}
