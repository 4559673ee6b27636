/* The state of a call's connection to its client and to its engine: a value, for the admin listener. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_CALL_ENGINE_WAITING,     /* it is started once media passes */
  VGW_CALL_ENGINE_CONNECTING,  /* over the network */
  VGW_CALL_ENGINE_RUNNING,     /* also after a lost connection was restored */
  VGW_CALL_ENGINE_UNREACHABLE, /* the first attempt has failed; others follow */
  VGW_CALL_ENGINE_LOST,        /* the connection is lost; attempts to restore it follow */
  VGW_CALL_ENGINE_NONE,        /* it has failed, and the call continues without one */
} VgwCallEngineState;

/* All 0 before an offer. */
typedef struct
{
  gboolean is_checked;     /* the client has sent a valid connectivity check, or ICE is libnice's and was connected */
  gboolean has_dtls;       /* a DTLS packet of the client was received */
  gboolean is_connected;   /* ICE and DTLS */
  gboolean is_silent;      /* nothing is sent: the client's address does not respond any more */
  gboolean is_sending;     /* the directions of the client's last offer: it sends audio … */
  gboolean is_receiving;   /* … and receives it */
  gint64 last_activity_us; /* g_get_monotonic_time () of the last sign of life: a packet, or a valid connectivity check;
                            * while the client proves that it receives what is sent to it. 0: none yet */
  gint64 packet_age_ms;    /* since the last packet of the client; -1: none yet */
  guint64 ignored;         /* packets with another payload type than the negotiated ones, or without payload */
  guint64 dropped;         /* packets beyond the limits of rate, audio and SSRCs */
  VgwCallEngineState engine;
} VgwCallConnection;
