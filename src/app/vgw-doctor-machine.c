/* What the machine provides: GStreamer's plugins, limits of the process and of the kernel. */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "app/vgw-app-capacity.h"
#include "app/vgw-doctor-checks.h"
#include "base/vgw-audio-thread.h"
#include "base/vgw-capacity.h"
#include "media/vgw-plugins.h"

#define WANTED_SOCKET_BUFFER_BYTES (4u * 1024 * 1024) /* vgw-ice-socket.c asks for it */

void
vgw_doctor_check_plugins (VgwDoctorReport *report, const GError *error)
{
  g_autoptr (GString) versions = g_string_new (NULL);
  g_autofree char *vulnerable = vgw_plugins_find_vulnerable ();
  gboolean is_complete = TRUE;

  for (const VgwNeededElement *needed = vgw_needed_elements; needed->element != NULL; needed++)
    {
      g_autofree char *version = vgw_plugins_get_version (needed->element);
      g_autofree char *advice = g_strdup_printf ("apt-get install %s", needed->debian_package);

      if (version != NULL)
        g_string_append_printf (versions, "%s%s %s", versions->len > 0 ? ", " : "", needed->element, version);
      else
        vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, "plugins", advice, "GStreamer has no element %s",
                               needed->element);
      is_complete = is_complete && version != NULL;
    }
  if (is_complete)
    vgw_doctor_report_add (report, VGW_FINDING_OK, "plugins", NULL, "%s", versions->str);
  if (is_complete && error != NULL)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, "plugins", NULL, "%s", error->message);
  if (vulnerable != NULL)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, "plugins",
                           "apt-get install --only-upgrade gstreamer1.0-plugins-bad", "%s", vulnerable);
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    vgw_doctor_report_add (report, VGW_FINDING_OK, "plugins", NULL, "TLS for bots and webhooks is available");
  else
    vgw_doctor_report_add (report, VGW_FINDING_WARNING, "plugins", "apt-get install glib-networking",
                           "without glib-networking no connection with TLS (wss:, https:) to bots or webhooks is "
                           "possible");
}

/* The hard limit @name of the process @pid (proc(5): limits). */
static guint64
read_limit (int pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/limits", pid);
  g_autofree char *text = NULL;
  const char *line;
  guint64 hard;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return VGW_CAPACITY_NO_LIMIT;
  line = strstr (text, name);
  if (line == NULL || sscanf (line + strlen (name), " %*s %" G_GUINT64_FORMAT, &hard) != 1)
    return VGW_CAPACITY_NO_LIMIT;
  return hard;
}

/* The number @name of the process @pid (proc(5): status); 0 where it cannot be read. */
static guint64
read_status (int pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *start = g_strdup_printf ("\n%s:", name);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  line = strstr (text, start);
  return line != NULL ? g_ascii_strtoull (line + strlen (start), NULL, 10) : 0;
}

/* The threads that the process @pid may have in all. RLIMIT_NPROC does not apply to root (clone(2)). */
static guint64
read_thread_limit (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cgroup", pid);
  guint64 of_user = read_status (pid, "Uid") != 0 ? read_limit (pid, "Max processes") : VGW_CAPACITY_NO_LIMIT;
  guint64 left = VGW_CAPACITY_NO_LIMIT;
  g_autofree char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    left = vgw_capacity_read_cgroup ("/sys/fs/cgroup", text);
  return MIN (of_user, left != VGW_CAPACITY_NO_LIMIT ? left + read_status (pid, "Threads") : left);
}

/* @n_needed of @what against @limit. */
static void
compare (VgwDoctorReport *report, const char *what, guint64 n_needed, guint64 limit, const char *whose,
         const char *advice)
{
  g_autofree char *shown =
      limit == VGW_CAPACITY_NO_LIMIT ? g_strdup ("no limit") : g_strdup_printf ("%" G_GUINT64_FORMAT, limit);

  vgw_doctor_report_add (
      report, n_needed > limit ? VGW_FINDING_WARNING : VGW_FINDING_OK, "limits", n_needed > limit ? advice : NULL,
      "%s: limits.max-sessions and the limits of connections may need %" G_GUINT64_FORMAT ", the limit of %s is %s",
      what, n_needed, whose, shown);
}

/* Whether a thread of the process @pid that sends audio has its priority. */
static gboolean
has_priority (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  const char *name;

  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *stat_path = g_build_filename (path, name, "stat", NULL);
      g_autofree char *text = NULL;
      const char *fields;

      if (!g_file_get_contents (stat_path, &text, NULL, NULL) || strstr (text, "(vgw-pacer)") == NULL)
        continue;
      fields = strrchr (text, ')') + 1; /* proc(5): the state, and 16 fields after it the nice value */
      for (guint i = 0; i < 16 && fields != NULL; i++)
        fields = strchr (fields + 1, ' ');
      return fields != NULL && g_ascii_strtoll (fields, NULL, 10) <= VGW_AUDIO_THREAD_NICE_SENDING;
    }
  return FALSE;
}

static void
check_priority (VgwDoctorReport *report, int pid, const char *whose)
{
  gboolean is_raised = pid != 0 ? has_priority (pid) : vgw_audio_thread_may_raise ();

  vgw_doctor_report_add (report, is_raised ? VGW_FINDING_OK : VGW_FINDING_WARNING, "limits",
                         is_raised ? NULL
                                   : "set LimitNICE=-10 in the unit (--ulimit nice=30:30 of a container); else audio "
                                     "is late while calls are set up on a busy machine",
                         "the priority of audio: %s %s raise it", whose, is_raised ? "can" : "cannot");
}

static void
check_sysctl (VgwDoctorReport *report, const char *name)
{
  g_autofree char *file = g_strdelimit (g_strdup (name), ".", '/');
  g_autofree char *path = g_build_filename ("/proc/sys", file, NULL);
  g_autofree char *text = NULL;
  g_autofree char *advice = g_strdup_printf ("sysctl %s=%u, and the same line in /etc/sysctl.d/voice-gateway.conf",
                                             name, WANTED_SOCKET_BUFFER_BYTES);
  guint64 bytes;

  if (!g_file_get_contents (path, &text, NULL, NULL)) /* not in every container */
    return;
  bytes = g_ascii_strtoull (text, NULL, 10);
  vgw_doctor_report_add (report, bytes < WANTED_SOCKET_BUFFER_BYTES ? VGW_FINDING_WARNING : VGW_FINDING_OK, "limits",
                         bytes < WANTED_SOCKET_BUFFER_BYTES ? advice : NULL,
                         "%s is %" G_GUINT64_FORMAT "; the gateway asks for %u bytes for its UDP sockets", name, bytes,
                         WANTED_SOCKET_BUFFER_BYTES);
}

void
vgw_doctor_check_limits (VgwDoctorReport *report, const VgwConfig *config)
{
  int pid = vgw_doctor_find_gateway (config);
  g_autofree char *whose = pid != 0 ? g_strdup_printf ("the running gateway (process %d)", pid)
                                    : g_strdup ("this shell (a unit of systemd has its own)");
  VgwCapacityLimits needed, own;

  vgw_app_count_needed (config, &needed);
  vgw_capacity_raise_limits (); /* as the gateway does when it starts */
  vgw_capacity_read_limits (&own);
  compare (report, "descriptors", needed.files, pid != 0 ? read_limit (pid, "Max open files") : own.files, whose,
           "raise LimitNOFILE= of the unit (ulimit -n), or lower limits.max-sessions or http.max-connections");
  compare (report, "threads", needed.threads, pid != 0 ? read_thread_limit (pid) : own.threads, whose,
           "raise TasksMax= of the unit (pids.max, ulimit -u), or lower limits.max-sessions");
  check_priority (report, pid, whose);
  check_sysctl (report, "net.core.rmem_max");
  check_sysctl (report, "net.core.wmem_max");
}
