/* The server's side of OpenAI's Realtime protocol for any engine: the moments of a call become its events, and
 * requests of clients become events in reply and actions. What the gateway does not know it does not send. Pure:
 * what is sent and done is up to the caller. Main thread.  A response is what the bot says without a pause: it
 * begins with the first audio or the first transcript of it, and ends when the audio has been played or was cut
 * off. The caller's speech is an item of its own, and has the transcript that the engine reports for it. */
#pragma once

#include "access/vgw-access.h"
#include "doors/vgw-realtime-writer.h"

typedef struct _VgwRealtimeEvents VgwRealtimeEvents;

/* What a client asks for, in this order. */
typedef struct
{
  gboolean interrupts; /* the bot is to be silenced */
  char *event;         /* (nullable) for the engine, JSON text; owned */
} VgwRealtimeAction;

/* @id: the call's, in all ids. @engine: the name of the engine. @session (nullable, transfer none): what the client or
 * its server wants of the session. Sends nothing yet. Returns: (transfer full) */
VgwRealtimeEvents *vgw_realtime_events_new (const char *id, const char *engine, JsonObject *session,
                                            VgwRealtimeFunc func, gpointer user_data);
void vgw_realtime_events_free (VgwRealtimeEvents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwRealtimeEvents, vgw_realtime_events_free)

/* Sends session.created, which is the first event for each client. @engine (nullable): the name of another one, which a
 * session manager has chosen. */
void vgw_realtime_events_greet (VgwRealtimeEvents *self, const char *engine, gboolean is_reply);

/* @now_us: monotonic. CHANNEL_OPEN and CLIENT_TEXT are the caller's. */
void vgw_realtime_events_handle_moment (VgwRealtimeEvents *self, const VgwMoment *moment, gint64 now_us);

/* @now_us: monotonic. @action (out): its event is (transfer full). */
void vgw_realtime_events_handle_request (VgwRealtimeEvents *self, const VgwRealtimeRequest *request, gint64 now_us,
                                         VgwRealtimeAction *action);

/* The event for the engine that has what a client or its server wants of the session. Returns: (transfer full) */
char *vgw_realtime_make_session_event (JsonObject *session);

/* The same, of the session as it is now, for an engine that takes over; NULL where nobody has wanted anything of it.
 * Returns: (transfer full) (nullable) */
char *vgw_realtime_events_repeat_session (VgwRealtimeEvents *self);

/* Sends an error of the gateway to all clients; nothing has been changed by what caused it. */
void vgw_realtime_events_report_error (VgwRealtimeEvents *self, const char *code, const char *message);
