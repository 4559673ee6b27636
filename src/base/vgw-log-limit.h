/* Limits the log lines of one session, or of one address. Excess lines are left out and counted; the count is logged
 * with the next line within the limit, or when the session ends. Any thread. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_LOG_LIMIT_SESSION, /* a burst of 40 lines, then one in two seconds */
  VGW_LOG_LIMIT_ADDRESS, /* 100, then one in a second */
  VGW_LOG_LIMIT_SHARED,  /* 1,000, then ten in a second: the address of a proxy */
} VgwLogLimitKind;

/* Whether one more line about @name may be logged at @now_us (monotonic). @n_left_out (out): the number of lines left
 * out before this one, for the caller to log. */
gboolean vgw_log_limit_take (VgwLogLimitKind kind, const char *name, gint64 now_us, guint64 *n_left_out);

/* Suppresses all lines about the session @name until vgw_log_limit_forget (): its address has begun too many. */
void vgw_log_limit_mute (const char *name);
gboolean vgw_log_limit_is_muted (const char *name);

/* Removes the entry of @name. Returns how many lines were left out and not yet reported. */
guint64 vgw_log_limit_forget (const char *name);

/* The number of lines left out since the start. */
guint64 vgw_log_limit_count (void);
