/* The timeline begins with the session, and is that of this process: the caller's audio is at the time at which the
 * engine had it, and the engine's audio where the caller heard it: a frame after it was sent, and half of the round
 * trip and the caller's jitter later. */
#include "session/vgw-call-bundle.h"

#include <string.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "session/vgw-call-mixer.h"
#include "session/vgw-event-filter.h"
#include "session/vgw-turns.h"

#define TICK_MS 200u
/* What is older is written: the monitor's audio may come that late. */
#define WRITE_DELAY_US (2 * TICK_MS * G_TIME_SPAN_MILLISECOND)
#define STATS_INTERVAL_US (2 * G_TIME_SPAN_SECOND)
#define MAX_NETWORK_MS 2000
#define MAX_EVENT_BYTES 8192
#define MAX_EARLY_BYTES (16 * 1024)                     /* of events before there are files */
#define UTTERANCE_GAP_US (60 * G_TIME_SPAN_MILLISECOND) /* between the audio of two utterances */
#define MAX_EVENTS_BYTES (8 * 1024 * 1024)
#define MAX_ENGINE_EVENTS_BYTES (4 * 1024 * 1024) /* of them of the bot, so that it does not fill the record */
#define MORE_FOR_RECORDING_BYTES (256 * 1024)     /* for those about the record itself */
#define ENGINE_EVENT "engine-event"
#define LEFT_OUT_EVENT "events-left-out"

typedef struct
{
  VgwCallBundles *bundles;
  VgwSession *session; /* until its end */
  char *session_id;
  gint64 zero_us;       /* monotonic */
  gint64 started_at_us; /* the same, of the clock */
  GString *early;       /* (nullable) events, until the call is active */
  gboolean has_left_out_early;

  /* from when the call is active */
  char *name;
  char *directory;
  VgwWavFile *events;
  gsize n_event_bytes, n_engine_event_bytes;
  gboolean has_left_out;  /* events, and it is noted */
  guint n_changes;        /* of the history, that are noted */
  gint64 stats_us;        /* of the last ones */
  gint64 network_us;      /* from here to the caller's ear, as last known */
  gint64 sent_network_us; /* as known when the present utterance began */
  gint64 sent_until_us;   /* the end of its audio that was collected */
  GSource *timer;

  /* from the first audio */
  VgwWavFile *audio;
  guint rate_hz;
  VgwAudioMonitor *monitor;
  VgwCallMixer *mixer;
  GArray *frames;    /* gint16 */
  gint64 resumed_us; /* what began before it is left out */
  gboolean is_paused, is_full;
  guint64 n_missing;     /* samples that the disk did not take */
  guint64 n_missed_ms;   /* that the monitor has dropped, of both directions */
  guint64 n_new_missing; /* … since the last "recording-gap" */
  guint64 n_written;     /* samples, when the last one was missing */
  gboolean has_failed;   /* there is none */
} Bundle;

/* --- events --- */

static JsonObject *
make_line (Bundle *self, gint64 at_us, const char *type)
{
  JsonObject *line = json_object_new ();

  json_object_set_int_member (line, "at_ms", (at_us - self->zero_us) / G_TIME_SPAN_MILLISECOND);
  json_object_set_string_member (line, "type", type);
  return line;
}

/* (transfer full) */
static char *
line_to_text (JsonObject *line)
{
  g_autofree char *json = vgw_json_object_to_text (line);

  return g_strconcat (json, "\n", NULL);
}

/* Whether there is room for an event of @type: always for the last ones, which are few. */
static gboolean
has_room (Bundle *self, const char *type, gsize n_bytes)
{
  gsize max_bytes = MAX_EVENTS_BYTES;

  if (g_str_equal (type, "ended") || g_str_equal (type, "summary"))
    return TRUE;
  if (g_str_has_prefix (type, "recording-"))
    max_bytes += MORE_FOR_RECORDING_BYTES;
  if (self->n_event_bytes + n_bytes > max_bytes)
    return FALSE;
  if (!g_str_equal (type, ENGINE_EVENT))
    return TRUE;
  self->n_engine_event_bytes += n_bytes;
  return self->n_engine_event_bytes <= MAX_ENGINE_EVENTS_BYTES;
}

static void
note_left_out (Bundle *self, gint64 at_us)
{
  g_autoptr (JsonObject) line = make_line (self, at_us, LEFT_OUT_EVENT);
  g_autofree char *text = line_to_text (line);

  vgw_wav_file_push_text (self->events, text);
}

/* @object (transfer full) */
static void
write_line (Bundle *self, JsonObject *object)
{
  g_autoptr (JsonObject) line = object;
  g_autofree char *text = line_to_text (line);

  if (self->early != NULL)
    {
      if (self->early->len + strlen (text) <= MAX_EARLY_BYTES)
        g_string_append (self->early, text);
      else
        self->has_left_out_early = TRUE;
      return;
    }
  if (self->events == NULL)
    return;
  if (has_room (self, json_object_get_string_member (line, "type"), strlen (text)))
    {
      self->n_event_bytes += strlen (text);
      vgw_wav_file_push_text (self->events, text);
    }
  else if (!self->has_left_out)
    {
      self->has_left_out = TRUE;
      note_left_out (self, g_get_monotonic_time ());
    }
}

static void
set_text (JsonObject *line, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (line, name, text);
}

/* @name, @value (nullable): of one more member. */
static void
note (Bundle *self, gint64 at_us, const char *type, const char *name, const char *value)
{
  JsonObject *line = make_line (self, at_us, type);

  set_text (line, name, value);
  write_line (self, line);
}

static void
note_call (Bundle *self)
{
  VgwSessionFacts facts;
  JsonObject *line = make_line (self, self->zero_us, "call");
  g_autoptr (GDateTime) time = g_date_time_new_now_utc ();
  g_autofree char *started = g_date_time_format_iso8601 (time);

  vgw_session_get_facts (self->session, &facts);
  set_text (line, "session_id", facts.session_id);
  set_text (line, "started_at", started);
  set_text (line, "client_address", facts.client_address);
  set_text (line, "identity", facts.identity);
  set_text (line, "engine", facts.engine);
  write_line (self, line);
}

static void
note_changes (Bundle *self)
{
  const VgwSessionHistory *history = &vgw_session_get_report (self->session)->history;
  guint n_left_out = vgw_session_history_count_left_out (history);

  for (; self->n_changes < history->n_changes; self->n_changes++)
    {
      guint i = self->n_changes;
      const VgwSessionChange *change;

      if (i >= VGW_SESSION_HISTORY_FIRST)
        i -= MIN (n_left_out, i - VGW_SESSION_HISTORY_FIRST);
      change = vgw_session_history_get (history, i);
      if (change != NULL)
        note (self, history->started_mono_us + change->after_us, change->type, "value", change->value);
    }
}

/* The members of the call's statistics that belong to a moment. */
static void
note_stats (Bundle *self, const char *type)
{
  JsonObject *line = make_line (self, g_get_monotonic_time (), type);
  VgwCallStats stats;

  vgw_session_get_call_stats (self->session, &stats);
  vgw_call_stats_to_json (&stats, line);
  if (stats.round_trip_ms >= 0)
    self->network_us = (gint64) (MIN (stats.round_trip_ms / 2 + MAX (stats.sent.jitter_ms, 0), MAX_NETWORK_MS) * 1000);
  write_line (self, line);
  self->stats_us = g_get_monotonic_time ();
}

static void
note_turn (Bundle *self, const VgwTurn *turn)
{
  JsonObject *line = make_line (self, turn->zero_us, "turn");

  vgw_turn_to_json (turn, line);
  write_line (self, line);
}

/* --- audio --- */

static void
drop_waiting (Bundle *self)
{
  vgw_audio_monitor_set_on (self->monitor, FALSE);
  vgw_audio_monitor_set_on (self->monitor, !self->is_paused && !self->is_full);
}

/* The delay of the network for audio that is sent from @from_us to @until_us. Another one within an utterance would
 * take samples out of a word, or put silence in. */
static gint64
follow_sent (Bundle *self, gint64 from_us, gint64 until_us)
{
  if (ABS (from_us - self->sent_until_us) > UTTERANCE_GAP_US)
    self->sent_network_us = self->network_us;
  self->sent_until_us = until_us;
  return self->sent_network_us;
}

static void
collect (Bundle *self, VgwAudioMonitorDirection direction)
{
  for (;;)
    {
      g_auto (VgwAudioMonitorChunk) chunk = { 0 };
      gint64 n_samples, n_before, shift_us = 0;

      if (!vgw_audio_monitor_take (self->monitor, direction, &chunk))
        return;
      if (direction == VGW_AUDIO_MONITOR_SENT)
        shift_us = VGW_FRAME_MS * G_TIME_SPAN_MILLISECOND + follow_sent (self, chunk.start_us, chunk.end_us);
      n_samples = (gint64) (chunk.pcm->len / sizeof (gint16));
      n_before = CLAMP ((self->resumed_us - chunk.start_us) * self->rate_hz / G_USEC_PER_SEC, 0, n_samples);
      vgw_call_mixer_add (self->mixer, direction == VGW_AUDIO_MONITOR_SENT, (const gint16 *) chunk.pcm->data + n_before,
                          (gsize) (n_samples - n_before),
                          chunk.start_us + n_before * G_USEC_PER_SEC / self->rate_hz + shift_us);
    }
}

static void
note_playout (Bundle *self, const VgwPlayoutEvent *event)
{
  gboolean is_start = event->type == VGW_PLAYOUT_STARTED, is_cut = event->type == VGW_PLAYOUT_CLEARED;
  JsonObject *line;

  if (!is_start && event->type != VGW_PLAYOUT_DRAINED && (!is_cut || event->cleared_ms == 0))
    return;
  if (self->audio != NULL)
    collect (self, VGW_AUDIO_MONITOR_SENT); /* of the utterance before, with its delay */
  line = make_line (self,
                    event->at_us + (is_start ? follow_sent (self, event->at_us, event->at_us) : self->sent_network_us),
                    is_start ? "bot-started" : (is_cut ? "bot-interrupted" : "bot-stopped"));
  if (is_start)
    json_object_set_int_member (line, "queued_ms", (event->at_us - event->queued_us) / G_TIME_SPAN_MILLISECOND);
  else
    json_object_set_int_member (line, "utterance_ms", (gint64) event->utterance_ms);
  if (is_cut)
    json_object_set_int_member (line, "cleared_ms", (gint64) event->cleared_ms);
  write_line (self, line);
}

/* What the disk did not take, or this thread did not in time. Once the disk accepts audio again: until then this event
 * would be lost, too. */
static void
note_gap (Bundle *self, gint64 until_us)
{
  VgwWavStats stats;
  JsonObject *line;

  vgw_wav_file_get_stats (self->audio, &stats);
  self->n_new_missing +=
      (vgw_audio_monitor_count_dropped_ms (self->monitor) - self->n_missed_ms) * self->rate_hz / 1000;
  self->n_missed_ms = vgw_audio_monitor_count_dropped_ms (self->monitor);
  if (stats.dropped_samples > self->n_missing)
    {
      self->n_new_missing += stats.dropped_samples - self->n_missing;
      self->n_missing = stats.dropped_samples;
      self->n_written = stats.written_samples;
    }
  if (self->n_new_missing == 0 || stats.written_samples == self->n_written)
    return;
  line = make_line (self, until_us, "recording-gap");
  json_object_set_int_member (line, "missing_ms", (gint64) (self->n_new_missing * 1000 / self->rate_hz));
  write_line (self, line);
  self->n_new_missing = 0;
}

static void
write_audio (Bundle *self, gint64 until_us)
{
  gint64 max_us = (gint64) vgw_call_bundles_get_settings (self->bundles)->max_minutes * 60 * G_USEC_PER_SEC;
  gsize n_frames;

  collect (self, VGW_AUDIO_MONITOR_RECEIVED);
  collect (self, VGW_AUDIO_MONITOR_SENT);
  while (!self->is_full && (n_frames = vgw_call_mixer_take (self->mixer, until_us, self->frames)) > 0)
    {
      vgw_wav_file_push (self->audio, (const gint16 *) self->frames->data, n_frames);
      g_array_set_size (self->frames, 0);
    }
  note_gap (self, until_us);
  if (self->is_full || max_us == 0 || g_get_monotonic_time () - self->zero_us < max_us)
    return;
  self->is_full = TRUE;
  drop_waiting (self);
  note (self, g_get_monotonic_time (), "recording-full", NULL, NULL);
}

static void
begin_audio (Bundle *self, VgwBridge *bridge)
{
  guint rate_hz = vgw_bridge_get_format (bridge)->rate_hz;
  g_autofree char *path = g_build_filename (self->directory, VGW_CALL_BUNDLE_AUDIO, NULL);
  g_autofree char *marker = g_build_filename (self->directory, VGW_CALL_BUNDLE_INCOMPLETE, NULL);
  gint64 now_us = g_get_monotonic_time (), n_before;

  self->rate_hz = rate_hz;
  self->monitor = vgw_bridge_add_audio_monitor (bridge, rate_hz);
  if (self->monitor != NULL)
    self->audio = vgw_wav_writer_begin (vgw_call_bundles_get_writer (self->bundles), path,
                                        vgw_session_get_id (self->session), rate_hz, VGW_CALL_MIXER_CHANNELS);
  self->has_failed = self->audio == NULL;
  if (self->has_failed)
    return;
  self->n_missed_ms = vgw_audio_monitor_count_dropped_ms (self->monitor);
  vgw_wav_file_set_marker (self->audio, marker);
  n_before = (now_us - WRITE_DELAY_US - self->zero_us) * rate_hz / G_USEC_PER_SEC;
  n_before = MAX (n_before, 0);
  vgw_wav_file_push_silence (self->audio, (gsize) n_before);
  self->mixer = vgw_call_mixer_new (rate_hz, self->zero_us + n_before * G_USEC_PER_SEC / rate_hz);
  self->frames = g_array_new (FALSE, FALSE, sizeof (gint16));
  vgw_audio_monitor_set_on (self->monitor, !self->is_paused);
}

static void
set_paused (Bundle *self, gboolean is_paused)
{
  if (self->is_paused == is_paused)
    return;
  if (self->audio != NULL && is_paused)
    {
      write_audio (self, g_get_monotonic_time () - WRITE_DELAY_US);
      vgw_call_mixer_cut (self->mixer, g_get_monotonic_time ()); /* what the caller has not heard yet */
    }
  self->resumed_us = is_paused ? 0 : g_get_monotonic_time ();
  self->is_paused = is_paused;
  if (self->audio != NULL)
    drop_waiting (self);
  note (self, g_get_monotonic_time (), is_paused ? "recording-paused" : "recording-resumed", NULL, NULL);
}

static gboolean
on_tick (gpointer user_data)
{
  Bundle *self = user_data;
  VgwBridge *bridge = vgw_conversation_get_bridge (vgw_session_get_conversation (self->session));

  note_changes (self);
  if (self->events != NULL && self->audio == NULL && !self->has_failed && bridge != NULL)
    begin_audio (self, bridge);
  if (self->audio != NULL && g_get_monotonic_time () - self->stats_us >= STATS_INTERVAL_US)
    note_stats (self, "network");
  if (self->audio != NULL)
    write_audio (self, g_get_monotonic_time () - WRITE_DELAY_US);
  return G_SOURCE_CONTINUE;
}

/* --- the session --- */

/* Media passes: the files begin. Sessions that never come so far take no room from the bundles of calls. */
static void
on_active (VgwSession *session, gint64 setup_us, gpointer user_data)
{
  Bundle *self = user_data;
  g_autoptr (GString) early = g_steal_pointer (&self->early);
  g_autofree char *path = NULL, *marker = NULL;

  if (early == NULL)
    return;
  self->name = vgw_call_bundles_reserve (self->bundles, self->started_at_us, self->session_id);
  self->directory = g_build_filename (vgw_call_bundles_get_settings (self->bundles)->directory, self->name, NULL);
  path = g_build_filename (self->directory, VGW_CALL_BUNDLE_EVENTS, NULL);
  self->events = vgw_wav_writer_begin_text (vgw_call_bundles_get_writer (self->bundles), path, self->session_id);
  if (self->events == NULL)
    return;
  marker = g_build_filename (self->directory, VGW_CALL_BUNDLE_INCOMPLETE, NULL);
  vgw_wav_file_set_marker (self->events, marker);
  self->n_event_bytes = early->len;
  vgw_wav_file_push_text (self->events, early->str);
  if (self->has_left_out_early)
    note_left_out (self, self->zero_us);
  on_tick (self);
}

static void
note_engine_event (Bundle *self, const char *json)
{
  gsize length = strlen (json);
  g_autoptr (JsonObject) event = vgw_json_parse_object (json, length, NULL);
  const char *type = event != NULL ? vgw_json_get_string (event, "type") : NULL;
  JsonObject *line;

  if (g_strcmp0 (type, VGW_EVENT_RECORDING_RESUME) == 0)
    set_paused (self, FALSE);
  if (!self->is_paused && g_strcmp0 (type, VGW_EVENT_RECORDING_RESUME) != 0
      && g_strcmp0 (type, VGW_EVENT_RECORDING_PAUSE) != 0)
    {
      line = make_line (self, g_get_monotonic_time (), ENGINE_EVENT);
      json_object_set_int_member (line, "bytes", (gint64) length);
      if (event != NULL && length <= MAX_EVENT_BYTES)
        json_object_set_object_member (line, "event", g_steal_pointer (&event));
      write_line (self, line);
    }
  else if (g_strcmp0 (type, VGW_EVENT_RECORDING_PAUSE) == 0)
    set_paused (self, TRUE);
}

/* Events of the gateway, but for those that are noted with better times. */
static void
note_notice (Bundle *self, const char *json)
{
  g_autoptr (JsonObject) event = vgw_json_parse_object (json, strlen (json), NULL);
  const char *type = event != NULL ? vgw_json_get_string (event, "type") : NULL;

  if (type == NULL || g_str_has_prefix (type, "speech-") || g_str_has_prefix (type, "playout-"))
    return;
  note (self, g_get_monotonic_time (), type, "engine", vgw_json_get_string (event, "engine"));
}

static void
on_report (VgwSession *session, const VgwConversationReport *report, gpointer user_data)
{
  Bundle *self = user_data;

  switch (report->type)
    {
    case VGW_CONVERSATION_SPEECH:
      note (self, report->speech->audio_us, report->speech->has_voice ? "speech-started" : "speech-stopped", NULL,
            NULL);
      break;
    case VGW_CONVERSATION_PLAYOUT:
      note_playout (self, report->playout);
      break;
    case VGW_CONVERSATION_KEY:
      note (self, g_get_monotonic_time (), "key", "digit", "*"); /* any key: it may be part of a card's number */
      break;
    case VGW_CONVERSATION_TURN:
      note_turn (self, report->turn);
      break;
    case VGW_CONVERSATION_ENGINE_EVENT:
      note_engine_event (self, report->json);
      break;
    case VGW_CONVERSATION_NOTICE:
      note_notice (self, report->json);
      break;
    case VGW_CONVERSATION_STARTED:
      note (self, g_get_monotonic_time (), "engine-started", "engine",
            vgw_conversation_get_config (vgw_session_get_conversation (session))->name);
      break;
    case VGW_CONVERSATION_HUNG_UP:
      note (self, g_get_monotonic_time (), "engine-hung-up", NULL, NULL);
      break;
    case VGW_CONVERSATION_FAILED:
      note (self, g_get_monotonic_time (), "engine-gave-up", NULL, NULL);
      break;
    case VGW_CONVERSATION_EVENT_REFUSED:
    case VGW_CONVERSATION_ENGINE_CHANGED:
    case VGW_CONVERSATION_MOMENT:
      break;
    }
}

/* Types only: descriptions have the passwords of ICE, and events are noted already. */
static void
on_outgoing (VgwSession *session, const VgwMessage *message, gpointer user_data)
{
  if (message->type != VGW_MESSAGE_EVENT && message->type != VGW_MESSAGE_CANDIDATE)
    note (user_data, g_get_monotonic_time (), "signaling", "sent", vgw_message_type_to_string (message->type));
}

static void
finish (Bundle *self)
{
  gboolean has_files = self->events != NULL;

  if (self->early != NULL)
    g_string_free (self->early, TRUE);
  vgw_source_clear (&self->timer);
  if (self->monitor != NULL)
    vgw_audio_monitor_set_on (self->monitor, FALSE);
  g_clear_pointer (&self->audio, vgw_wav_file_close);
  g_clear_pointer (&self->events, vgw_wav_file_close);
  if (self->name != NULL)
    vgw_call_bundles_release (self->bundles, self->name, has_files);
  g_clear_pointer (&self->monitor, vgw_audio_monitor_unref);
  g_clear_pointer (&self->mixer, vgw_call_mixer_free);
  g_clear_pointer (&self->frames, g_array_unref);
  g_free (self->session_id);
  g_free (self->name);
  g_free (self->directory);
  g_free (self);
}

/* The session went without "ended". */
static void
on_session_gone (gpointer user_data, GObject *session)
{
  finish (user_data);
}

static void
on_ended (VgwSession *session, VgwEndReason reason, gpointer user_data)
{
  Bundle *self = user_data;

  note_changes (self);
  if (self->audio != NULL)
    write_audio (self, g_get_monotonic_time ());
  note (self, g_get_monotonic_time (), "ended", "reason", vgw_end_reason_to_string (reason));
  note_stats (self, "summary");
  g_signal_handlers_disconnect_by_data (session, self);
  g_object_weak_unref (G_OBJECT (session), on_session_gone, self);
  finish (self);
}

void
vgw_call_bundle_start (VgwCallBundles *bundles, VgwSession *session)
{
  Bundle *self = g_new0 (Bundle, 1);

  self->bundles = bundles;
  self->session = session;
  self->session_id = g_strdup (vgw_session_get_id (session));
  self->zero_us = g_get_monotonic_time ();
  self->started_at_us = g_get_real_time ();
  self->early = g_string_new (NULL);
  self->timer = vgw_source_start_timer (TICK_MS, on_tick, self);
  note_call (self);
  g_signal_connect (session, "outgoing", G_CALLBACK (on_outgoing), self);
  g_signal_connect (session, "active", G_CALLBACK (on_active), self);
  g_signal_connect (session, "report", G_CALLBACK (on_report), self);
  g_signal_connect (session, "ended", G_CALLBACK (on_ended), self);
  g_object_weak_ref (G_OBJECT (session), on_session_gone, self);
}
