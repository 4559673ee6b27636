/* Shared by all peers of the process: GStreamer, the pipelines, the UDP port, the pacer, the DTLS certificate, the SCTP
 * association ids, the reaper. Created once by the app. No header of GStreamer is included here. */
#pragma once

#include <glib-object.h>

#include "ice/vgw-ice-stats.h"
#include "ice/vgw-ice-tcp-settings.h"
#include "media/vgw-pacer.h"
#include "base/vgw-histogram.h"
#include "media/vgw-rtp-stats.h"
#include "media/vgw-sctp-ids.h"

struct _GstElement;
struct _VgwIceMux;
struct _VgwDtlsCertificate;

#define VGW_TYPE_MEDIA (vgw_media_get_type ())
G_DECLARE_FINAL_TYPE (VgwMedia, vgw_media, VGW, MEDIA, GObject)

typedef enum
{
  VGW_ICE_AGENT_MUX,  /* ICE-lite, one UDP port for all */
  VGW_ICE_AGENT_NICE, /* libnice, full ICE */
} VgwIceAgentKind;

/* The groups [ice] and [media] of the configuration, and members that the app sets. Strings are borrowed: those of
 * stun_servers and turn_servers for the life of the VgwMedia, the others for vgw_media_new (). A (nullable) string may
 * also be empty; string lists are NULL-terminated and may be NULL. */
typedef struct
{
  VgwIceAgentKind ice_agent;
  guint16 udp_port;             /* mux; 0: any free port */
  const char *bind_address;     /* mux (nullable): local address to use, else all */
  VgwIceTcpSettings ice_tcp;    /* mux; port 0: none */
  const char *const *advertise; /* mux: addresses and names for candidates, see vgw_ice_advertise_resolve (); NULL: find
                                      the machine's */
  const char *advertise_where;  /* (nullable) where these are configured, for errors */
  const char *const *stun_servers; /* nice: "stun:host:port" */
  const char *const *turn_servers; /* nice: "turn:user:password@host:port?transport=udp" */
  guint16 min_port, max_port;      /* nice: 0 for any */
  guint gather_timeout_ms;         /* longest wait for candidates before the answer is sent */
  const char *const *pipelines;    /* names, best first */
  const char *pipelines_where;     /* (nullable) where these are configured, for errors */
  const char *pipeline_dir;        /* (nullable) media.pipeline-dir; NULL: the installed ones */
  const char *pipeline_override;   /* (nullable) text or file to use instead of all of them */
  const char *const *extra_elements;
  guint latency_ms;           /* of the jitter buffer */
  gboolean uses_dtx;          /* towards callers: vgw-dtx.h */
  gboolean asks_for_dtx;      /* of callers, in the answer */
  gboolean adapts_complexity; /* the app lowers the encoders' complexity under load */
  guint max_mlines, max_data_channels;
} VgwMediaSettings;

/* To be called before any thread is started: small thread stacks, gst_init (), own elements. Errors: VGW_ERROR_CONFIG
 * where a plugin is missing or known to be unsafe (the message names the Debian package). */
gboolean vgw_media_prepare_process (GError **error);

/* Errors: VGW_ERROR_CONFIG. Main thread. Returns: (transfer full) */
VgwMedia *vgw_media_new (const VgwMediaSettings *settings, GError **error);

/* Looks up the names again and uses the addresses for later sessions; a failure is logged and changes nothing. Main
 * thread, without blocking. */
void vgw_media_set_advertise (VgwMedia *self, const char *const *advertise);

/* Waits for every peer that is being torn down, stops the threads. Main thread; last. */
void vgw_media_shutdown (VgwMedia *self);

VgwPacer *vgw_media_get_pacer (VgwMedia *self);

/* The limit of the Opus complexity of all encoders of the process, with precedence over descriptions; 10: none. Any
 * thread. */
void vgw_media_set_complexity_ceiling (VgwMedia *self, guint complexity);
guint vgw_media_get_complexity_ceiling (VgwMedia *self);

/* The UDP port of `mux`, for tests and the log; 0 with `nice`. */
guint16 vgw_media_get_udp_port (VgwMedia *self);

/* Statistics of the UDP port of `mux`; FALSE with `nice`. Main thread. */
gboolean vgw_media_get_ice_stats (VgwMedia *self, VgwIceStats *stats);

/* Statistics of the RTP of all callers. Any thread. */
void vgw_media_get_rtp_stats (VgwMedia *self, VgwRtpStats *stats);

/* Times in s, of all calls. */
typedef enum
{
  VGW_MEDIA_TIME_ROUND_TRIP, /* to a caller, one for each of its reports */
  VGW_MEDIA_TIME_BARGE_IN,   /* from the beginning of the caller's speech until the engine's audio is cut off */
  VGW_MEDIA_N_TIMES,
} VgwMediaTime;

/* Any thread. */
void vgw_media_get_times (VgwMedia *self, VgwMediaTime which, VgwHistogram *times_s);
void vgw_media_observe_time (VgwMedia *self, VgwMediaTime which, gint64 time_us);

/* Peers that are not yet torn down, for tests and the log. Any thread. */
guint vgw_media_count_peers (VgwMedia *self);

/* --- for media/ --------------------------------------------------------------------------------------------------- */

/* (transfer none) */
const VgwMediaSettings *vgw_media_get_settings (VgwMedia *self);

/* (element-type VgwPipeline), best first. (transfer none) */
GPtrArray *vgw_media_get_pipelines (VgwMedia *self);

/* NULL with ice.agent = nice. (transfer none) */
struct _VgwIceMux *vgw_media_get_ice_mux (VgwMedia *self);

/* Valid until vgw_media_shutdown (). Any thread. (transfer none) */
const struct _VgwDtlsCertificate *vgw_media_get_certificate (VgwMedia *self);

VgwSctpIds *vgw_media_get_sctp_ids (VgwMedia *self);

/* For GST_DEBUG_DUMP_DOT_DIR: vgw_pipeline_dump_write (). */
void vgw_media_dump (VgwMedia *self, struct _GstElement *pipeline, const char *session_id);

/* Sets @pipeline (transfer full) to NULL on a reaper thread and frees it: webrtcbin joins its threads there, so it must
 * be neither one of them nor the main thread. @sctp_id (0: none) is returned to the pool afterwards. */
void vgw_media_reap (VgwMedia *self, struct _GstElement *pipeline, guint sctp_id);

/* Counts an event of a caller's RTP. Any thread. */
void vgw_media_count_rtp (VgwMedia *self, VgwRtpCount which);

/* Counts a new peer; vgw_media_reap () counts it out. */
void vgw_media_count_peer (VgwMedia *self);
