#include "admin/vgw-admin-diagnosis.h"

#include <string.h>

/* A client sends its first checks within a second of the answer; a DTLS handshake is repeated after 1 s, then 2 s (RFC
 * 6347 section 4.2.4.1). */
#define PATH_PATIENCE_MS 3000
#define RTP_PATIENCE_MS 2000 /* with DTX a packet comes every 400 ms */
#define QUIET_MS 10000       /* callers pause; ten seconds of digital or near silence are noticed */
#define CONNECT_PATIENCE_MS 3000
#define HELD_MS 3000    /* a barge-in holds for less */
#define HEAVY_LOSS 0.05 /* Opus conceals less than that well */
#define HIGH_JITTER_MS 60.0
#define LONG_ROUND_TRIP_MS 400.0 /* ITU-T G.114: 400 ms one way is the limit; a turn feels late well before */
#define OFFER_PATIENCE_MS 5000

typedef enum
{
  FINDING_FINGERPRINT,
  FINDING_NO_CHECK,
  FINDING_NO_PATH,
  FINDING_NO_DTLS,
  FINDING_DTLS_INCOMPLETE,
  FINDING_CONNECT_TIMEOUT,
  FINDING_NO_CONSENT,
  FINDING_RECOVERING,
  FINDING_NOT_SENDING,
  FINDING_NO_RTP,
  FINDING_RTP_STOPPED,
  FINDING_WRONG_PAYLOAD,
  FINDING_ENGINE_UNREACHABLE,
  FINDING_ENGINE_LOST,
  FINDING_NO_ENGINE,
  FINDING_ENGINE_SLOW,
  FINDING_NOT_RECEIVING,
  FINDING_CALLER_SILENT,
  FINDING_PACKETS_DROPPED,
  FINDING_RECEIVED_LOSS,
  FINDING_JITTER,
  FINDING_ENGINE_SILENT,
  FINDING_BOT_SILENT,
  FINDING_PLAYOUT_HELD,
  FINDING_PLAYOUT_FULL,
  FINDING_SENT_LOSS,
  FINDING_ROUND_TRIP,
  FINDING_NO_OFFER,
  FINDING_WAITING_FOR_OFFER,
  FINDING_NEGOTIATING,
  FINDING_CONNECTING,
  FINDING_DETACHED,
  FINDING_ENGINE_CONNECTING,
  FINDING_CALLER_QUIET,
  FINDING_BOT_QUIET,
  FINDING_ENDED,
  FINDING_GOOD,
  N_FINDINGS,
} FindingCode;

/* In the order of the audio's path within each level, which is the order of the result. */
static const VgwFindingInfo infos[N_FINDINGS] = {
  [FINDING_FINGERPRINT] = { "fingerprint", VGW_FINDING_PROBLEM, "The client's certificate is not the one of its offer",
                            "The DTLS certificate has another fingerprint than the SDP. Something between client and "
                            "gateway changes the SDP or answers in the client's place.",
                            "Look for an SBC, a proxy or a media server that rewrites SDP, and for a client that "
                            "sends an offer of another connection." },
  [FINDING_CONNECT_TIMEOUT] = { "connect-timeout", VGW_FINDING_PROBLEM, "The call was never connected",
                                "No media connection was complete within limits.connect-timeout-ms.",
                                "The finding before this one is the step that was missing." },
  [FINDING_NO_CHECK] = { "no-check", VGW_FINDING_PROBLEM, "No connectivity check has arrived from the client",
                         "The client has the answer, but no valid packet of it reaches the gateway's port.",
                         "Open the UDP port of ice.udp-port in all firewalls and port mappings. Behind NAT or in a "
                         "container set ice.advertise to the address that clients reach. For clients in networks "
                         "without UDP, set ice.tcp-port or a TURN server in ice.client-servers." },
  [FINDING_NO_PATH] = { "no-path", VGW_FINDING_PROBLEM, "The client does not answer the gateway's checks",
                        "Checks of the client arrive, but what is sent back does not reach it.",
                        "Allow outgoing UDP from the port of ice.udp-port, and check that replies leave through the "
                        "address that is in ice.advertise (more than one network interface, asymmetric NAT)." },
  [FINDING_NO_DTLS] = { "no-dtls", VGW_FINDING_PROBLEM, "The client does not begin the DTLS handshake",
                        "ICE has a path, but no DTLS packet of the client has arrived.",
                        "Check that the client has applied the answer (setRemoteDescription without an error), and "
                        "that "
                        "no firewall lets STUN pass and drops the rest." },
  [FINDING_DTLS_INCOMPLETE] = { "dtls-incomplete", VGW_FINDING_PROBLEM, "The DTLS handshake does not complete",
                                "DTLS packets of the client arrive, but the handshake does not end.",
                                "Most often large packets are lost: check the MTU of tunnels and VPNs on the way." },
  [FINDING_NO_CONSENT] = { "no-consent", VGW_FINDING_PROBLEM, "The client does not respond any more",
                           "Its address has answered no check for several seconds, so nothing is sent to it (RFC "
                           "7675).",
                           "The client has lost its network, or sleeps. The call continues when it responds, and ends "
                           "with media-timeout otherwise." },
  [FINDING_RECOVERING] = { "recovering", VGW_FINDING_PROBLEM, "The media connection is lost",
                           "The client may make another one within session.resume-grace-ms.",
                           "Nothing to do here: the client library reconnects by itself." },
  [FINDING_NOT_SENDING] = { "not-sending", VGW_FINDING_PROBLEM, "The client does not offer to send audio",
                            "The direction in its last offer is recvonly or inactive: it is on hold, or its offer has "
                            "no microphone.",
                            "In the client, add the microphone's track before createOffer (), or end the hold." },
  [FINDING_NO_RTP] = { "no-rtp", VGW_FINDING_PROBLEM, "The client is connected, but sends no audio",
                       "Not one audio packet has arrived since the connection.",
                       "Check that the microphone's track is live and belongs to the connection. A browser that still "
                       "asks for the microphone, or a suspended app, sends nothing." },
  [FINDING_RTP_STOPPED] = { "rtp-stopped", VGW_FINDING_PROBLEM, "The client's audio has stopped",
                            "Packets arrived earlier, and none does now; also silence would be sent as packets.",
                            "The network has dropped out, the app was suspended, or another app has taken the "
                            "microphone. The call ends after limits.media-timeout-ms." },
  [FINDING_WRONG_PAYLOAD] = { "wrong-payload", VGW_FINDING_PROBLEM,
                              "The client's packets have a payload type that was "
                              "not agreed on",
                              "They are ignored: the answer names one codec, and the client sends another one.",
                              "Let the client send the codec of the answer, with its payload type." },
  [FINDING_ENGINE_UNREACHABLE] = { "engine-unreachable", VGW_FINDING_PROBLEM, "The engine cannot be reached",
                                   "Connecting to it has failed, and is tried again.",
                                   "Check that the bot runs, and url in its [engine] group; the gateway's log has the "
                                   "error." },
  [FINDING_ENGINE_LOST] = { "engine-lost", VGW_FINDING_PROBLEM, "The connection to the engine is lost",
                            "The gateway tries to restore it; the caller hears nothing meanwhile.",
                            "Look at the bot's own log for why it closed the connection." },
  [FINDING_NO_ENGINE] = { "no-engine", VGW_FINDING_PROBLEM, "The engine has failed, and there is no other one",
                          "The call continues without one (on-failure = hold).",
                          "Look for the cause in the gateway's log, and name another engine in on-failure." },
  [FINDING_ENGINE_SLOW] = { "engine-slow", VGW_FINDING_PROBLEM, "Connecting to the engine takes long",
                            "Name resolution, TCP, TLS or the WebSocket handshake is not complete.",
                            "Check the network to the host in url, and whether the bot accepts connections." },
  [FINDING_NOT_RECEIVING] = { "not-receiving", VGW_FINDING_PROBLEM, "The client does not want to receive audio",
                              "The direction in its last offer is sendonly or inactive: it is on hold.",
                              "In the client, offer sendrecv." },
  [FINDING_CALLER_SILENT] = { "caller-silent", VGW_FINDING_WARNING, "The caller is silent",
                              "Audio packets arrive, with nothing but silence in them.",
                              "The caller is muted in the app or the headset, or the wrong microphone is selected. "
                              "Listen in to be certain." },
  [FINDING_PACKETS_DROPPED] = { "packets-dropped", VGW_FINDING_WARNING, "The client sends more than a call may",
                                "Packets beyond the limits of rate, duration and SSRCs are dropped.",
                                "Check that only one sender uses the connection, and at real time." },
  [FINDING_RECEIVED_LOSS] = { "received-loss", VGW_FINDING_WARNING, "Much of the caller's audio is lost",
                              "The bot hears gaps, and recognition suffers.",
                              "A bad Wi-Fi or mobile network of the caller. If many calls have it, look at this "
                              "machine: vgw_ice_kernel_dropped_packets_total, and its link." },
  [FINDING_JITTER] = { "jitter", VGW_FINDING_WARNING, "The caller's packets arrive irregularly",
                       "Jitter near the jitter buffer's length (media.latency-ms) makes packets late.",
                       "A busy network of the caller. If many calls have it, raise media.latency-ms." },
  [FINDING_ENGINE_SILENT] = { "engine-silent", VGW_FINDING_WARNING, "The engine sends no audio",
                              "It is connected and gets the caller's audio, but has not sent any so far.",
                              "Check the bot: its log, its speech synthesis, and that it sends audio in the format "
                              "that it was told." },
  [FINDING_BOT_SILENT] = { "bot-silent", VGW_FINDING_WARNING, "The engine's audio is silence",
                           "It sends audio, with nothing but silence in it.",
                           "Check the bot's speech synthesis, and the byte order and width of its samples." },
  [FINDING_PLAYOUT_HELD] = { "playout-held", VGW_FINDING_WARNING, "The engine's audio waits and is not played",
                             "Audio is queued, but none of it is sent: the bot holds it, or the caller interrupts.",
                             "If it stays, check whether the bot ends its hold (ENGINE.md)." },
  [FINDING_PLAYOUT_FULL] = { "playout-full", VGW_FINDING_WARNING, "The engine sends faster than it is played",
                             "The playout queue is full, and audio of the bot was dropped.",
                             "Let the bot send in real time or obey its flow control, or raise max-playout-ms." },
  [FINDING_SENT_LOSS] = { "sent-loss", VGW_FINDING_WARNING, "Much of the bot's audio does not reach the caller",
                          "The caller's reports count it as lost.",
                          "A bad network of the caller. If many calls have it, look at this machine's uplink." },
  [FINDING_ROUND_TRIP] = { "round-trip", VGW_FINDING_WARNING, "The way to the caller is long",
                           "Each reply is heard late by half of the round trip, and so is each interruption.",
                           "A gateway nearer to the callers helps, or a TURN server that is not on a detour." },
  [FINDING_NO_OFFER] = { "no-offer", VGW_FINDING_NOTE, "The client has not sent an offer yet",
                         "Its WebSocket is connected, and nothing else.",
                         "Most often the browser still asks for the microphone. Else look at the client's console." },
  [FINDING_WAITING_FOR_OFFER] = { "waiting-for-offer", VGW_FINDING_NOTE, "Waiting for the client's offer",
                                  "The session is new.", NULL },
  [FINDING_NEGOTIATING] = { "negotiating", VGW_FINDING_NOTE, "The answer is being made", "The offer is there.", NULL },
  [FINDING_CONNECTING] = { "connecting", VGW_FINDING_NOTE, "The connection is being made",
                           "The client has the answer; ICE and DTLS follow.", NULL },
  [FINDING_DETACHED] = { "detached", VGW_FINDING_NOTE, "The client's WebSocket is lost, the audio continues",
                         "The client may return to this session within session.resume-grace-ms.", NULL },
  [FINDING_ENGINE_CONNECTING] = { "engine-connecting", VGW_FINDING_NOTE, "The engine is being connected",
                                  "The caller's audio is kept for it meanwhile, within a bound.", NULL },
  [FINDING_CALLER_QUIET] = { "caller-quiet", VGW_FINDING_NOTE, "The caller says nothing at the moment",
                             "The caller was heard earlier in this call.",
                             "If the caller does speak, the microphone was muted or changed since." },
  [FINDING_BOT_QUIET] = { "bot-quiet", VGW_FINDING_NOTE, "The bot has nothing to say at the moment",
                          "It has spoken in this call, and sends nothing now.", NULL },
  [FINDING_ENDED] = { "ended", VGW_FINDING_NOTE, "The call has ended", "What follows was found at its end.", NULL },
  [FINDING_GOOD] = { "good", VGW_FINDING_GOOD, "Audio passes in both directions", "Nothing unusual was found.", NULL },
};

/* Which of them hold for a call. */
typedef struct
{
  gboolean is_found[N_FINDINGS];
  char figures[N_FINDINGS][sizeof ((VgwFinding *) NULL)->figures];
} Found;

static void
find (Found *found, FindingCode code)
{
  found->is_found[code] = TRUE;
}

static void G_GNUC_PRINTF (3, 4) find_with (Found *found, FindingCode code, const char *format, ...)
{
  va_list arguments;

  found->is_found[code] = TRUE;
  va_start (arguments, format);
  g_vsnprintf (found->figures[code], sizeof found->figures[code], format, arguments);
  va_end (arguments);
}

/* --- until media passes --- */

/* Once the client should have the answer. */
static void
inspect_path (const VgwDiagnosisFacts *facts, Found *found)
{
  const VgwCallConnection *connection = &facts->connection;

  if (!connection->is_checked)
    find (found, FINDING_NO_CHECK);
  else if (connection->has_dtls)
    find (found, FINDING_DTLS_INCOMPLETE);
  else if (facts->stats.setup.ice_ms == VGW_CALL_STATS_UNKNOWN)
    find (found, FINDING_NO_PATH);
  else
    find (found, FINDING_NO_DTLS);
}

static void
inspect_connecting (const VgwDiagnosisFacts *facts, Found *found)
{
  if (facts->phase_ms < PATH_PATIENCE_MS)
    find (found, FINDING_CONNECTING);
  else
    inspect_path (facts, found);
}

/* --- the caller's audio --- */

static void
inspect_network (const VgwDiagnosisFacts *facts, Found *found)
{
  if (facts->received_loss >= HEAVY_LOSS)
    find_with (found, FINDING_RECEIVED_LOSS, "%.0f %% lost", facts->received_loss * 100);
  if (facts->stats.received.jitter_ms >= HIGH_JITTER_MS)
    find_with (found, FINDING_JITTER, "%.0f ms", facts->stats.received.jitter_ms);
  if (facts->sent_loss >= HEAVY_LOSS)
    find_with (found, FINDING_SENT_LOSS, "%.0f %% lost", facts->sent_loss * 100);
  if (facts->stats.round_trip_ms >= LONG_ROUND_TRIP_MS)
    find_with (found, FINDING_ROUND_TRIP, "%.0f ms", facts->stats.round_trip_ms);
}

static void
inspect_caller (const VgwDiagnosisFacts *facts, Found *found)
{
  const VgwCallConnection *connection = &facts->connection;
  gboolean has_packets = connection->packet_age_ms >= 0;

  if (!connection->is_sending)
    find (found, FINDING_NOT_SENDING);
  else if (connection->ignored > 0 && !has_packets)
    find_with (found, FINDING_WRONG_PAYLOAD, "%" G_GUINT64_FORMAT " packets", connection->ignored);
  else if (!has_packets && facts->phase_ms >= RTP_PATIENCE_MS)
    find (found, FINDING_NO_RTP);
  else if (connection->packet_age_ms >= RTP_PATIENCE_MS)
    find_with (found, FINDING_RTP_STOPPED, "%.0f s ago", (double) connection->packet_age_ms / 1000);
  else if (has_packets && facts->caller_quiet_ms >= QUIET_MS)
    find_with (found, facts->has_caller_spoken ? FINDING_CALLER_QUIET : FINDING_CALLER_SILENT, "%.0f s",
               (double) facts->caller_quiet_ms / 1000);
  if ((double) connection->dropped > HEAVY_LOSS * (double) MAX (facts->stats.received.packets, 1))
    find_with (found, FINDING_PACKETS_DROPPED, "%" G_GUINT64_FORMAT " packets", connection->dropped);
}

/* --- the bot's audio --- */

/* A running engine. */
static void
inspect_speech (const VgwDiagnosisFacts *facts, Found *found)
{
  gint64 queued = facts->stats.audio.queued_ms;

  if (facts->stats.audio.dropped_ms > 0)
    find_with (found, FINDING_PLAYOUT_FULL, "%" G_GINT64_FORMAT " ms dropped", facts->stats.audio.dropped_ms);
  if (queued > 0 && facts->bot_quiet_ms >= HELD_MS && facts->quiet_played_ms < HELD_MS / 2)
    find_with (found, FINDING_PLAYOUT_HELD, "%" G_GINT64_FORMAT " ms wait", queued);
  else if (facts->bot_quiet_ms < QUIET_MS)
    return;
  else if (facts->stats.audio.played_ms <= 0)
    find_with (found, FINDING_ENGINE_SILENT, "%.0f s", (double) facts->bot_quiet_ms / 1000);
  else if (facts->quiet_played_ms >= QUIET_MS / 2)
    find_with (found, FINDING_BOT_SILENT, "%.0f s", (double) facts->bot_quiet_ms / 1000);
  else if (facts->has_bot_spoken)
    find_with (found, FINDING_BOT_QUIET, "%.0f s", (double) facts->bot_quiet_ms / 1000);
}

static void
inspect_engine (const VgwDiagnosisFacts *facts, Found *found)
{
  if (!facts->connection.is_receiving)
    find (found, FINDING_NOT_RECEIVING);
  switch (facts->connection.engine)
    {
    case VGW_CALL_ENGINE_CONNECTING:
      find (found, facts->phase_ms >= CONNECT_PATIENCE_MS ? FINDING_ENGINE_SLOW : FINDING_ENGINE_CONNECTING);
      break;
    case VGW_CALL_ENGINE_UNREACHABLE:
      find (found, FINDING_ENGINE_UNREACHABLE);
      break;
    case VGW_CALL_ENGINE_LOST:
      find (found, FINDING_ENGINE_LOST);
      break;
    case VGW_CALL_ENGINE_NONE:
      find (found, FINDING_NO_ENGINE);
      break;
    case VGW_CALL_ENGINE_WAITING:
    case VGW_CALL_ENGINE_RUNNING:
      inspect_speech (facts, found);
      break;
    }
}

/* --- all of it --- */

static void
inspect_media (const VgwDiagnosisFacts *facts, Found *found)
{
  if (facts->connection.is_silent)
    find (found, FINDING_NO_CONSENT);
  inspect_caller (facts, found);
  inspect_engine (facts, found);
  inspect_network (facts, found);
}

static void
inspect (const VgwDiagnosisFacts *facts, Found *found)
{
  gboolean is_over = facts->reason != NULL;

  switch (facts->phase)
    {
    case VGW_PHASE_NEW:
      find (found, is_over || facts->phase_ms >= OFFER_PATIENCE_MS ? FINDING_NO_OFFER : FINDING_WAITING_FOR_OFFER);
      break;
    case VGW_PHASE_NEGOTIATING:
      find (found, FINDING_NEGOTIATING);
      break;
    case VGW_PHASE_CONNECTING:
      inspect_connecting (facts, found);
      break;
    case VGW_PHASE_DETACHED:
      find (found, FINDING_DETACHED);
      inspect_media (facts, found);
      break;
    case VGW_PHASE_ACTIVE:
      inspect_media (facts, found);
      break;
    case VGW_PHASE_RECOVERING:
      find (found, FINDING_RECOVERING);
      break;
    case VGW_PHASE_ENDING:
    case VGW_PHASE_ENDED:
      break;
    }
  if (!is_over)
    return;
  find_with (found, FINDING_ENDED, "%s", facts->reason);
  found->is_found[FINDING_CONNECT_TIMEOUT] = strcmp (facts->reason, "connect-timeout") == 0;
  found->is_found[FINDING_FINGERPRINT] = strcmp (facts->reason, "fingerprint-mismatch") == 0;
}

guint
vgw_admin_diagnose (const VgwDiagnosisFacts *facts, VgwFinding findings[VGW_ADMIN_MAX_FINDINGS])
{
  Found found = { 0 };
  guint n = 0;

  inspect (facts, &found);
  for (VgwFindingLevel level = VGW_FINDING_PROBLEM; level < VGW_FINDING_GOOD; level++)
    for (guint i = 0; i < N_FINDINGS && n < VGW_ADMIN_MAX_FINDINGS; i++)
      if (found.is_found[i] && infos[i].level == level)
        {
          findings[n].info = &infos[i];
          g_strlcpy (findings[n++].figures, found.figures[i], sizeof findings->figures);
        }
  if (n == 0)
    findings[n++] = (VgwFinding){ .info = &infos[FINDING_GOOD] };
  return n;
}

const VgwFindingInfo *
vgw_admin_finding_get_info (guint i)
{
  return i < N_FINDINGS ? &infos[i] : NULL;
}

const char *
vgw_admin_finding_level_to_string (VgwFindingLevel level)
{
  switch (level)
    {
    case VGW_FINDING_PROBLEM:
      return "problem";
    case VGW_FINDING_WARNING:
      return "warning";
    case VGW_FINDING_NOTE:
      return "note";
    case VGW_FINDING_GOOD:
      return "good";
    }
  return "note";
}

static void
set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL && *text != '\0')
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

JsonArray *
vgw_admin_diagnosis_to_json (const VgwDiagnosisFacts *facts)
{
  VgwFinding findings[VGW_ADMIN_MAX_FINDINGS];
  guint n = vgw_admin_diagnose (facts, findings);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < n; i++)
    {
      JsonObject *object = json_object_new ();

      set_text (object, "code", findings[i].info->code);
      set_text (object, "level", vgw_admin_finding_level_to_string (findings[i].info->level));
      set_text (object, "title", findings[i].info->title);
      set_text (object, "figures", findings[i].figures);
      set_text (object, "cause", findings[i].info->cause);
      set_text (object, "advice", findings[i].info->advice);
      json_array_add_object_element (array, object);
    }
  return array;
}
