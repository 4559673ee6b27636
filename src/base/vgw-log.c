#include "base/vgw-log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vgw-address-group.h"
#include "base/vgw-log-limit.h"
#include "base/vgw-log-writer.h"

#define SESSION_FIELD "VGW_SESSION"    /* every line of vgw_log_event () has it, "" for no session */
#define MAX_FIELD_BYTES (64 * 1024)    /* of one field before escaping */
#define MAX_QUEUED_BYTES (1024 * 1024) /* of lines not yet written */
#define FLUSH_TIMEOUT_MS 1000          /* at the end of the process, for a slow or stopped reader */
#define COLOUR_OFF "\033[0m"

/* The settings of GLib's log writer, of which there is one per process; one word, so that access is atomic. */
#define SETTING_LEVEL_MASK 0xffff
#define SETTING_JSON (1 << 16)
#define SETTING_COLOUR (1 << 17)
#define SETTING_JOURNAL (1 << 19)        /* each line begins with its priority, <N> */
#define SETTING_INSTALLED (1 << 18)      /* before that GLib's own writer decides what is shown */
static gint settings = G_LOG_LEVEL_INFO; /* atomic */
static VgwLogWriter *writer;             /* atomic; NULL until it is installed, and in a forked child */

typedef struct
{
  GLogLevelFlags level;
  const char *name;
  const char *colour;
  const char *priority; /* of syslog, for PRIORITY= */
} LevelInfo;

/* "error" is GLib's critical: its error aborts. */
static const LevelInfo levels[] = {
  { G_LOG_LEVEL_ERROR, "fatal", "\033[1;31m", "2" },     { G_LOG_LEVEL_CRITICAL, "error", "\033[1;31m", "3" },
  { G_LOG_LEVEL_WARNING, "warning", "\033[1;33m", "4" }, { G_LOG_LEVEL_MESSAGE, "info", "\033[32m", "5" },
  { G_LOG_LEVEL_INFO, "info", "\033[32m", "6" },         { G_LOG_LEVEL_DEBUG, "debug", "\033[2m", "7" },
};

typedef struct
{
  const char *bytes; /* (nullable) */
  gsize length;
} Text;

static Text
text_from_string (const char *string)
{
  return (Text){ string, string != NULL ? strlen (string) : 0 };
}

static const LevelInfo *
get_level_info (GLogLevelFlags level)
{
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      if (level & levels[i].level)
        return &levels[i];
    }
  return &levels[G_N_ELEMENTS (levels) - 1];
}

static gboolean
is_plain (gunichar c)
{
  GUnicodeType type;

  if (c < 0x80)
    return c >= 0x20 && c < 0x7f;
  /* Direction overrides and line separators rearrange or break a line on some terminals. */
  type = g_unichar_type (c);
  return g_unichar_isprint (c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void
append_escape (GString *line, gunichar c, VgwLogFormat format)
{
  switch (c)
    {
    case '\n':
      g_string_append (line, "\\n");
      return;
    case '\r':
      g_string_append (line, "\\r");
      return;
    case '\t':
      g_string_append (line, "\\t");
      return;
    default:
      break;
    }
  if (c < 0x100 && format == VGW_LOG_TEXT)
    g_string_append_printf (line, "\\x%02x", c);
  else if (c < 0x10000)
    g_string_append_printf (line, "\\u%04x", c);
  else if (format == VGW_LOG_TEXT)
    g_string_append_printf (line, "\\U%08x", c);
  else
    g_string_append_printf (line, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
}

/* Appends @text so that it stays on its line and is unambiguous. */
static void
append_escaped (GString *line, Text text, VgwLogFormat format)
{
  const char *at = text.bytes;
  const char *end = at + MIN (text.length, MAX_FIELD_BYTES);

  while (at < end)
    {
      gunichar c = g_utf8_get_char_validated (at, end - at);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          if (format == VGW_LOG_JSON)
            g_string_append (line, "\\ufffd");
          else
            g_string_append_printf (line, "\\x%02x", (guchar) *at);
          at++;
          continue;
        }
      if (c == '\\' || (c == '"' && format == VGW_LOG_JSON))
        g_string_append_c (line, '\\');
      if (is_plain (c))
        g_string_append_unichar (line, c);
      else
        append_escape (line, c, format);
      at = *at == '\0' ? at + 1 : g_utf8_next_char (at);
    }
  if (text.length > MAX_FIELD_BYTES)
    g_string_append (line, "...");
}

static void
append_time (GString *line, gint64 real_time_us, VgwLogFormat format)
{
  gint64 us = (real_time_us % G_USEC_PER_SEC + G_USEC_PER_SEC) % G_USEC_PER_SEC; /* never negative */
  gint64 seconds = real_time_us / G_USEC_PER_SEC - (real_time_us < 0 && us > 0 ? 1 : 0);
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *text = NULL;

  /* Local time for people, UTC for collectors. */
  time = format == VGW_LOG_JSON ? g_date_time_new_from_unix_utc (seconds) : g_date_time_new_from_unix_local (seconds);
  if (time == NULL)
    time = g_date_time_new_from_unix_utc (0);
  text = g_date_time_format (time, format == VGW_LOG_JSON ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S");
  g_string_append_printf (line, "%s.%03u%s", text, (guint) (us / 1000), format == VGW_LOG_JSON ? "Z" : "");
}

static void
append_json_member (GString *line, const char *name, Text value)
{
  g_string_append_printf (line, ",\"%s\":\"", name);
  append_escaped (line, value, VGW_LOG_JSON);
  g_string_append_c (line, '"');
}

static GString *
format_json (gint64 real_time_us, GLogLevelFlags level, Text domain, Text session_id, Text message)
{
  GString *line = g_string_new ("{\"ts\":\"");

  append_time (line, real_time_us, VGW_LOG_JSON);
  g_string_append_printf (line, "\",\"level\":\"%s\"", get_level_info (level)->name);
  append_json_member (line, "domain", domain);
  if (session_id.length > 0)
    append_json_member (line, "session", session_id);
  append_json_member (line, "message", message);
  g_string_append_c (line, '}');
  return line;
}

static GString *
format_text (gint64 real_time_us, GLogLevelFlags level, Text domain, Text session_id, Text message,
             gboolean is_coloured)
{
  GString *line = g_string_new (NULL);
  const LevelInfo *info = get_level_info (level);

  append_time (line, real_time_us, VGW_LOG_TEXT);
  g_string_append_printf (line, " %s%-7s%s ", is_coloured ? info->colour : "", info->name,
                          is_coloured ? COLOUR_OFF : "");
  append_escaped (line, domain, VGW_LOG_TEXT);
  if (session_id.length > 0)
    {
      g_string_append (line, " [");
      append_escaped (line, session_id, VGW_LOG_TEXT);
      g_string_append_c (line, ']');
    }
  g_string_append (line, ": ");
  append_escaped (line, message, VGW_LOG_TEXT);
  return line;
}

char *
vgw_log_format_line (VgwLogFormat format, gint64 real_time_us, GLogLevelFlags level, const char *domain,
                     const char *session_id, const char *message)
{
  Text domain_text = text_from_string (domain != NULL ? domain : "");
  Text session_text = text_from_string (session_id);
  Text message_text = text_from_string (message != NULL ? message : "");

  if (format == VGW_LOG_JSON)
    return g_string_free (format_json (real_time_us, level, domain_text, session_text, message_text), FALSE);
  return g_string_free (format_text (real_time_us, level, domain_text, session_text, message_text, FALSE), FALSE);
}

static gboolean
is_severe_enough (gint setting, GLogLevelFlags level)
{
  return get_level_info (level)->level <= (GLogLevelFlags) (setting & SETTING_LEVEL_MASK);
}

/* Info and debug lines of libraries are shown only where G_MESSAGES_DEBUG names their domain. */
static gboolean
is_chatter (GLogLevelFlags level, Text domain, Text session_id)
{
  g_autofree char *name = NULL;

  if (session_id.bytes != NULL || get_level_info (level)->level <= G_LOG_LEVEL_MESSAGE)
    return FALSE;
  name = g_strndup (domain.bytes != NULL ? domain.bytes : "", domain.length);
  return g_log_writer_default_would_drop (level, name);
}

static Text
get_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, key) != 0 || fields[i].value == NULL)
        continue;
      if (fields[i].length < 0)
        return text_from_string (fields[i].value);
      return (Text){ fields[i].value, (gsize) fields[i].length };
    }
  return (Text){ NULL, 0 };
}

static GString *
format_line (gint setting, GLogLevelFlags level, Text domain, Text session_id, Text message)
{
  gint64 now_us = g_get_real_time ();
  GString *line;

  if (setting & SETTING_JSON)
    line = format_json (now_us, level, domain, session_id, message);
  else
    line = format_text (now_us, level, domain, session_id, message, (setting & SETTING_COLOUR) != 0);
  if (setting & SETTING_JOURNAL)
    {
      g_string_prepend_c (line, '>');
      g_string_prepend (line, get_level_info (level)->priority);
      g_string_prepend_c (line, '<');
    }
  g_string_append_c (line, '\n');
  return line;
}

static GString *
make_dropped_line (guint64 n_dropped)
{
  g_autofree char *message = g_strdup_printf ("log: %" G_GUINT64_FORMAT " lines were dropped here: standard error was "
                                              "not read fast enough",
                                              n_dropped);

  return format_line (g_atomic_int_get (&settings), G_LOG_LEVEL_WARNING, text_from_string (G_LOG_DOMAIN),
                      text_from_string (NULL), text_from_string (message));
}

/* Queues @line (transfer full). A fatal line is flushed, since the process ends after it. */
static void
write_line (GString *line, GLogLevelFlags level)
{
  VgwLogWriter *to = g_atomic_pointer_get (&writer);

  if (to == NULL)
    {
      /* in a child that has not called exec () */
      if (write (STDERR_FILENO, line->str, line->len) < 0)
        errno = 0; /* there is nowhere to report it */
      g_string_free (line, TRUE);
      return;
    }
  vgw_log_writer_push (to, line);
  if (level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR))
    vgw_log_writer_flush (to, FLUSH_TIMEOUT_MS);
}

static GLogWriterOutput
write_fields (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gint setting = g_atomic_int_get (&settings);
  Text domain = get_field (fields, n_fields, "GLIB_DOMAIN");
  Text session_id = get_field (fields, n_fields, SESSION_FIELD);
  Text message = get_field (fields, n_fields, "MESSAGE");
  int saved_errno = errno;

  if (is_severe_enough (setting, level) && !is_chatter (level, domain, session_id))
    write_line (format_line (setting, level, domain, session_id, message), level);
  errno = saved_errno;
  return G_LOG_WRITER_HANDLED;
}

static gboolean
is_colour_wanted (void)
{
  return isatty (STDERR_FILENO) && g_getenv ("NO_COLOR") == NULL && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

gboolean
vgw_log_is_journal (void)
{
  const char *stream = g_getenv ("JOURNAL_STREAM");
  guint64 device, inode;
  struct stat info;

  return stream != NULL && sscanf (stream, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, &device, &inode) == 2
         && fstat (STDERR_FILENO, &info) == 0 && info.st_dev == device && info.st_ino == inode;
}

gboolean
vgw_log_flush (guint timeout_ms)
{
  VgwLogWriter *to = g_atomic_pointer_get (&writer);

  return to == NULL || vgw_log_writer_flush (to, timeout_ms);
}

guint64
vgw_log_count_dropped (void)
{
  VgwLogWriter *to = g_atomic_pointer_get (&writer);

  return to != NULL ? vgw_log_writer_count_dropped (to) : 0;
}

static void
flush_at_exit (void)
{
  vgw_log_flush (FLUSH_TIMEOUT_MS);
}

/* A forked child has no writer thread, and its lock may stay locked. */
static void
forget_writer (void)
{
  g_atomic_pointer_set (&writer, NULL);
}

void
vgw_log_init (VgwLogFormat format, GLogLevelFlags level)
{
  static gsize is_installed = 0;

  vgw_log_configure (format, level);
  /* GLib takes a writer once per process. */
  if (g_once_init_enter (&is_installed))
    {
      writer = vgw_log_writer_new (STDERR_FILENO, MAX_QUEUED_BYTES, make_dropped_line);
      pthread_atfork (NULL, NULL, forget_writer);
      atexit (flush_at_exit);
      g_log_set_writer_func (write_fields, NULL, NULL);
      g_atomic_int_or ((guint *) &settings, SETTING_INSTALLED);
      g_once_init_leave (&is_installed, 1);
    }
}

void
vgw_log_configure (VgwLogFormat format, GLogLevelFlags level)
{
  gint setting = ((gint) level & SETTING_LEVEL_MASK) | (g_atomic_int_get (&settings) & SETTING_INSTALLED);

  if (format == VGW_LOG_JSON)
    setting |= SETTING_JSON;
  else if (is_colour_wanted ())
    setting |= SETTING_COLOUR;
  if (vgw_log_is_journal ())
    setting |= SETTING_JOURNAL;
  g_atomic_int_set (&settings, setting);
}

void
vgw_log_set_level (GLogLevelFlags level)
{
  gint old;

  do
    old = g_atomic_int_get (&settings);
  while (!g_atomic_int_compare_and_exchange (&settings, old,
                                             (old & ~SETTING_LEVEL_MASK) | ((gint) level & SETTING_LEVEL_MASK)));
}

GLogLevelFlags
vgw_log_get_level (void)
{
  return (GLogLevelFlags) (g_atomic_int_get (&settings) & SETTING_LEVEL_MASK);
}

const char *
vgw_log_level_to_string (GLogLevelFlags level)
{
  return get_level_info (level)->name;
}

gboolean
vgw_log_level_from_string (const char *name, GLogLevelFlags *level)
{
  for (guint i = G_N_ELEMENTS (levels); i > 1; i--) /* not "fatal" */
    {
      if (!g_str_equal (levels[i - 1].name, name))
        continue;
      *level = levels[i - 1].level;
      return TRUE;
    }
  return FALSE;
}

static void
log_fields (const char *domain, GLogLevelFlags level, const char *session_id, const char *message)
{
  const GLogField fields[] = {
    { "PRIORITY", get_level_info (level)->priority, -1 },
    { "GLIB_DOMAIN", domain != NULL ? domain : "", -1 },
    { "MESSAGE", message, -1 },
    { SESSION_FIELD, session_id != NULL ? session_id : "", -1 },
  };
  g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
}

static gboolean
is_hidden (GLogLevelFlags level)
{
  gint setting = g_atomic_int_get (&settings);

  return (setting & SETTING_INSTALLED) != 0 && !is_severe_enough (setting, level);
}

/* Counts a line towards the limit of @name, and logs how many were left out before it. */
static gboolean
is_within_limit (VgwLogLimitKind kind, const char *name, const char *session_id)
{
  g_autofree char *message = NULL;
  guint64 n_left_out;

  if (!vgw_log_limit_take (kind, name, g_get_monotonic_time (), &n_left_out))
    return FALSE;
  if (n_left_out == 0)
    return TRUE;
  message = g_strdup_printf ("log: %" G_GUINT64_FORMAT " lines about %s were left out", n_left_out,
                             session_id != NULL ? "this session" : name);
  log_fields (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, session_id, message);
  return TRUE;
}

void
vgw_log_event (const char *domain, GLogLevelFlags level, const char *session_id, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if (is_hidden (level) || (session_id != NULL && !is_within_limit (VGW_LOG_LIMIT_SESSION, session_id, session_id)))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  log_fields (domain, level, session_id, message);
}

void
vgw_log_landmark (const char *domain, const char *session_id, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if (is_hidden (G_LOG_LEVEL_INFO) || (session_id != NULL && vgw_log_limit_is_muted (session_id)))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  log_fields (domain, G_LOG_LEVEL_INFO, session_id, message);
}

static VgwLogLimitKind
kind_of (const char *address)
{
  return vgw_address_is_loopback (address) ? VGW_LOG_LIMIT_SHARED : VGW_LOG_LIMIT_ADDRESS;
}

void
vgw_log_address (const char *domain, GLogLevelFlags level, const char *address, const char *format, ...)
{
  g_autofree char *name = vgw_address_group (address);
  g_autofree char *message = NULL;
  va_list args;

  if (is_hidden (level) || !is_within_limit (kind_of (address), name, NULL))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  log_fields (domain, level, NULL, message);
}

void
vgw_log_begin_session (const char *session_id, const char *address)
{
  g_autofree char *name = vgw_address_group (address);

  if (!is_within_limit (kind_of (address), name, NULL))
    vgw_log_limit_mute (session_id);
}

void
vgw_log_end_session (const char *session_id)
{
  guint64 n_left_out = vgw_log_limit_forget (session_id);
  g_autofree char *message = NULL;

  if (n_left_out == 0 || is_hidden (G_LOG_LEVEL_WARNING))
    return;
  message = g_strdup_printf ("log: %" G_GUINT64_FORMAT " lines about this session were left out", n_left_out);
  log_fields (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, session_id, message);
}
