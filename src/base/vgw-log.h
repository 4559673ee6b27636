/* The log: one line per event, with the session's id; text for people or JSON for a collector. */
#pragma once

#include <glib.h>

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

/* Installs the GLib log writer. To be called once, before threads start. Lines are written to stderr with one write ()
 * each, by a thread of their own, so that logging never blocks. At most a megabyte is queued; lines beyond that are
 * dropped, and a line has their number. exit () and a fatal line flush the queue, for a second at most.
 * Where stderr is journald's (JOURNAL_STREAM), each line begins with its priority: sd-daemon(3).
 * Control characters and invalid UTF-8 in any field are escaped: a client cannot forge a line. */
void vgw_log_init (VgwLogFormat format, GLogLevelFlags level);

/* Whether standard error is the stream to journald that systemd gives a service: systemd.exec(5), JOURNAL_STREAM. */
gboolean vgw_log_is_journal (void);

/* Changes format and level while running (SIGHUP). Any thread. */
void vgw_log_configure (VgwLogFormat format, GLogLevelFlags level);

/* Changes the level alone; a reload sets the configured one again. Any thread. */
void vgw_log_set_level (GLogLevelFlags level);
GLogLevelFlags vgw_log_get_level (void);

/* "debug", "info", "warning", "error", as in the configuration. */
const char *vgw_log_level_to_string (GLogLevelFlags level);
gboolean vgw_log_level_from_string (const char *name, GLogLevelFlags *level);

/* Waits until all queued lines are written, for @timeout_ms at most. FALSE on timeout. */
gboolean vgw_log_flush (guint timeout_ms);

/* Lines dropped because stderr was not read fast enough, or write () failed. Any thread. */
guint64 vgw_log_count_dropped (void);

/* Formats one line as the writer would, without the trailing newline (transfer full). For tests. */
char *vgw_log_format_line (VgwLogFormat format, gint64 real_time_us, GLogLevelFlags level, const char *domain,
                           const char *session_id, const char *message);

/* @session_id may be NULL for a line that is about no session. Any thread. printf format follows. */
#define vgw_log(level, session_id, ...) vgw_log_event (G_LOG_DOMAIN, (level), (session_id), __VA_ARGS__)
#define vgw_debug(session_id, ...) vgw_log (G_LOG_LEVEL_DEBUG, session_id, __VA_ARGS__)
#define vgw_info(session_id, ...) vgw_log (G_LOG_LEVEL_INFO, session_id, __VA_ARGS__)
#define vgw_warning(session_id, ...) vgw_log (G_LOG_LEVEL_WARNING, session_id, __VA_ARGS__)
/* For what an operator must look at. Not G_LOG_LEVEL_ERROR, which aborts. */
#define vgw_critical(session_id, ...) vgw_log (G_LOG_LEVEL_CRITICAL, session_id, __VA_ARGS__)

/* Lines about a session are limited (vgw-log-limit.h). Landmarks, its begin and its end and a bounded number of its
 * states, are always logged. */
#define vgw_landmark(session_id, ...) vgw_log_landmark (G_LOG_DOMAIN, session_id, __VA_ARGS__)

/* A line about a client without a session, limited by its address. */
#define vgw_info_about(address, ...) vgw_log_address (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, address, __VA_ARGS__)

/* A session of @address begins. Nothing is logged about it where that address has begun too many lately. */
void vgw_log_begin_session (const char *session_id, const char *address);

/* The session has ended: logs how many lines about it were left out. */
void vgw_log_end_session (const char *session_id);

void vgw_log_landmark (const char *domain, const char *session_id, const char *format, ...) G_GNUC_PRINTF (3, 4);
void vgw_log_address (const char *domain, GLogLevelFlags level, const char *address, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void vgw_log_event (const char *domain, GLogLevelFlags level, const char *session_id, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
