#include "session/vgw-event-filter.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define MAX_CONTROL_BYTES 256
#define BURST_SECONDS 2 /* of the rate may come at once */

gboolean
vgw_event_filter_is_control (const char *json)
{
  g_autoptr (JsonObject) event = NULL;
  const char *type;

  if (strlen (json) > MAX_CONTROL_BYTES)
    return FALSE;
  if (strstr (json, VGW_EVENT_RECORDING_PAUSE) == NULL && strstr (json, VGW_EVENT_RECORDING_RESUME) == NULL)
    return FALSE;
  event = vgw_json_parse_object (json, strlen (json), NULL);
  type = event != NULL ? vgw_json_get_string (event, "type") : NULL;
  return g_strcmp0 (type, VGW_EVENT_RECORDING_PAUSE) == 0 || g_strcmp0 (type, VGW_EVENT_RECORDING_RESUME) == 0;
}

gboolean
vgw_event_filter_pass (VgwEventFilter *self, gsize length, GError **error)
{
  if (self->max_per_second > 0
      && !vgw_token_bucket_take (&self->bucket, 1, self->max_per_second, BURST_SECONDS * self->max_per_second,
                                 g_get_monotonic_time ()))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %u events in a second; some were dropped",
                   self->max_per_second);
      return FALSE;
    }
  if (length > self->max_bytes)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_TOO_LARGE, "an event of more than %u bytes was dropped",
                   self->max_bytes);
      return FALSE;
    }
  return TRUE;
}

gboolean
vgw_event_filter_drop (VgwEventFilter *self, const char *session_id, const char *who, const GError *error)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->n_dropped++ == 0)
    vgw_warning (session_id, "event of the %s: %s", who, error->message);
  if (self->notified_us != 0 && now_us - self->notified_us < G_USEC_PER_SEC)
    return FALSE;
  self->notified_us = now_us;
  return TRUE;
}

gboolean
vgw_event_filter_hold (VgwEventFilter *self, const char *json, GError **error)
{
  gsize length = strlen (json);

  if (self->n_held_bytes + length > VGW_EVENT_MAX_BYTES)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_TOO_LARGE,
                           "too many events before the session is active; some were dropped");
      return FALSE;
    }
  self->n_held_bytes += length;
  if (self->held == NULL)
    self->held = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->held, g_strdup (json));
  return TRUE;
}

char *
vgw_event_filter_take_held (VgwEventFilter *self)
{
  return self->held != NULL && self->held->len > 0 ? g_ptr_array_steal_index (self->held, 0) : NULL;
}

void
vgw_event_filter_clear (VgwEventFilter *self)
{
  g_clear_pointer (&self->held, g_ptr_array_unref);
}
