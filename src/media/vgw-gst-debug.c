#include "media/vgw-gst-debug.h"

#include <gst/gst.h>
#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"

#define ITEM_PATTERN "^([-A-Za-z0-9_*?]{1,64}:)?[0-9]$"

#define MAX_SECRET_LEVEL 4 /* beyond, some categories write keys and passwords */

/* @items without levels for all categories above MAX_SECRET_LEVEL, and with limits after them for those that write keys
 * of media: the last item that matches a category counts. (transfer full) */
static char *
limit_levels (char **items)
{
  GString *list = g_string_new (NULL);
  int highest = 0;

  for (char **item = items; *item != NULL; item++)
    {
      const char *colon = strchr (*item, ':');
      int level = g_ascii_digit_value ((*item)[strlen (*item) - 1]);
      gboolean is_for_all = colon == NULL || strspn (*item, "*?") == (gsize) (colon - *item);

      level = is_for_all ? MIN (level, MAX_SECRET_LEVEL) : level;
      highest = MAX (highest, level);
      g_string_append (list, list->len > 0 ? "," : "");
      g_string_append_len (list, *item, colon != NULL ? colon + 1 - *item : 0);
      g_string_append_printf (list, "%d", level);
    }
  if (highest > MAX_SECRET_LEVEL)
    g_string_append_printf (list, ",srtp*:%d,dtls*:%d", MAX_SECRET_LEVEL, MAX_SECRET_LEVEL);
  return g_string_free (list, FALSE);
}

/* On the thread that logs. The default function of GStreamer writes to standard error, which may block. */
static void
on_line (GstDebugCategory *category, GstDebugLevel level, const char *file, const char *function, int line,
         GObject *object, GstDebugMessage *message, gpointer user_data)
{
  vgw_log_event ("gst", level <= GST_LEVEL_WARNING ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO, NULL, "%s %s %s:%d: %s",
                 gst_debug_level_get_name (level), gst_debug_category_get_name (category), function, line,
                 gst_debug_message_get (message));
}

char *
vgw_gst_debug_set (const char *list, GError **error)
{
  g_auto (GStrv) items = g_strsplit (list, ",", -1);
  char *limited;

  if (strlen (list) > VGW_GST_DEBUG_MAX_BYTES)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "GST_DEBUG may have %u bytes", VGW_GST_DEBUG_MAX_BYTES);
      return NULL;
    }
  for (guint i = 0; *list != '\0' && items[i] != NULL; i++)
    {
      if (g_regex_match_simple (ITEM_PATTERN, items[i], G_REGEX_DOLLAR_ENDONLY, 0))
        continue;
      g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE,
                   "GST_DEBUG is a list of CATEGORY:LEVEL with levels 0 to 9, such as vgw*:6,webrtcbin:5; not \"%s\"",
                   items[i]);
      return NULL;
    }
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_remove_log_function (on_line);
  gst_debug_add_log_function (on_line, NULL, NULL);
  gst_debug_set_active (TRUE);
  limited = limit_levels (items);
  gst_debug_set_threshold_from_string (limited, TRUE);
  return limited;
}
