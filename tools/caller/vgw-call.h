/* One call: signaling over a WebSocket (docs/PROTOCOL.md) as the offerer, and its media. Main thread only.
 *
 * Signals:
 *   "state-changed" (VgwCallState state)
 *   "event"         (const char *text)   an application event of the gateway
 *   "ended"         (void)               once; the report is complete and all threads of the call have ended
 */
#pragma once

#include <libsoup/soup.h>

#include "caller/vgw-call-report.h"
#include "caller/vgw-call-state.h"
#include "media/vgw-pacer.h"

#define VGW_TYPE_CALL (vgw_call_get_type ())
G_DECLARE_FINAL_TYPE (VgwCall, vgw_call, VGW, CALL, GObject)

/* Shared by all calls of the process; must outlive them. */
typedef struct
{
  char *url;                                        /* ws: or wss: */
  char *origin;                                     /* (nullable) the Origin header */
  char *event_json;                                 /* (nullable) sent once the call is up */
  char *turn_url, *turn_username, *turn_credential; /* (nullable) a TURN server beside those the gateway names */
  char *keys;                                       /* (nullable) keys to press, as for vgw_call_keys_new () */
  gboolean is_relay_only;
  gboolean has_data_channel;
  gboolean accepts_any_certificate;
  guint duration_ms; /* from connected to `bye`; 0: the speech and a little more */
  guint timeout_ms;  /* from start to connected */
  SoupSession *http;
  VgwPacer *pacer;
  VgwSpeech *speech;
  VgwWavWriter *wav_writer; /* (nullable) where no call writes a WAV */
} VgwCallSettings;

/* @out_path (nullable): the WAV for the received audio; an existing file is replaced. Returns: (transfer full) */
VgwCall *vgw_call_new (const VgwCallSettings *settings, const char *out_path);

void vgw_call_start (VgwCall *self);

/* Ends the call early; the report then has the measurements so far. Idempotent. */
void vgw_call_hang_up (VgwCall *self);

/* Complete after "ended". (transfer none) */
const VgwCallReport *vgw_call_get_report (VgwCall *self);
