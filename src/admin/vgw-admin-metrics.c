/* Format: https://prometheus.io/docs/instrumenting/exposition_formats/. A label has few values, all of them present
 * from the start: a counter that appears with its first event hides that event from rate (). */
#include "admin/vgw-admin-metrics.h"

#include "admin/vgw-admin-process.h"
#include "base/vgw-log-limit.h"
#include "base/vgw-log.h"
#include "vgw-build.h"

#define NUMBER_FORMAT "%.15g" /* all digits that a double is sure to keep */

/* The values of one page. */
enum
{
  VERDICT_ADMITTED,
  VERDICT_REFUSED,
  VERDICT_NONE,
  N_VERDICTS,
};

typedef struct
{
  VgwSessionStats sessions;
  VgwAdminProcess process;
  guint64 peers;
  VgwPacerStats pacer;
  guint64 complexity_ceiling;
  VgwRtpStats rtp;
  VgwHistogram round_trip_s, barge_in_s;
  VgwHistogram loop_lag_s;
  VgwIceStats ice;
  guint64 record_missing_ms, record_incomplete_files;
  guint64 log_dropped_lines;
  guint64 log_left_out_lines;
  VgwHttpListenerStats http;
  VgwHttpForwardStats nodes;
  struct
  {
    guint64 delivered[VGW_MANAGER_N_TYPES], retried[VGW_MANAGER_N_TYPES], failed[VGW_MANAGER_N_TYPES];
    guint64 dropped[VGW_MANAGER_N_TYPES], queued[VGW_MANAGER_N_TYPES];
    guint64 verdicts[N_VERDICTS];
  } manager;
  guint64 offers_refused[VGW_CAPACITY_N_KINDS];
  gboolean has_media;
  gboolean has_loop_watch;
  gboolean has_ice;
} Snapshot;

typedef struct Metric Metric;

struct Metric
{
  VgwAdminMetricInfo info;
  void (*write) (GString *page, const Metric *metric, const Snapshot *snapshot);
  gsize offset; /* of the value in Snapshot */
  enum
  {
    ALWAYS,
    WITH_MEDIA,
    WITH_ICE,
    WITH_LOOP_WATCH
  } when;
  guint n_labels; /* of write_labelled () */
  const char *(*get_label) (guint n);
};

static const char *
get_verdict_name (guint verdict)
{
  static const char *const names[] = { "admitted", "refused", "undecided" };

  return names[verdict];
}

static gconstpointer
value_of (const Metric *metric, const Snapshot *snapshot)
{
  return (const guint8 *) snapshot + metric->offset;
}

static void
write_count (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const guint64 *value = value_of (metric, snapshot);

  g_string_append_printf (page, "%s %" G_GUINT64_FORMAT "\n", metric->info.name, *value);
}

static void
append_number (GString *page, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (page, g_ascii_formatd (text, sizeof text, NUMBER_FORMAT, value));
}

/* A time in ms, 0 where it is unknown; in s, the base unit of Prometheus. */
static void
write_seconds (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const gint64 *value_ms = value_of (metric, snapshot);

  g_string_append_printf (page, "%s ", metric->info.name);
  append_number (page, (double) MAX (*value_ms, 0) / 1000);
  g_string_append_c (page, '\n');
}

/* A member of VgwCallStats, which is unknown before the first call. */
static void
write_total (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const gint64 *value = value_of (metric, snapshot);

  g_string_append_printf (page, "%s %" G_GINT64_FORMAT "\n", metric->info.name, MAX (*value, 0));
}

static void
write_number (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const double *value = value_of (metric, snapshot);

  g_string_append_printf (page, "%s ", metric->info.name);
  append_number (page, *value);
  g_string_append_c (page, '\n');
}

static void
write_build (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  g_string_append_printf (page, "%s{%s=\"%s\"} 1\n", metric->info.name, metric->info.label, VGW_VERSION);
}

static void
begin_labelled (GString *page, const Metric *metric, guint i)
{
  g_string_append_printf (page, "%s{%s=\"%s\"} ", metric->info.name, metric->info.label, metric->get_label (i));
}

static void
write_labelled (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const guint64 *counts = value_of (metric, snapshot);

  for (guint i = 0; i < metric->n_labels; i++)
    {
      begin_labelled (page, metric, i);
      g_string_append_printf (page, "%" G_GUINT64_FORMAT "\n", counts[i]);
    }
}

/* Times in ms; in s. */
static void
write_labelled_seconds (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const guint64 *values_ms = value_of (metric, snapshot);

  for (guint i = 0; i < metric->n_labels; i++)
    {
      begin_labelled (page, metric, i);
      append_number (page, (double) values_ms[i] / 1000);
      g_string_append_c (page, '\n');
    }
}

static void
write_histogram (GString *page, const Metric *metric, const Snapshot *snapshot)
{
  const VgwHistogram *histogram = value_of (metric, snapshot);
  const char *name = metric->info.name;
  guint64 n = 0;

  for (guint i = 0; i < histogram->n_bounds; i++)
    {
      char bound[G_ASCII_DTOSTR_BUF_SIZE];

      n += histogram->counts[i];
      g_ascii_formatd (bound, sizeof bound, "%g", histogram->bounds[i]);
      g_string_append_printf (page, "%s_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n", name, bound, n);
    }
  n = vgw_histogram_count (histogram);
  g_string_append_printf (page, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n%s_sum ", name, n, name);
  append_number (page, histogram->sum);
  g_string_append_printf (page, "\n%s_count %" G_GUINT64_FORMAT "\n", name, n);
}

#define AT(member) .offset = G_STRUCT_OFFSET (Snapshot, member)
#define LABELS(n, function) .n_labels = (n), .get_label = (function) /* of an enum from 0 to n - 1 */
#define MANAGERS LABELS (VGW_MANAGER_N_TYPES, vgw_manager_type_to_string)
#define RTP(name, member, help)                                                                                        \
  {                                                                                                                    \
    { name, "counter", NULL, help }, write_count, AT (rtp.member), WITH_MEDIA                                          \
  }
#define CALLS(name, member, help)                                                                                      \
  {                                                                                                                    \
    { name, "counter", NULL, help }, write_total, AT (sessions.calls.member)                                           \
  }
#define TIMES(name, member, help)                                                                                      \
  {                                                                                                                    \
    { name, "histogram", "le", help }, write_histogram, AT (member)                                                    \
  }
#define ICE(name, member, help)                                                                                        \
  {                                                                                                                    \
    { name, "counter", NULL, help }, write_count, AT (ice.member), WITH_ICE                                            \
  }

/* clang-format off */
static const Metric metrics[] = {
  { { "vgw_build_info", "gauge", "version", "Always 1; the version is in the label." }, .write = write_build },

  { { "vgw_sessions", "gauge", "state", "Current sessions." },
    write_labelled, AT (sessions.in_state),
    LABELS (VGW_PHASE_ENDED, vgw_session_phase_to_string) }, /* an ended session is not counted */
  { { "vgw_sessions_started_total", "counter", NULL, "Sessions started." }, write_count, AT (sessions.started) },
  { { "vgw_sessions_ended_total", "counter", "reason", "Sessions ended." },
    write_labelled, AT (sessions.ended), LABELS (VGW_SESSION_N_END_REASONS, vgw_end_reason_to_string) },
  { { "vgw_sessions_refused_total", "counter", "cause", "Clients that were refused a session." },
    write_labelled, AT (sessions.refused), LABELS (VGW_SESSION_N_REFUSALS, vgw_refusal_to_string) },
  { { "vgw_sessions_resumed_total", "counter", NULL,
      "Times that a client returned to its session with a resume token." },
    write_count, AT (sessions.resumed) },
  { { "vgw_session_takeovers_total", "counter", NULL,
      "Connections that replaced an earlier one of their session." },
    write_count, AT (sessions.takeovers) },
  { { "vgw_session_takeovers_failed_total", "counter", NULL,
      "Further offers whose connection could not be established." },
    write_count, AT (sessions.failed_takeovers) },
  { { "vgw_session_messages_dropped_total", "counter", NULL,
      "Messages to disconnected clients dropped because the queue was full." },
    write_count, AT (sessions.dropped_messages) },
  { { "vgw_setup_seconds", "histogram", "le", "Time from a client's offer until ICE and DTLS are connected." },
    write_histogram, AT (sessions.setup_s) },
  TIMES ("vgw_setup_signaling_seconds", sessions.setup_parts_s[VGW_SETUP_SIGNALING],
         "Part of it: from the offer to the answer."),
  TIMES ("vgw_setup_ice_seconds", sessions.setup_parts_s[VGW_SETUP_ICE],
         "Part of it: from the answer until ICE is connected."),
  TIMES ("vgw_setup_dtls_seconds", sessions.setup_parts_s[VGW_SETUP_DTLS],
         "Part of it: from ICE until DTLS is connected, too."),
  TIMES ("vgw_setup_first_audio_seconds", sessions.setup_parts_s[VGW_SETUP_FIRST_AUDIO],
         "After it: until the first audio of the engine was sent. Counted at the end of a call."),
  { { "vgw_playout_played_ms_total", "counter", NULL, "Audio of the engines sent to callers, in ms." },
    write_count, AT (sessions.playout_played_ms) },
  { { "vgw_playout_dropped_ms_total", "counter", NULL,
      "Audio of the engines dropped because the playout queue was full, in ms." },
    write_count, AT (sessions.playout_dropped_ms) },
  { { "vgw_playout_shortened_seconds_total", "counter", "where",
      "Audio of engines in real time taken out of the playout queue to reduce delay: of pauses, of speech played "
      "faster." },
    write_labelled_seconds, AT (sessions.playout_shortened_ms),
    LABELS (VGW_PLAYOUT_N_SHORTENED, vgw_playout_shortened_to_string) },
  { { "vgw_turns_total", "counter", "end",
      "Turns of callers whose speech is detected: the reply was played, interrupted, cut off by the end of the call, "
      "or there was none." },
    write_labelled, AT (sessions.turns), LABELS (VGW_SESSION_N_TURN_ENDS, vgw_turn_end_to_string) },
  { { "vgw_turn_to_engine_seconds", "histogram", "le",
      "Time from the end of a caller's speech until the engine had the last of it." },
    write_histogram, AT (sessions.turn_to_engine_s) },
  { { "vgw_turn_first_byte_seconds", "histogram", "le",
      "Time from the end of a caller's speech until the engine's first audio came." },
    write_histogram, AT (sessions.turn_first_byte_s) },
  { { "vgw_turn_first_sent_seconds", "histogram", "le",
      "Time from the end of a caller's speech until the first audio of the reply was sent." },
    write_histogram, AT (sessions.turn_first_sent_s) },
  { { "vgw_turn_heard_seconds", "histogram", "le",
      "Time from the end of a caller's speech until the caller heard the reply, with an estimate of the network." },
    write_histogram, AT (sessions.turn_heard_s) },
  { { "vgw_playout_queued_seconds", "gauge", NULL, "Audio in the playout queues of all calls." },
    write_seconds, AT (sessions.playout_queued_ms) },
  TIMES ("vgw_engine_connect_seconds", sessions.engine.times_s[VGW_ENGINE_TIME_CONNECT],
         "Time to connect to a bot, with name resolution, TLS and the WebSocket handshake."),
  TIMES ("vgw_engine_first_audio_seconds", sessions.engine.times_s[VGW_ENGINE_TIME_FIRST_AUDIO],
         "Time from the start of a networked engine until its first audio was received."),
  { { "vgw_engine_connections_failed_total", "counter", NULL,
      "Connections to bots that were not established, or lost." },
    write_count, AT (sessions.engine.counts[VGW_ENGINE_COUNT_FAILED_CONNECTIONS]) },
  { { "vgw_engine_failures_total", "counter", NULL,
      "Engines that failed in a call: another one took over, or the call went on or ended without one." },
    write_count, AT (sessions.engine_failures) },
  { { "vgw_engine_audio_dropped_seconds_total", "counter", NULL,
      "Audio of callers dropped because a bot was not connected or did not read it." },
    write_seconds, AT (sessions.engine.counts[VGW_ENGINE_COUNT_DROPPED_AUDIO_MS]) },
  { { "vgw_engine_events_dropped_total", "counter", NULL,
      "Events to or from bots dropped because too many waited." },
    write_count, AT (sessions.engine.counts[VGW_ENGINE_COUNT_DROPPED_EVENTS]) },

  CALLS ("vgw_rtp_received_packets_total", received.packets, "Audio packets of callers received in time."),
  CALLS ("vgw_rtp_received_lost_packets_total", received.lost,
         "Packets of callers that were missing when they were due to be decoded."),
  CALLS ("vgw_rtp_received_late_packets_total", received.late, "Of these, those that arrived afterwards."),
  CALLS ("vgw_rtp_received_reordered_packets_total", received.reordered,
         "Packets of callers that arrived after a later one, in time."),
  CALLS ("vgw_rtp_received_duplicated_packets_total", received.duplicated, "Packets of callers that arrived again."),
  { { "vgw_rtp_concealed_seconds_total", "counter", NULL,
      "Audio of callers that was lost and made up by the Opus decoder." },
    write_seconds, AT (sessions.calls.received.concealed_ms) },
  { { "vgw_rtp_recovered_seconds_total", "counter", NULL,
      "Audio of callers that was lost and recovered with in-band FEC." },
    write_seconds, AT (sessions.calls.received.fec_ms) },
  CALLS ("vgw_rtp_sent_packets_total", sent.packets, "Audio packets sent to callers."),
  CALLS ("vgw_rtp_sent_lost_packets_total", sent.lost, "Of these, those that callers report as lost."),
  { { "vgw_rtp_round_trip_seconds", "histogram", "le", "Round trips, one for each RTCP report of a caller." },
    write_histogram, AT (round_trip_s), WITH_MEDIA },
  { { "vgw_barge_in_seconds", "histogram", "le",
      "Time from the beginning of a caller's speech until the engine's audio was cut off, held or attenuated." },
    write_histogram, AT (barge_in_s), WITH_MEDIA },
  { { "vgw_peers", "gauge", NULL, "WebRTC peers, including those being torn down." },
    write_count, AT (peers), WITH_MEDIA },
  { { "vgw_pacer_ticks_total", "counter", NULL,
      "Frames of 20 ms that were due to be sent, including silence, and waits for a late one." },
    write_count, AT (pacer.ticks), WITH_MEDIA },
  { { "vgw_pacer_late_ticks_total", "counter", NULL,
      "Of these, those processed 20 ms late or more: the machine is overloaded." },
    write_count, AT (pacer.late_ticks), WITH_MEDIA },
  { { "vgw_opus_complexity_ceiling", "gauge", NULL,
      "Current upper limit of the Opus complexity; below 10 the machine is overloaded, see media.adapt-complexity." },
    write_count, AT (complexity_ceiling), WITH_MEDIA },

  RTP ("vgw_rtp_source_changes_total", source_changes, "Times that a caller continued with another SSRC."),
  RTP ("vgw_rtp_ignored_packets_total", ignored,
       "Packets ignored: their payload type was not negotiated, or they had no payload."),
  RTP ("vgw_rtp_source_dropped_packets_total", source_dropped,
       "Packets dropped because their SSRC was not the one in use, or beyond the limit of SSRCs."),
  RTP ("vgw_rtp_rate_dropped_packets_total", rate_dropped,
       "Packets dropped beyond the packet rate that a caller may send."),
  RTP ("vgw_rtp_audio_dropped_packets_total", audio_dropped,
       "Packets dropped because they had more audio than real time allows."),
  RTP ("vgw_rtp_floods_total", floods, "Calls ended because the caller sent far too much for several seconds."),

  ICE ("vgw_ice_received_packets_total", received, "Packets received on the UDP port."),
  ICE ("vgw_ice_delivered_packets_total", delivered, "Packets delivered to a session."),
  ICE ("vgw_ice_sent_packets_total", sent, "Packets sent."),
  ICE ("vgw_ice_send_dropped_packets_total", send_dropped,
       "Packets that the kernel did not send: its buffer was full, or there was no route."),
  ICE ("vgw_ice_kernel_dropped_packets_total", kernel_dropped,
       "Packets that the kernel dropped because the socket's receive buffer was full."),
  ICE ("vgw_ice_unknown_source_packets_total", unknown_source,
       "Media packets from an address that no connectivity check has verified."),
  ICE ("vgw_ice_malformed_packets_total", malformed, "Packets that were neither STUN nor DTLS, SRTP or SRTCP."),
  ICE ("vgw_ice_ignored_packets_total", ignored, "STUN indications, and responses without a pending request."),
  ICE ("vgw_ice_checks_total", checks, "Valid connectivity checks received."),
  ICE ("vgw_ice_checks_refused_total", refused, "Connectivity checks answered with an error."),
  ICE ("vgw_ice_checks_unauthenticated_total", unauthenticated,
       "STUN requests with an unknown user or a wrong password; they are not answered."),
  ICE ("vgw_ice_checks_foreign_total", foreign,
       "Valid connectivity checks from an address that belongs to another session, which keeps it."),
  ICE ("vgw_ice_own_checks_total", own_checks, "Connectivity checks sent by the gateway."),
  ICE ("vgw_ice_own_checks_answered_total", answers, "Responses to them: the address receives what is sent to it."),
  ICE ("vgw_ice_path_changes_total", moved, "Times that a session switched to another address of the client."),
  ICE ("vgw_ice_consent_lost_total", consents_lost,
       "Times that sending to a session stopped because no address of the client responded."),
  ICE ("vgw_ice_restarts_total", restarts, "ICE restarts by clients, with media on a newly verified path."),
  { { "vgw_ice_tcp_connections", "gauge", NULL, "Open connections to the ICE-TCP port." },
    write_count, AT (ice.tcp_connections), WITH_ICE },
  ICE ("vgw_ice_tcp_accepted_connections_total", tcp_accepted, "Connections accepted on the ICE-TCP port."),
  ICE ("vgw_ice_tcp_refused_connections_total", tcp_refused,
       "Connections beyond a limit: the new one was closed, or an older one without a valid connectivity check."),
  ICE ("vgw_ice_tcp_expired_connections_total", tcp_expired,
       "Connections closed because they had no valid packet of a call for 10 s at first, or for 30 s later."),
  ICE ("vgw_ice_tcp_unused_connections_total", tcp_unused,
       "Connections closed because no call used them any more: it had ended, or had 8 newer paths."),
  ICE ("vgw_ice_tcp_dropped_packets_total", tcp_dropped_packets,
       "Packets dropped because the client did not read its TCP connection fast enough."),

  { { "vgw_offers_refused_total", "counter", "cause",
      "Offers refused with busy because the process has too few of these left." },
    write_labelled, AT (offers_refused), LABELS (VGW_CAPACITY_N_KINDS, vgw_capacity_kind_to_string) },
  { { "vgw_http_connections", "gauge", NULL, "Open connections of the public listener." },
    write_count, AT (http.open) },
  { { "vgw_http_connections_refused_total", "counter", "cause",
      "Connections refused with 503, or with TLS closed, because a limit was reached." },
    write_labelled, AT (http.refused), LABELS (VGW_HTTP_N_REFUSALS, vgw_http_refusal_to_string) },
  { { "vgw_http_connections_displaced_total", "counter", NULL,
      "Connections without a complete request that were closed to make room for a new one." },
    write_count, AT (http.displaced) },
  { { "vgw_http_tls_handshakes_failed_total", "counter", NULL,
      "Connections that ended in their TLS handshake: an error, no TLS at all, or not complete in time." },
    write_count, AT (http.failed_handshakes) },
  { { "vgw_http_tls_certificate_expiry_seconds", "gauge", NULL,
      "End of the validity of the listener's certificate in seconds since 1970; 0 without TLS." },
    write_count, AT (http.certificate_expiry_s) },

  { { "vgw_node_requests_total", "counter", "result",
      "Requests for sessions of other nodes: sent on; answered with 503, the node being unreachable; treated as for an "
      "unknown session, since the node has stopped; and refused, for a header that no node has signed." },
    write_labelled, AT (nodes.requests), LABELS (VGW_HTTP_FORWARD_N_RESULTS, vgw_http_forward_result_to_string) },

  { { "vgw_manager_delivered_total", "counter", "manager", "Notifications that a session manager delivered." },
    write_labelled, AT (manager.delivered), MANAGERS },
  { { "vgw_manager_retried_total", "counter", "manager",
      "Attempts to deliver a notification that failed and were repeated." },
    write_labelled, AT (manager.retried), MANAGERS },
  { { "vgw_manager_failed_total", "counter", "manager",
      "Notifications that their receiver refused, or that were not delivered in time." },
    write_labelled, AT (manager.failed), MANAGERS },
  { { "vgw_manager_dropped_total", "counter", "manager",
      "Notifications dropped because the queue was full, or because the receiver answered 410." },
    write_labelled, AT (manager.dropped), MANAGERS },
  { { "vgw_manager_queued", "gauge", "manager", "Notifications that wait to be delivered." },
    write_labelled, AT (manager.queued), MANAGERS },
  { { "vgw_admissions_total", "counter", "verdict",
      "Sessions about which the webhook was asked; undecided: it has not answered in time, or not with a verdict." },
    write_labelled, AT (manager.verdicts), LABELS (N_VERDICTS, get_verdict_name) },

  { { "vgw_record_missing_seconds_total", "counter", NULL,
      "Audio that is missing in recordings, because the disk was full or too slow." },
    write_seconds, AT (record_missing_ms) },
  { { "vgw_record_incomplete_files_total", "counter", NULL,
      "Files of recordings, of audio or of events, in which something is missing." },
    write_count, AT (record_incomplete_files) },

  { { "vgw_log_dropped_lines_total", "counter", NULL,
      "Log lines dropped because standard error was not read fast enough." },
    write_count, AT (log_dropped_lines) },
  { { "vgw_log_left_out_lines_total", "counter", NULL,
      "Log lines left out because one session or address caused too many." },
    write_count, AT (log_left_out_lines) },

  { { "vgw_main_loop_lag_seconds", "histogram", "le",
      "How late a timer of the main loop ran, measured ten times a second." },
    write_histogram, AT (loop_lag_s), WITH_LOOP_WATCH },

  { { "process_cpu_seconds_total", "counter", NULL, "User and system CPU time in seconds." },
    write_number, AT (process.cpu_s) },
  { { "process_start_time_seconds", "gauge", NULL, "Start time of the process in seconds since 1970." },
    write_number, AT (process.started_at_s) },
  { { "process_resident_memory_bytes", "gauge", NULL, "Resident memory." },
    write_count, AT (process.resident_bytes) },
  { { "process_virtual_memory_bytes", "gauge", NULL, "Virtual memory." }, write_count, AT (process.virtual_bytes) },
  { { "process_threads", "gauge", NULL, "Threads." }, write_count, AT (process.threads) },
  { { "process_open_fds", "gauge", NULL, "Open file descriptors." }, write_count, AT (process.open_fds) },
  { { "process_max_fds", "gauge", NULL, "Maximum number of open file descriptors." },
    write_count, AT (process.max_fds) },
};
/* clang-format on */

static void
take_managers (Snapshot *snapshot, VgwManager *manager)
{
  VgwManagerStats stats[VGW_MANAGER_N_TYPES] = { 0 };

  vgw_manager_get_stats (manager, stats);
  for (guint type = 0; type < VGW_MANAGER_N_TYPES; type++)
    {
      snapshot->manager.delivered[type] = stats[type].n_delivered;
      snapshot->manager.retried[type] = stats[type].n_retried;
      snapshot->manager.failed[type] = stats[type].n_failed;
      snapshot->manager.dropped[type] = stats[type].n_dropped;
      snapshot->manager.queued[type] = stats[type].n_queued;
      snapshot->manager.verdicts[VERDICT_ADMITTED] += stats[type].n_admitted;
      snapshot->manager.verdicts[VERDICT_REFUSED] += stats[type].n_refused;
      snapshot->manager.verdicts[VERDICT_NONE] += stats[type].n_undecided;
    }
}

static void
take_snapshot (Snapshot *snapshot, const VgwAdminSources *sources)
{
  *snapshot = (Snapshot){ .has_media = sources->media != NULL, .log_dropped_lines = vgw_log_count_dropped () };
  snapshot->log_left_out_lines = vgw_log_limit_count ();
  vgw_session_table_get_stats (sources->table, &snapshot->sessions);
  vgw_admin_process_read (&snapshot->process);
  snapshot->process.started_at_s = sources->started_at_s;
  if (sources->server != NULL)
    {
      vgw_http_server_get_stats (sources->server, &snapshot->http);
      vgw_http_server_get_forward_stats (sources->server, &snapshot->nodes);
    }
  if (sources->recordings != NULL)
    {
      VgwWavWriterStats stats;

      vgw_wav_writer_get_stats (sources->recordings, &stats);
      snapshot->record_missing_ms = stats.missing_us / G_TIME_SPAN_MILLISECOND;
      snapshot->record_incomplete_files = stats.n_incomplete_files;
    }
  if (sources->manager != NULL)
    take_managers (snapshot, sources->manager);
  snapshot->has_loop_watch = sources->loop_watch != NULL;
  if (sources->loop_watch != NULL)
    snapshot->loop_lag_s = *vgw_loop_watch_get_lags (sources->loop_watch);
  for (guint kind = 0; sources->capacity != NULL && kind < VGW_CAPACITY_N_KINDS; kind++)
    snapshot->offers_refused[kind] = vgw_capacity_count_refused (sources->capacity, kind);
  if (sources->media == NULL)
    return;
  snapshot->peers = vgw_media_count_peers (sources->media);
  vgw_pacer_get_stats (vgw_media_get_pacer (sources->media), &snapshot->pacer);
  snapshot->complexity_ceiling = vgw_media_get_complexity_ceiling (sources->media);
  vgw_media_get_rtp_stats (sources->media, &snapshot->rtp);
  vgw_media_get_times (sources->media, VGW_MEDIA_TIME_ROUND_TRIP, &snapshot->round_trip_s);
  vgw_media_get_times (sources->media, VGW_MEDIA_TIME_BARGE_IN, &snapshot->barge_in_s);
  snapshot->has_ice = vgw_media_get_ice_stats (sources->media, &snapshot->ice);
}

static gboolean
is_shown (const Metric *metric, const Snapshot *snapshot)
{
  switch (metric->when)
    {
    case ALWAYS:
      return TRUE;
    case WITH_MEDIA:
      return snapshot->has_media;
    case WITH_ICE:
      return snapshot->has_ice;
    case WITH_LOOP_WATCH:
      return snapshot->has_loop_watch;
    }
  return FALSE;
}

gboolean
vgw_admin_metrics_get_info (guint n, VgwAdminMetricInfo *info)
{
  if (n >= G_N_ELEMENTS (metrics))
    return FALSE;
  *info = metrics[n].info;
  return TRUE;
}

char *
vgw_admin_metrics_to_text (const VgwAdminSources *sources)
{
  GString *page = g_string_new (NULL);
  Snapshot snapshot;

  take_snapshot (&snapshot, sources);
  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    {
      const Metric *metric = &metrics[i];

      if (!is_shown (metric, &snapshot))
        continue;
      g_string_append_printf (page, "# HELP %s %s\n# TYPE %s %s\n", metric->info.name, metric->info.help,
                              metric->info.name, metric->info.type);
      metric->write (page, metric, &snapshot);
    }
  return g_string_free (page, FALSE);
}
