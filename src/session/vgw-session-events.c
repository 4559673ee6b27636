/* Application events between client and engine, on whichever path, within bounds of size and number. */
#include "session/vgw-session-private.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"

#define BURST_SECONDS 2 /* of the rate may come at once */
#define EVENT_REFUSED "{\"type\":\"error\",\"code\":\"too-large\",\"message\":\"an event was dropped\"}"

/* Whether one more event may pass now: a bucket that fills at the rate, up to a burst. 0 per second: no bound. */
static gboolean
take_token (VgwEventBucket *bucket, guint per_second)
{
  return per_second == 0
         || vgw_token_bucket_take (&bucket->tokens, 1, per_second, per_second * BURST_SECONDS, g_get_monotonic_time ());
}

/* What is wrong with an event of @length, or NULL. */
static GError *
find_fault (VgwSession *self, VgwEventBucket *bucket, gsize length)
{
  const VgwSessionSettingsLimits *limits = &self->context->limits;

  if (!take_token (bucket, limits->max_events_per_second))
    return g_error_new (VGW_ERROR, VGW_ERROR_TOO_LARGE, "more than %u events in a second; some were dropped",
                        limits->max_events_per_second);
  if (length > limits->max_message_bytes)
    return g_error_new (VGW_ERROR, VGW_ERROR_TOO_LARGE, "an event of more than %u bytes was dropped",
                        limits->max_message_bytes);
  return NULL;
}

/* One line in the log for each side and call: nobody can fill it. How many there were it says at the end. */
static void
log_once (VgwSession *self, VgwEventBucket *bucket, const char *who, const GError *error)
{
  if (bucket->n_dropped++ > 0)
    return;
  vgw_warning (self->id, "event of the %s: %s", who, error->message);
}

/* The client hears of it once in a second: an answer to each event would be the flood back. */
static void
refuse_client (VgwSession *self, const GError *error)
{
  VgwEventBucket *bucket = &self->client_events;
  gint64 now_us = g_get_monotonic_time ();

  log_once (self, bucket, "client", error);
  if (bucket->told_at_us != 0 && now_us - bucket->told_at_us < G_USEC_PER_SEC)
    return;
  bucket->told_at_us = now_us;
  vgw_session_emit (self, vgw_message_new_error (error, FALSE));
}

void
vgw_session_take_client_event (VgwSession *self, const char *json)
{
  g_autoptr (JsonObject) object = NULL;
  GError *fault = find_fault (self, &self->client_events, strlen (json));
  g_autoptr (GError) error = NULL;

  if (fault == NULL)
    {
      object = vgw_json_parse_object (json, strlen (json), &error);
      fault = g_steal_pointer (&error);
    }
  if (fault != NULL)
    {
      refuse_client (self, fault);
      g_error_free (fault);
      return;
    }
  if (self->engine != NULL)
    vgw_engine_send_event (self->engine, json);
}

void
vgw_session_hold_client_event (VgwSession *self, const char *json)
{
  g_autoptr (GError) error = NULL;
  gsize length = strlen (json);

  if (self->n_early_event_bytes + length > VGW_EVENT_MAX_BYTES)
    {
      error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE,
                                   "too many events before the session is active; some were dropped");
      refuse_client (self, error);
      return;
    }
  self->n_early_event_bytes += length;
  g_ptr_array_add (self->early_events, g_strdup (json));
}

void
vgw_session_take_early_events (VgwSession *self)
{
  while (self->early_events->len > 0 && self->state == VGW_SESSION_ACTIVE)
    {
      g_autofree char *json = g_ptr_array_steal_index (self->early_events, 0);

      vgw_session_take_client_event (self, json);
    }
}

void
vgw_session_take_engine_event (VgwSession *self, const char *json)
{
  g_autoptr (GError) error = find_fault (self, &self->engine_events, strlen (json));

  if (error == NULL && !vgw_session_has_room_for_event (self, strlen (json)))
    error = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE,
                                 "the client does not take its events as fast as they come; some were dropped");
  if (error == NULL)
    {
      vgw_session_tell_client (self, json);
      return;
    }
  log_once (self, &self->engine_events, "engine", error);
  if (self->engine_events.n_dropped == 1 && self->engine != NULL) /* once, or the answer were the next flood */
    vgw_engine_send_event (self->engine, EVENT_REFUSED);
}

void
vgw_session_log_dropped_events (VgwSession *self)
{
  if (self->client_events.n_dropped > 0 || self->engine_events.n_dropped > 0)
    vgw_info (self->id, "events dropped client=%" G_GUINT64_FORMAT " engine=%" G_GUINT64_FORMAT,
              self->client_events.n_dropped, self->engine_events.n_dropped);
}

/* An engine causes one with two small messages: bounded on their own, so that they take no room from its events. */
void
vgw_session_tell_cleared (VgwSession *self, const VgwPlayoutEvent *event)
{
  g_autofree char *json = NULL;

  if (event->cleared_ms == 0 || self->state != VGW_SESSION_ACTIVE
      || !take_token (&self->cleared_events, self->context->limits.max_events_per_second))
    return;
  json = g_strdup_printf ("{\"type\":\"playout-cleared\",\"utterance_ms\":%" G_GUINT64_FORMAT
                          ",\"cleared_ms\":%" G_GUINT64_FORMAT "}",
                          event->utterance_ms, event->cleared_ms);
  vgw_session_tell_client (self, json);
}
