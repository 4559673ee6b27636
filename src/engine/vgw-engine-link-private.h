/* The two halves of VgwEngineLink: vgw-engine-link.c connects and closes, vgw-engine-link-io.c reads and writes. */
#pragma once

#include "base/vgw-token-bucket.h"
#include "engine/vgw-engine-link.h"
#include "net/vgw-ws-handshake.h"

G_BEGIN_DECLS

#define VGW_ENGINE_LINK_CLOSE_NORMAL 1000 /* RFC 6455 section 7.4.1 */

struct _VgwEngineLink
{
  GObject parent_instance;

  VgwEngineConfig *config; /* a copy: a closing link outlives its call */
  const VgwDialect *dialect;
  GCancellable *cancellable; /* of connecting */
  GNetworkAddress *address;  /* (nullable) */
  GSource *timer;            /* until it is open, and while it closes */
  GSocketConnection *connection;
  VgwWsHandshake *ws; /* NULL for a TCP stream */
  gboolean is_open;
  gboolean is_over; /* "closed" was emitted, or close () called */

  GSource *read_source;              /* or, while a flood waits, the timer that brings it back */
  VgwEngineLinkMayReadFunc may_read; /* (nullable) */
  gpointer may_read_data;
  VgwTokenBucket read_bytes;
  VgwTokenBucket work_us; /* of the thread's time */

  GSource *write_source; /* while `unsent` waits for room */
  GByteArray *unsent;
  gsize max_unsent_bytes;
  GError *write_error; /* (nullable) */
};

/* vgw-engine-link.c */

/* The handshake is over, or there is none. */
void vgw_engine_link_set_open (VgwEngineLink *self);

/* Emits "frame", unless the link is over. */
void vgw_engine_link_emit_frame (VgwEngineLink *self, gboolean is_text, const guint8 *data, gsize length);

/* Lets go of the socket and emits "closed", unless that was done. Takes @error (nullable). It may drop the last
 * reference as it returns: of whoever calls it from a source, one of its own. */
void vgw_engine_link_end (VgwEngineLink *self, VgwEngineLinkEnd how, GError *error);

/* The same with an error that says whose link to where, @what happened and @why: as FAILED, or as ENDED by the bot. */
void vgw_engine_link_fail (VgwEngineLink *self, const char *what, const char *why);
void vgw_engine_link_lose (VgwEngineLink *self, const char *why);

/* vgw-engine-link-io.c */

/* Queues bytes as they are, beyond any bound. */
void vgw_engine_link_queue_bytes (VgwEngineLink *self, gconstpointer data, gsize length);

/* The same for one frame, and for a closing frame with @code and @reason (nullable), which is cut to what fits. Of a
 * WebSocket. */
void vgw_engine_link_queue_frame (VgwEngineLink *self, VgwWsOpcode opcode, gconstpointer data, gsize length);
void vgw_engine_link_queue_close (VgwEngineLink *self, guint16 code, const char *reason);

/* Hands what is queued to the kernel as far as it takes it. Tells of errors from the loop only. */
void vgw_engine_link_write_more (VgwEngineLink *self);

/* Begins to read. */
void vgw_engine_link_watch_reading (VgwEngineLink *self);

G_END_DECLS
