/* The one UDP port of the gateway: a thread, `vgw-ice`, that receives in batches, answers connectivity checks and
 * hands everything else to the transport that owns the remote address. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define VGW_TYPE_ICE_MUX (vgw_ice_mux_get_type ())
G_DECLARE_FINAL_TYPE (VgwIceMux, vgw_ice_mux, VGW, ICE_MUX, GObject)

/* Packets since the start. */
typedef struct
{
  guint64 received;        /* all that recvmmsg () returned */
  guint64 delivered;       /* given to a transport */
  guint64 checks;          /* valid connectivity checks */
  guint64 refused;         /* authenticated checks answered with an error */
  guint64 unauthenticated; /* STUN with an unknown user or a wrong password: no answer */
  guint64 malformed;       /* neither STUN nor DTLS, SRTP or SRTCP; or longer than 2048 bytes */
  guint64 ignored;         /* STUN responses and indications */
  guint64 unknown_source;  /* media from an address without a valid check */
  guint64 kernel_dropped;  /* the socket's receive buffer was full */
  guint64 sent;
  guint64 send_dropped; /* refused by the kernel: buffer full, no route */
} VgwIceStats;

/* Binds IPv4 and, where the machine has it, IPv6 on the same @port (0: any). @bind_address (nullable, or ""): only
 * there. @advertise (nullable): addresses for candidates instead of those found; "PUBLIC" or "PUBLIC:PORT", one or
 * several. Errors: G_IO_ERROR with the port or the text that is no address in the message. Returns: (transfer full) */
VgwIceMux *vgw_ice_mux_new (guint16 port, const char *bind_address, const char *const *advertise, GError **error);

/* Joins the threads and closes the sockets. Idempotent; main thread. Needed before the last reference goes. */
void vgw_ice_mux_shutdown (VgwIceMux *self);

guint16 vgw_ice_mux_get_port (VgwIceMux *self);

/* Any thread. */
void vgw_ice_mux_get_stats (VgwIceMux *self, VgwIceStats *stats);

G_END_DECLS
