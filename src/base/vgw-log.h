/* The log: one line per event, with the session's id, as text for a terminal or JSON for a collector. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  VGW_LOG_TEXT,
  VGW_LOG_JSON,
} VgwLogFormat;

/* The group [log] of the configuration. */
typedef struct
{
  GLogLevelFlags level; /* the least severe lines to show */
  VgwLogFormat format;
} VgwLogSettings;

/* Installs the GLib log writer. Call once, before threads start. Lines go to stderr with one write () each, from a
 * thread of their own: whoever logs never waits for the reader. What is beyond a megabyte is dropped, and a line says
 * how much. At exit () and after a fatal line up to a second is spent on what still waits.
 * @level: the least severe level shown (G_LOG_LEVEL_DEBUG … G_LOG_LEVEL_ERROR).
 * Control characters and invalid UTF-8 in any field are escaped: a client cannot forge a line. */
void vgw_log_init (VgwLogFormat format, GLogLevelFlags level);

/* Changes format and level while running (SIGHUP). Any thread. */
void vgw_log_configure (VgwLogFormat format, GLogLevelFlags level);

/* Waits until what was logged is written, for @timeout_ms at most. FALSE where something still waits. */
gboolean vgw_log_flush (guint timeout_ms);

/* Lines that were dropped because stderr was not read fast enough, or is broken. Any thread. */
guint64 vgw_log_count_dropped (void);

/* Formats one line as the writer would, without the trailing newline (transfer full). For tests. */
char *vgw_log_format_line (VgwLogFormat format, gint64 real_time_us, GLogLevelFlags level, const char *domain,
                           const char *session_id, const char *message);

/* @session_id may be NULL for a line that is about no session. Any thread. printf format follows. */
#define vgw_log(level, session_id, ...) vgw_log_event (G_LOG_DOMAIN, (level), (session_id), __VA_ARGS__)
#define vgw_debug(session_id, ...) vgw_log (G_LOG_LEVEL_DEBUG, session_id, __VA_ARGS__)
#define vgw_info(session_id, ...) vgw_log (G_LOG_LEVEL_INFO, session_id, __VA_ARGS__)
#define vgw_warning(session_id, ...) vgw_log (G_LOG_LEVEL_WARNING, session_id, __VA_ARGS__)
/* For what an operator must look at. Not G_LOG_LEVEL_ERROR: that would abort. */
#define vgw_critical(session_id, ...) vgw_log (G_LOG_LEVEL_CRITICAL, session_id, __VA_ARGS__)

/* A line about a session counts towards what that session may cause, 40 lines at once and one in two seconds in the
 * long run (vgw-log-limit.h). These few are always there: the states of a session, its begin and its end. */
#define vgw_landmark(session_id, ...) vgw_log_landmark (G_LOG_DOMAIN, session_id, __VA_ARGS__)

/* A line about a client that has no session; it counts towards what its address may cause. */
#define vgw_info_about(address, ...) vgw_log_address (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, address, __VA_ARGS__)

/* A session of @address begins: where that address has begun too many lately, nothing is logged about it. */
void vgw_log_begin_session (const char *session_id, const char *address);

/* The session is over: how many lines about it were left out, where any were. */
void vgw_log_end_session (const char *session_id);

void vgw_log_landmark (const char *domain, const char *session_id, const char *format, ...) G_GNUC_PRINTF (3, 4);
void vgw_log_address (const char *domain, GLogLevelFlags level, const char *address, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void vgw_log_event (const char *domain, GLogLevelFlags level, const char *session_id, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

G_END_DECLS
