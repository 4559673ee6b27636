/* Writes events of OpenAI's Realtime protocol, each with an id of its own. Pure. Main thread. */
#pragma once

#include "doors/vgw-realtime-request.h"

/* @json: the text of an event. @is_reply: for the client whose request is being handled, else for all of them. */
typedef void (*VgwRealtimeFunc) (const char *json, gboolean is_reply, gpointer user_data);

typedef struct
{
  VgwRealtimeFunc func;
  gpointer user_data;
  char *id; /* of the call, in all ids */
  guint64 n_ids;
} VgwRealtimeWriter;

/* "PREFIX_…", which is no other's. Returns: (transfer full) */
char *vgw_realtime_writer_make_id (VgwRealtimeWriter *self, const char *prefix);

/* {"type","event_id"}. Returns: (transfer full) */
JsonObject *vgw_realtime_writer_new_event (VgwRealtimeWriter *self, const char *type);

/* @event: (transfer full) */
void vgw_realtime_writer_send (VgwRealtimeWriter *self, JsonObject *event, gboolean is_reply);

/* Sends an `error`: in reply to @request, or for NULL one of the gateway to all clients. @param: (nullable) */
void vgw_realtime_writer_send_error (VgwRealtimeWriter *self, const VgwRealtimeRequest *request, const char *code,
                                     const char *param, const char *message);
