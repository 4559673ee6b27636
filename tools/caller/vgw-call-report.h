/* The result of a call, as text and as JSON. */
#pragma once

#include <json-glib/json-glib.h>

#include "caller/vgw-call-media.h"

/* Also the exit status of voice-gateway-call (man page, EXIT STATUS). */
typedef enum
{
  VGW_CALL_OK = 0,        /* audio came back */
  VGW_CALL_NO_AUDIO = 1,  /* connected, but nothing louder than silence came back */
  VGW_CALL_USAGE = 2,     /* options or input file */
  VGW_CALL_SIGNALING = 3, /* no WebSocket, no answer, or the gateway refused */
  VGW_CALL_TRANSPORT = 4, /* ICE or DTLS did not connect */
  VGW_CALL_INTERNAL = 5,  /* internal error, or a missing GStreamer element */
  VGW_CALL_OUTPUT = 6,    /* --out could not be written */
} VgwCallResult;

const char *vgw_call_result_to_string (VgwCallResult result);

/* Moments of a call, in milliseconds since its start; -1 where they did not occur. */
typedef enum
{
  VGW_CALL_MOMENT_WEBSOCKET, /* the WebSocket is open */
  VGW_CALL_MOMENT_OFFER,     /* the offer was sent */
  VGW_CALL_MOMENT_ANSWER,    /* the answer came */
  VGW_CALL_MOMENT_ICE,
  VGW_CALL_MOMENT_DTLS,
  VGW_CALL_MOMENT_FIRST_AUDIO,
  VGW_CALL_MOMENT_FIRST_VOICE,
  VGW_CALL_MOMENT_ENDED,
  VGW_CALL_N_MOMENTS
} VgwCallMoment;

typedef struct
{
  VgwCallResult result;
  char *failure;     /* (nullable) */
  char *end_reason;  /* (nullable) of the gateway's `state: ended` */
  char *session_id;  /* (nullable) */
  gint64 started_us; /* of the monotonic clock */
  double moments_ms[VGW_CALL_N_MOMENTS];
  gboolean has_measurements;
  VgwCallMeasurements measurements;
} VgwCallReport;

/* @report is zeroed; sets all moments to -1. */
void vgw_call_report_init (VgwCallReport *report);
void vgw_call_report_clear (VgwCallReport *report);

/* The number of windows of 20 ms louder than silence that VGW_CALL_OK requires. */
#define VGW_CALL_MIN_VOICED_WINDOWS 10

/* One object with every field of the man page. Returns: (transfer full) */
JsonObject *vgw_call_report_to_json (const VgwCallReport *report);

/* One or two lines for a terminal, without a newline at the end. Returns: (transfer full) */
char *vgw_call_report_to_text (const VgwCallReport *report);

/* Counts of results, and the median, 95th percentile and maximum of each moment, over @n_reports calls.
 * Returns: (transfer full) */
JsonObject *vgw_call_reports_summarise (const VgwCallReport *const *reports, gsize n_reports);
