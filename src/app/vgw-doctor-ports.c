/* Which ports are free, and which processes have the others. */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/vgw-doctor-checks.h"

#define GATEWAY_NAME "voice-gateway"
#define TOPIC "ports"
#define STATE_LISTEN 10 /* of /proc/net/tcp */
#define FIRST_ORDINARY_PORT 1024

/* The process that has a port. */
typedef struct
{
  int pid;          /* 0: unknown, since it belongs to another user */
  char *name;       /* (nullable) of the process */
  guint uid;        /* G_MAXUINT: no socket was found */
  gboolean is_ours; /* a voice-gateway */
} Owner;

static void
owner_clear (Owner *owner)
{
  g_free (owner->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Owner, owner_clear)

static char *
read_process_file (int pid, const char *name, gsize *length)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, length, NULL) ? text : NULL;
}

/* Not one that only runs a command such as this one. */
static gboolean
is_gateway (int pid)
{
  g_autofree char *name = read_process_file (pid, "comm", NULL);
  g_autofree char *arguments = NULL;
  const char *first;
  gsize length = 0;

  if (pid == getpid () || name == NULL || !g_str_equal (g_strchomp (name), GATEWAY_NAME))
    return FALSE;
  arguments = read_process_file (pid, "cmdline", &length);
  first = arguments != NULL && length > 0 && strlen (arguments) + 1 < length ? arguments + strlen (arguments) + 1 : "";
  return !g_str_equal (first, "doctor") && !g_str_equal (first, "token");
}

/* A gateway of the user @uid, whose descriptors only that user and root can see; 0 for none. */
static int
guess_gateway (guint uid)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, NULL);
      GStatBuf info;

      if (g_ascii_isdigit (*name) && is_gateway (atoi (name)) && g_stat (path, &info) == 0 && info.st_uid == uid)
        return atoi (name);
    }
  return 0;
}

/* Whether the process @pid has a descriptor of the socket @link ("socket:[INODE]"). */
static gboolean
has_socket (int pid, const char *link)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", pid);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *target = g_file_read_link (file, NULL);

      if (g_strcmp0 (target, link) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
find_process (Owner *owner, guint64 inode)
{
  g_autofree char *link = g_strdup_printf ("socket:[%" G_GUINT64_FORMAT "]", inode);
  g_autoptr (GDir) directory = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      if (!g_ascii_isdigit (*name) || !has_socket (atoi (name), link))
        continue;
      owner->pid = atoi (name);
      owner->name = read_process_file (owner->pid, "comm", NULL);
      owner->is_ours = is_gateway (owner->pid);
      if (owner->name != NULL)
        g_strchomp (owner->name);
      return;
    }
}

/* Looks for the socket with @port in one of the kernel's tables. */
static void
search_table (Owner *owner, const char *path, guint16 port, gboolean is_tcp)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL && owner->uid == G_MAXUINT; line++)
    {
      guint local_port, state, uid;
      guint64 inode;

      if (sscanf (*line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %u %*u %" G_GUINT64_FORMAT, &local_port,
                  &state, &uid, &inode)
              != 4
          || local_port != port || (is_tcp && state != STATE_LISTEN))
        continue;
      owner->uid = uid;
      find_process (owner, inode);
    }
}

static void
find_owner (Owner *owner, guint16 port, gboolean is_tcp)
{
  search_table (owner, is_tcp ? "/proc/net/tcp" : "/proc/net/udp", port, is_tcp);
  search_table (owner, is_tcp ? "/proc/net/tcp6" : "/proc/net/udp6", port, is_tcp);
}

/* The gateway that has the port, or probably has it; 0 for none. */
static int
find_gateway (guint16 port, gboolean is_tcp)
{
  g_auto (Owner) owner = { .uid = G_MAXUINT };

  if (port == 0)
    return 0;
  find_owner (&owner, port, is_tcp);
  if (owner.is_ours)
    return owner.pid;
  return owner.uid != G_MAXUINT && owner.pid == 0 ? guess_gateway (owner.uid) : 0;
}

int
vgw_doctor_find_gateway (const VgwConfig *config)
{
  int pid = find_gateway (config->http.port, TRUE);

  return pid != 0 ? pid : find_gateway (config->media.udp_port, FALSE);
}

static void
add_occupied (VgwDoctorReport *report, const char *what, const char *key, const Owner *owner)
{
  const struct passwd *user = owner->uid != G_MAXUINT ? getpwuid (owner->uid) : NULL;
  int gateway = owner->pid == 0 && owner->uid != G_MAXUINT ? guess_gateway (owner->uid) : 0;
  g_autofree char *advice = g_strdup_printf ("stop that process, or set %s to another port", key);

  if (owner->is_ours)
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "%s: in use by the running gateway (process %d)", what,
                           owner->pid);
  else if (owner->pid != 0)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, advice, "%s: in use by %s (process %d)", what,
                           owner->name != NULL ? owner->name : "a process", owner->pid);
  else if (gateway != 0)
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL,
                           "%s: in use by user %s, probably by the running gateway (process %d); root sees which", what,
                           user != NULL ? user->pw_name : "?", gateway);
  else
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, advice,
                           "%s: in use by a process of user %s; root sees which", what,
                           user != NULL ? user->pw_name : "?");
}

/* 0, or the errno of bind (). */
static int
try_bind (const char *address, guint16 port, gboolean is_tcp)
{
  g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new_from_string (address, port);
  struct sockaddr_storage native = { 0 };
  gssize length = socket_address != NULL ? g_socket_address_get_native_size (socket_address) : 0;
  int yes = 1, status, fd;

  if (socket_address == NULL || !g_socket_address_to_native (socket_address, &native, sizeof native, NULL))
    return EINVAL;
  fd = socket (native.ss_family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return errno;
  if (is_tcp) /* as the gateway: connections that are closing do not count */
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  status =
      bind (fd, (struct sockaddr *) &native, (socklen_t) length) == 0 && (!is_tcp || listen (fd, 1) == 0) ? 0 : errno;
  close (fd);
  return status;
}

/* @key: "http.port" */
static void
check_port (VgwDoctorReport *report, const char *key, const char *address, guint16 port, gboolean is_tcp)
{
  g_autofree char *what = g_strdup_printf ("%s port %u (%s)", is_tcp ? "TCP" : "UDP", port, key);
  g_auto (Owner) owner = { .uid = G_MAXUINT };
  int status;

  if (port == 0)
    return;
  status = try_bind (*address != '\0' ? address : "::", port, is_tcp);
  if (status == EAFNOSUPPORT && *address == '\0')
    status = try_bind ("0.0.0.0", port, is_tcp);
  switch (status)
    {
    case 0:
      vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "%s: free", what);
      break;
    case EADDRINUSE:
      find_owner (&owner, port, is_tcp);
      add_occupied (report, what, key, &owner);
      break;
    case EACCES:
      vgw_doctor_report_add (report, VGW_FINDING_WARNING, TOPIC,
                             port < FIRST_ORDINARY_PORT ? "the unit of systemd has AmbientCapabilities="
                                                          "CAP_NET_BIND_SERVICE for it; run this command as root"
                                                        : "run this command as the gateway's user",
                             "%s: this user may not listen on it", what);
      break;
    case EADDRNOTAVAIL:
      vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, "use an address of this machine: ip address",
                             "%s: this machine does not have the address %s", what, address);
      break;
    default:
      vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, NULL, "%s on %s: %s", what, address,
                             g_strerror (status));
    }
}

void
vgw_doctor_check_ports (VgwDoctorReport *report, const VgwConfig *config)
{
  const VgwMediaSettings *media = &config->media;
  const char *bind_address = media->bind_address != NULL ? media->bind_address : "";

  check_port (report, "http.port", config->http.address, config->http.port, TRUE);
  if (*config->admin.address != '\0')
    check_port (report, "admin.port", config->admin.address, config->admin.port, TRUE);
  if (media->ice_agent != VGW_ICE_AGENT_MUX)
    return;
  check_port (report, "ice.udp-port", bind_address, media->udp_port, FALSE);
  check_port (report, "ice.tcp-port", bind_address, media->ice_tcp.port, TRUE);
}
