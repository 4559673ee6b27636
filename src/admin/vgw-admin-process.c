#include "admin/vgw-admin-process.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/vgw-capacity.h"

/* Fields of /proc/PID/stat, numbered as in proc(5); parsing starts at the third: the second may contain any character.
 * */
#define FIRST_FIELD 3
#define FIELD_UTIME 14
#define FIELD_STIME 15
#define FIELD_NUM_THREADS 20
#define FIELD_STARTTIME 22
#define FIELD_VSIZE 23
#define FIELD_RSS 24 /* in pages */

gboolean
vgw_admin_process_parse_stat (const char *stat, VgwAdminProcess *process)
{
  const char *end_of_name = strrchr (stat, ')');
  double ticks_per_s = (double) sysconf (_SC_CLK_TCK);
  g_auto (GStrv) fields = NULL;

  if (end_of_name == NULL || end_of_name[1] != ' ')
    return FALSE;
  fields = g_strsplit (end_of_name + 2, " ", -1);
  if (g_strv_length (fields) <= FIELD_RSS - FIRST_FIELD)
    return FALSE;

#define FIELD(number) g_ascii_strtoull (fields[-FIRST_FIELD + (number)], NULL, 10)
  process->cpu_s = (double) (FIELD (FIELD_UTIME) + FIELD (FIELD_STIME)) / ticks_per_s;
  process->threads = FIELD (FIELD_NUM_THREADS);
  process->started_at_s = (double) FIELD (FIELD_STARTTIME) / ticks_per_s;
  process->virtual_bytes = FIELD (FIELD_VSIZE);
  process->resident_bytes = FIELD (FIELD_RSS) * (guint64) sysconf (_SC_PAGESIZE);
#undef FIELD
  return TRUE;
}

static double
boot_time_s (void)
{
  struct timespec since_boot = { 0 };

  clock_gettime (CLOCK_BOOTTIME, &since_boot);
  return (double) g_get_real_time () / G_USEC_PER_SEC
         - ((double) since_boot.tv_sec + (double) since_boot.tv_nsec / 1e9);
}

void
vgw_admin_process_read (VgwAdminProcess *process)
{
  g_autofree char *stat = NULL;
  struct rlimit limit;

  *process = (VgwAdminProcess){ .open_fds = vgw_capacity_count_files () };
  if (process->open_fds == VGW_CAPACITY_NO_LIMIT)
    process->open_fds = 0;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    process->max_fds = limit.rlim_cur;
  if (g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL) && vgw_admin_process_parse_stat (stat, process))
    process->started_at_s += boot_time_s ();
}
