/* Statistics of this process from /proc/self, see proc(5). Any thread; does not block. */
#pragma once

#include <glib.h>

/* A value that could not be read is 0. */
typedef struct
{
  double cpu_s;        /* user and system */
  double started_at_s; /* since 1970 */
  guint64 resident_bytes;
  guint64 virtual_bytes;
  guint64 threads;
  guint64 open_fds;
  guint64 max_fds; /* the soft limit */
} VgwAdminProcess;

void vgw_admin_process_read (VgwAdminProcess *process);

/* Parses @stat, the text of /proc/PID/stat: everything but the file descriptors; started_at_s is relative to the boot.
 * FALSE where it is malformed. Pure. */
gboolean vgw_admin_process_parse_stat (const char *stat, VgwAdminProcess *process);
