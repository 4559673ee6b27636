/* One call: takes messages, emits messages, and owns the peer, the bridge and the engine. It never sees a socket.
 * Main thread only.
 *
 * Signals:
 *   "outgoing" (const VgwMessage *message)   for the client
 *   "ended"    (const char *reason)          emitted once, after the last outgoing message
 */
#pragma once

#include <glib-object.h>

#include "engine/vgw-engine-factory.h"
#include "manager/vgw-manager.h"
#include "media/vgw-media.h"
#include "session/vgw-session-state.h"
#include "signaling/vgw-message.h"

G_BEGIN_DECLS

#define VGW_TYPE_SESSION (vgw_session_get_type ())
G_DECLARE_FINAL_TYPE (VgwSession, vgw_session, VGW, SESSION, GObject)

/* Bounds of one session; 0 means no bound for times. */
typedef struct
{
  guint offer_timeout_ms;
  guint connect_timeout_ms;
  guint media_timeout_ms;
  guint max_duration_s;
  guint max_candidates;
  guint max_data_channels;
  guint max_message_bytes;
  guint max_playout_ms;
} VgwSessionSettingsLimits;

/* Shared by all sessions; owned by the table, which outlives them. */
typedef struct
{
  VgwMedia *media;
  VgwManager *manager;
  char *engine_type;
  VgwEngineSettings engine_settings;
  VgwAudioFormat format;
  VgwSessionSettingsLimits limits;
  GPtrArray *client_ice_servers; /* VgwIceServer*, (nullable) */
} VgwSessionContext;

/* @context (transfer none) must outlive the session. @client_address (nullable) is for limits and the log.
 * The id is 128 random bits in URL-safe base64. Returns: (transfer full) */
VgwSession *vgw_session_new (const VgwSessionContext *context, const char *client_address);

/* Registers with the manager, emits `session`, starts the offer timer. */
void vgw_session_start (VgwSession *self);

/* One message from the client. Errors go out as `error` messages; only where the table says fatal does one end the
 * session. */
void vgw_session_handle (VgwSession *self, const VgwMessage *message);

/* What the channel could not parse: answered with a non-fatal `error`, except TOO_LARGE, which is fatal. */
void vgw_session_handle_bad_message (VgwSession *self, const GError *error);

/* Ends it: `state: ended` goes out, then "ended" is emitted, at once. Idempotent. */
void vgw_session_end (VgwSession *self, VgwEndReason reason);

const char *vgw_session_get_id (VgwSession *self);
const char *vgw_session_get_client_address (VgwSession *self);
VgwState vgw_session_get_state (VgwSession *self);

G_END_DECLS
