/* What the UDP port, and the TCP port, has seen. No GStreamer here: the admin listener shows it. */
#pragma once

#include <glib.h>

/* Packets since the start. */
typedef struct
{
  guint64 received;        /* all that recvmmsg () returned */
  guint64 delivered;       /* to a transport */
  guint64 checks;          /* valid connectivity checks */
  guint64 refused;         /* authenticated checks answered with an error */
  guint64 unauthenticated; /* STUN with an unknown user or a wrong password: no answer */
  guint64 malformed;       /* neither STUN nor DTLS, SRTP or SRTCP; or longer than 2048 bytes */
  guint64 ignored;         /* STUN indications, and responses without a pending request */
  guint64 unknown_source;  /* media from an address without a valid check */
  guint64 own_checks;      /* sent by the gateway */
  guint64 answers;         /* to them, which prove an address */
  guint64 foreign;         /* valid checks from an address that belongs to another session */
  guint64 moved;           /* changes of a session's address */
  guint64 consents_lost;   /* sessions that sending stopped to, because no address answered */
  guint64 kernel_dropped;  /* the socket's receive buffer was full */
  guint64 sent;
  guint64 send_dropped; /* refused by the kernel: buffer full, no route */
  guint64 restarts;     /* of ICE, that have come to media on a path with the new credentials */

  /* ICE over TCP; its packets are counted above */
  guint64 tcp_connections;     /* open now */
  guint64 tcp_accepted;        /* connections */
  guint64 tcp_refused;         /* or closed early, as there were too many */
  guint64 tcp_expired;         /* closed without a valid check, or long after the last one */
  guint64 tcp_unused;          /* closed when no session had them any more */
  guint64 tcp_dropped_packets; /* as the client did not read */
} VgwIceStats;
