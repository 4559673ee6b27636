#include "base/vgw-time.h"

char *
vgw_time_to_text (gint64 time_us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
  g_autofree char *seconds = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", seconds, (int) (time_us % G_USEC_PER_SEC / G_TIME_SPAN_MILLISECOND));
}
