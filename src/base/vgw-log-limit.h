/* How many lines of the log one session, or one address, may cause. What is beyond is left out and counted, and a line
 * says how much once there is room again, or when the session ends. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_LOG_LIMIT_SESSION, /* 40 lines at once, one in two seconds in the long run */
  VGW_LOG_LIMIT_ADDRESS, /* 100 at once, one in a second */
  VGW_LOG_LIMIT_SHARED,  /* 1,000 at once, ten in a second: an address of a proxy, where many are one */
} VgwLogLimitKind;

/* Whether one more line about @name may be logged at @now_us (monotonic). @n_left_out (out): how many were left out
 * before this one, 0 for none: whoever logs says so. */
gboolean vgw_log_limit_take (VgwLogLimitKind kind, const char *name, gint64 now_us, guint64 *n_left_out);

/* No line about the session @name any more, whatever it is: its address has begun too many. */
void vgw_log_limit_mute (const char *name);
gboolean vgw_log_limit_is_muted (const char *name);

/* There will be no more lines about @name. Returns how many were left out and not told. */
guint64 vgw_log_limit_forget (const char *name);

/* All that were left out since the start. */
guint64 vgw_log_limit_count (void);

G_END_DECLS
