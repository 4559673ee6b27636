#include "caller/vgw-call-report.h"

#include <math.h>

#include "caller/vgw-call-codec.h"

static const char *const moment_names[VGW_CALL_N_MOMENTS] = {
  "websocket_ms", "offer_ms", "answer_ms", "ice_ms", "dtls_ms", "first_audio_ms", "first_voice_ms", "ended_ms",
};

const char *
vgw_call_result_to_string (VgwCallResult result)
{
  switch (result)
    {
    case VGW_CALL_OK:
      return "ok";
    case VGW_CALL_NO_AUDIO:
      return "no-audio";
    case VGW_CALL_USAGE:
      return "usage";
    case VGW_CALL_SIGNALING:
      return "signaling";
    case VGW_CALL_TRANSPORT:
      return "transport";
    case VGW_CALL_INTERNAL:
      return "internal";
    case VGW_CALL_OUTPUT:
      return "output";
    }
  return "unknown";
}

void
vgw_call_report_init (VgwCallReport *report)
{
  for (guint i = 0; i < VGW_CALL_N_MOMENTS; i++)
    report->moments_ms[i] = -1;
}

void
vgw_call_report_clear (VgwCallReport *report)
{
  g_clear_pointer (&report->failure, g_free);
  g_clear_pointer (&report->end_reason, g_free);
  g_clear_pointer (&report->session_id, g_free);
}

/* Rounds numbers to their accuracy. */
static double
round_to_tenth (double value)
{
  return round (value * 10.0) / 10.0;
}

static void
set_string (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

static void
set_time (JsonObject *object, const char *name, double value_ms)
{
  if (value_ms >= 0)
    json_object_set_double_member (object, name, round_to_tenth (value_ms));
  else
    json_object_set_null_member (object, name);
}

static double
since_start_ms (const VgwCallReport *report, gint64 moment_us)
{
  return moment_us < 0 ? -1 : (double) (moment_us - report->started_us) / 1000.0;
}

JsonObject *
vgw_call_report_to_json (const VgwCallReport *report)
{
  const VgwCallMeasurements *media = &report->measurements;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "result", vgw_call_result_to_string (report->result));
  set_string (object, "failure", report->failure);
  set_string (object, "end_reason", report->end_reason);
  set_string (object, "session_id", report->session_id);
  for (guint i = 0; i < VGW_CALL_N_MOMENTS; i++)
    set_time (object, moment_names[i], report->moments_ms[i]);
  json_object_set_double_member (object, "clock_ms", round_to_tenth ((double) report->started_us / 1000.0));
  if (!report->has_measurements)
    return object;
  set_time (object, "said_start_ms", since_start_ms (report, media->said_start_us));
  set_time (object, "heard_start_ms", since_start_ms (report, media->heard_start_us));
  json_object_set_int_member (object, "packets_sent", (gint64) media->n_sent);
  json_object_set_int_member (object, "packets_received", (gint64) media->received.n_received);
  json_object_set_int_member (object, "packets_lost", (gint64) vgw_rtp_counter_get_lost (&media->received));
  json_object_set_double_member (object, "jitter_ms", round (media->received.jitter_ms * 100.0) / 100.0);
  json_object_set_int_member (object, "samples_received", (gint64) media->level.n_samples);
  json_object_set_int_member (object, "sample_rate", VGW_CALL_OUTPUT_RATE_HZ);
  json_object_set_double_member (object, "rms", round_to_tenth (vgw_level_meter_get_rms (&media->level)));
  json_object_set_int_member (object, "peak", media->level.peak);
  json_object_set_int_member (object, "voiced_ms", media->level.n_voiced_windows * 20);
  return object;
}

static void
append_moment (GString *text, const char *label, double value_ms)
{
  if (value_ms >= 0)
    g_string_append_printf (text, "%s%s %.0f ms", text->len > 0 ? ", " : "", label, value_ms);
}

char *
vgw_call_report_to_text (const VgwCallReport *report)
{
  const VgwCallMeasurements *media = &report->measurements;
  GString *text = g_string_new (NULL);

  append_moment (text, "answer", report->moments_ms[VGW_CALL_MOMENT_ANSWER]);
  append_moment (text, "ICE", report->moments_ms[VGW_CALL_MOMENT_ICE]);
  append_moment (text, "DTLS", report->moments_ms[VGW_CALL_MOMENT_DTLS]);
  append_moment (text, "first audio", report->moments_ms[VGW_CALL_MOMENT_FIRST_AUDIO]);
  if (report->has_measurements)
    g_string_append_printf (text,
                            "%s%" G_GUINT64_FORMAT " packets sent, %" G_GUINT64_FORMAT " received, %" G_GUINT64_FORMAT
                            " lost, jitter %.1f ms; received %.1f s of audio, %.1f s of it voice, RMS %.0f, peak %u",
                            text->len > 0 ? "\n" : "", media->n_sent, media->received.n_received,
                            vgw_rtp_counter_get_lost (&media->received), media->received.jitter_ms,
                            (double) media->level.n_samples / VGW_CALL_OUTPUT_RATE_HZ,
                            media->level.n_voiced_windows * 0.02, vgw_level_meter_get_rms (&media->level),
                            media->level.peak);
  if (report->failure != NULL)
    g_string_append_printf (text, "%s%s: %s", text->len > 0 ? "\n" : "", vgw_call_result_to_string (report->result),
                            report->failure);
  return g_string_free (text, FALSE);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

/* The value below which @fraction of the sorted @values lies (nearest rank). */
static double
percentile (const GArray *values, double fraction)
{
  const guint rank = (guint) ceil (fraction * values->len);

  return g_array_index (values, double, MAX (rank, 1) - 1);
}

static void
add_distribution (JsonObject *summary, VgwCallMoment moment, const VgwCallReport *const *reports, gsize n_reports)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  JsonObject *distribution;

  for (gsize i = 0; i < n_reports; i++)
    {
      if (reports[i]->moments_ms[moment] >= 0)
        g_array_append_val (values, reports[i]->moments_ms[moment]);
    }
  if (values->len == 0)
    return;
  g_array_sort (values, compare_doubles);
  distribution = json_object_new ();
  set_time (distribution, "median", percentile (values, 0.5));
  set_time (distribution, "p95", percentile (values, 0.95));
  set_time (distribution, "max", percentile (values, 1.0));
  json_object_set_object_member (summary, moment_names[moment], distribution);
}

JsonObject *
vgw_call_reports_summarise (const VgwCallReport *const *reports, gsize n_reports)
{
  JsonObject *summary = json_object_new ();
  gint64 n_ok = 0, n_received = 0, n_lost = 0;

  for (gsize i = 0; i < n_reports; i++)
    {
      n_ok += reports[i]->result == VGW_CALL_OK;
      n_received += (gint64) reports[i]->measurements.received.n_received;
      n_lost += (gint64) vgw_rtp_counter_get_lost (&reports[i]->measurements.received);
    }
  json_object_set_int_member (summary, "calls", (gint64) n_reports);
  json_object_set_int_member (summary, "ok", n_ok);
  json_object_set_int_member (summary, "failed", (gint64) n_reports - n_ok);
  json_object_set_int_member (summary, "packets_received", n_received);
  json_object_set_int_member (summary, "packets_lost", n_lost);
  for (guint i = 0; i < VGW_CALL_MOMENT_ENDED; i++)
    add_distribution (summary, i, reports, n_reports);
  return summary;
}
