/* What the kernel says of this process, from /proc/self: proc(5). Any thread; nothing blocks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

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

/* Reads @stat, the text of /proc/PID/stat: all but the file descriptors, and started_at_s only relative to the boot.
 * FALSE where it is not of that form. Pure. */
gboolean vgw_admin_process_parse_stat (const char *stat, VgwAdminProcess *process);

G_END_DECLS
