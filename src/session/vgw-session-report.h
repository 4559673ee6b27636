/* What managers, the admin listener and the metrics get to know about a session, from its parts. A value. Main
 * thread. */
#pragma once

#include "base/vgw-call-connection.h"
#include "session/vgw-attachment.h"
#include "session/vgw-legs.h"
#include "session/vgw-session-history.h"

/* The pointers outlive it. */
typedef struct
{
  VgwManager *manager;
  const char *session_id;
  const VgwGrant *grant;
  VgwConversation *conversation;
  VgwLegs *legs;
  VgwOutbox *outbox;
  const VgwAttachment *attachment;
  VgwSessionHistory history;
  VgwEndReason end_reason; /* from phase ENDING on */
  guint n_turns, n_interrupted_turns;
} VgwSessionReport;

/* What has become of media, offers and doors since the start. */
typedef struct
{
  guint64 n_resumed;
  guint64 n_takeovers, n_failed_takeovers;
  guint64 n_dropped_messages;
  gint64 media_mono_us; /* g_get_monotonic_time () of the last media of the client; 0 for none */
} VgwSessionCounts;

/* The strings of @facts are valid until the session changes. @phase: the present one. */
void vgw_session_report_get_facts (const VgwSessionReport *self, VgwSessionPhase phase, VgwSessionFacts *facts);

void vgw_session_report_get_counts (const VgwSessionReport *self, VgwSessionCounts *counts);

/* The state of the current connection and of the engine; @phase: the present one. */
void vgw_session_report_get_connection (const VgwSessionReport *self, VgwSessionPhase phase,
                                        VgwCallConnection *connection);

/* The figures of the call. */
void vgw_session_report_get_call_stats (const VgwSessionReport *self, VgwCallStats *stats);

/* @turn is over. Adds the network's part to it, and passes it to the manager and, at debug, to the log. @phase: the
 * present one. */
void vgw_session_report_turn (VgwSessionReport *self, VgwSessionPhase phase, VgwTurn *turn);

/* Of the current connection; NULL while there is none. (transfer none) */
VgwPeer *vgw_session_report_get_peer (const VgwSessionReport *self);
