/* The limits of file descriptors and threads. Where either runs out, GLib and webrtcbin abort the process, and every
 * call with it; so both are checked before a peer is created and before a connection is accepted, and a reserve is kept
 * for name lookups, bots and recordings, which are not checked. Main thread only, except where noted. */
#pragma once

#include <glib.h>

/* The most that one peer uses, during its setup. */
typedef struct
{
  guint files;
  guint threads;
} VgwCapacityCost;

typedef struct
{
  guint64 files; /* VGW_CAPACITY_NO_LIMIT: unlimited, also for threads */
  guint64 threads;
} VgwCapacityLimits;

#define VGW_CAPACITY_NO_LIMIT G_MAXUINT64

typedef enum
{
  VGW_CAPACITY_FILES,
  VGW_CAPACITY_THREADS,
} VgwCapacityKind;

#define VGW_CAPACITY_N_KINDS (VGW_CAPACITY_THREADS + 1)

typedef struct _VgwCapacity VgwCapacity;

/* Raises the soft limit of open files (RLIMIT_NOFILE) to the hard one, at most MAX_FILES. The process does not use
 * select (), which cannot handle descriptors from 1024 on. */
void vgw_capacity_raise_limits (void);

/* Whether the limits are sufficient for a start: threads for each processor, sockets, one call, and @n_tcp_files, the
 * connections of ICE over TCP that are to be reserved. Errors: VGW_ERROR_BUSY, with the limit to raise. */
gboolean vgw_capacity_check_start (guint n_tcp_files, GError **error);

/* @peer: the cost of a call without its WebSocket. Returns: (transfer full) */
VgwCapacity *vgw_capacity_new (const VgwCapacityCost *peer);
void vgw_capacity_free (VgwCapacity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCapacity, vgw_capacity_free)

/* The number of open connections of ICE over TCP. */
typedef guint (*VgwCapacityCountFunc) (gpointer user_data);

/* Reserves @n_files descriptors for connections of ICE over TCP, which are opened on another thread, within a limit of
 * their own: those that are not open yet are kept free. @user_data must outlive the capacity. Once. */
void vgw_capacity_reserve_tcp_files (VgwCapacity *self, guint n_files, VgwCapacityCountFunc count_open,
                                     gpointer user_data);

/* Whether one more peer can be created. Its whole cost is reserved until end_peer (), since its threads are created one
 * by one. Errors: VGW_ERROR_BUSY, without numbers: the message is sent to the client. */
gboolean vgw_capacity_begin_peer (VgwCapacity *self, GError **error);
void vgw_capacity_end_peer (VgwCapacity *self);

/* What to do with a new connection, so that descriptors remain for calls. */
typedef enum
{
  VGW_CAPACITY_ACCEPT,
  VGW_CAPACITY_REFUSE, /* accept, answer with an error, close */
  VGW_CAPACITY_WAIT,   /* do not accept: no descriptor is left to refuse it with */
} VgwCapacityVerdict;

VgwCapacityVerdict vgw_capacity_judge_connection (VgwCapacity *self);

/* Offers refused by begin_peer () for lack of @kind. */
guint64 vgw_capacity_count_refused (VgwCapacity *self, VgwCapacityKind kind);
const char *vgw_capacity_kind_to_string (VgwCapacityKind kind); /* "descriptors", "threads" */

/* Present use, and limits: for threads the lower of the cgroup's (pids.max) and, for an ordinary user, RLIMIT_NPROC,
 * which includes the user's other processes. Any thread. */
guint64 vgw_capacity_count_files (void);
guint64 vgw_capacity_count_threads (void);
void vgw_capacity_read_limits (VgwCapacityLimits *limits);

/* Logs the limits, and a warning with what to change where they are too low for @max_sessions (0: no limit) and
 * @max_connections. To be called when everything has started. */
void vgw_capacity_log (VgwCapacity *self, guint max_sessions, guint max_connections);

/* What a process needs for @n_sessions and @n_connections, with @n_tcp_files connections of ICE over TCP. Pure. */
void vgw_capacity_count_needed (const VgwCapacityCost *peer, guint n_sessions, guint n_connections, guint n_tcp_files,
                                VgwCapacityLimits *needed);

/* The number of calls, each with one connection, that fit in @limits on top of @used. Pure. */
guint64 vgw_capacity_count_calls (const VgwCapacityCost *peer, const VgwCapacityLimits *used,
                                  const VgwCapacityLimits *limits);

/* The number of threads left in a cgroup. @root: the mount point of the hierarchies (/sys/fs/cgroup); @text: the
 * content of /proc/self/cgroup, cgroups(7). VGW_CAPACITY_NO_LIMIT where there is no limit. Any thread. */
guint64 vgw_capacity_read_cgroup (const char *root, const char *text);
