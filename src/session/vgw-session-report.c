#include "session/vgw-session-report.h"

#include "base/vgw-log.h"
#include "session/vgw-turns.h"
#include "media/vgw-peer-description.h"

void
vgw_session_report_get_facts (const VgwSessionReport *self, VgwSessionPhase phase, VgwSessionFacts *facts)
{
  gboolean is_over = phase == VGW_PHASE_ENDING || phase == VGW_PHASE_ENDED;

  *facts = (VgwSessionFacts){
    .session_id = self->session_id,
    .client_address = self->grant->address,
    .door = self->grant->door,
    .origin = self->grant->origin,
    .identity = self->grant->identity,
    .traceparent = self->grant->traceparent,
    .engine = vgw_conversation_get_config (self->conversation)->name,
    .state = vgw_session_phase_to_string (phase),
    .codec = vgw_leg_get_codec (vgw_legs_get_current (self->legs)),
    .reason = is_over ? vgw_end_reason_to_string (self->end_reason) : NULL,
    .started_at_us = self->history.started_at_us,
    .duration_ms = vgw_session_history_get_duration_ms (&self->history),
  };
}

void
vgw_session_report_get_counts (const VgwSessionReport *self, VgwSessionCounts *counts)
{
  counts->n_resumed = self->attachment->n_resumed;
  counts->n_dropped_messages = vgw_outbox_count_dropped (self->outbox);
  vgw_legs_count (self->legs, &counts->n_takeovers, &counts->n_failed_takeovers);
  counts->media_mono_us = vgw_legs_get_media_us (self->legs);
}

static VgwCallEngineState
get_engine_state (const VgwSessionReport *self, VgwSessionPhase phase)
{
  static const VgwCallEngineState states[] = {
    [VGW_ENGINE_STATUS_CONNECTING] = VGW_CALL_ENGINE_CONNECTING,
    [VGW_ENGINE_STATUS_CONNECTED] = VGW_CALL_ENGINE_RUNNING,
    [VGW_ENGINE_STATUS_UNREACHABLE] = VGW_CALL_ENGINE_UNREACHABLE,
    [VGW_ENGINE_STATUS_LOST] = VGW_CALL_ENGINE_LOST,
    [VGW_ENGINE_STATUS_RESTORED] = VGW_CALL_ENGINE_RUNNING,
  };
  VgwEngine *engine = vgw_conversation_get_engine (self->conversation);

  if (phase < VGW_PHASE_ACTIVE)
    return VGW_CALL_ENGINE_WAITING;
  return engine != NULL ? states[vgw_engine_get_status (engine)] : VGW_CALL_ENGINE_NONE;
}

void
vgw_session_report_get_connection (const VgwSessionReport *self, VgwSessionPhase phase, VgwCallConnection *connection)
{
  VgwPeer *peer = vgw_session_report_get_peer (self);

  *connection = (VgwCallConnection){ .packet_age_ms = -1, .engine = get_engine_state (self, phase) };
  if (peer != NULL)
    vgw_peer_get_connection (peer, connection);
}

void
vgw_session_report_get_call_stats (const VgwSessionReport *self, VgwCallStats *stats)
{
  vgw_call_stats_init (stats);
  vgw_conversation_get_call_stats (self->conversation, stats);
  vgw_legs_get_call_stats (self->legs, stats);
  stats->counts.turns = self->n_turns;
  stats->counts.barge_ins = self->n_interrupted_turns;
}

void
vgw_session_report_turn (VgwSessionReport *self, VgwSessionPhase phase, VgwTurn *turn)
{
  VgwSessionFacts facts;
  VgwCallStats stats;

  self->n_turns = turn->number;
  self->n_interrupted_turns += turn->end == VGW_TURN_INTERRUPTED;
  vgw_session_report_get_call_stats (self, &stats);
  vgw_turns_add_network (turn, &stats);
  vgw_debug (self->session_id,
             "turn %u: %s; after the caller's %" G_GINT64_FORMAT " ms: to engine %" G_GINT64_FORMAT
             " ms, first byte %" G_GINT64_FORMAT " ms, first sent %" G_GINT64_FORMAT " ms, heard %" G_GINT64_FORMAT
             " ms; reply %" G_GINT64_FORMAT " ms",
             turn->number, vgw_turn_end_to_string (turn->end), turn->speech_ms, turn->to_engine_ms, turn->first_byte_ms,
             turn->first_sent_ms, turn->heard_ms, turn->reply_ms);
  vgw_session_report_get_facts (self, phase, &facts);
  vgw_manager_turn (self->manager, &facts, turn);
}

VgwPeer *
vgw_session_report_get_peer (const VgwSessionReport *self)
{
  return vgw_leg_get_peer (vgw_legs_get_current (self->legs));
}
