/* The bounds of the application events of one side: how many in a second, how large, and how many may wait before the
 * conversation begins. A value; main thread. */
#pragma once

#include "base/vgw-token-bucket.h"

typedef struct
{
  guint max_per_second; /* 0: no bound; twice as many may come at once */
  guint max_bytes;      /* of one event */
  VgwTokenBucket bucket;
  guint64 n_dropped;
  gint64 notified_us; /* when vgw_event_filter_drop () last returned TRUE; 0: never */
  GPtrArray *held;    /* char*, (nullable) while none waits */
  gsize n_held_bytes; /* of all that ever waited */
} VgwEventFilter;

/* Events of a bot that stop and start the record of the call. */
#define VGW_EVENT_RECORDING_PAUSE "recording-pause"
#define VGW_EVENT_RECORDING_RESUME "recording-resume"

/* Whether @json is one of them, and short: a matter of privacy, which no rate may stop. */
gboolean vgw_event_filter_is_control (const char *json);

/* Whether an event of @length bytes may pass now. Errors: VGW_ERROR_TOO_LARGE. */
gboolean vgw_event_filter_pass (VgwEventFilter *self, gsize length, GError **error);

/* Counts an event that is dropped for @error, and logs the first one, as one of @who. TRUE where the side that sent it
 * is to be notified: at most once a second, since an answer to each event would be a flood of its own. */
gboolean vgw_event_filter_drop (VgwEventFilter *self, const char *session_id, const char *who, const GError *error);

/* Keeps @json (copied) for later; of all that ever wait VGW_EVENT_MAX_BYTES at most. Errors: VGW_ERROR_TOO_LARGE. */
gboolean vgw_event_filter_hold (VgwEventFilter *self, const char *json, GError **error);

/* The first of those that wait, or NULL. (transfer full) */
char *vgw_event_filter_take_held (VgwEventFilter *self);

/* Drops those that wait. */
void vgw_event_filter_clear (VgwEventFilter *self);
