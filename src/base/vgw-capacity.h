/* What the process may have of file descriptors and threads. Where either runs out, GLib and webrtcbin abort the
 * process, and every call with it, so both are looked at before a peer is made and before a connection is accepted, and
 * a reserve is kept for what nobody asks about: names that are looked up, bots that are connected to, recordings. Main
 * thread only, but for the functions that say so. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What one of them costs at its worst, while it is set up. */
typedef struct
{
  guint files;
  guint threads;
} VgwCapacityCost;

typedef struct
{
  guint64 files; /* that may be open, or threads that there may be; VGW_CAPACITY_NO_LIMIT where nothing bounds them */
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

/* Raises the soft bound of open files (RLIMIT_NOFILE) to the hard one. What select () is for is not used here. */
void vgw_capacity_raise_limits (void);

/* Whether there is enough to start at all: threads for each processor, sockets, and the first call. Errors:
 * VGW_ERROR_BUSY, with what to raise. */
gboolean vgw_capacity_check_start (GError **error);

/* @peer: what a call costs beyond its WebSocket. Returns: (transfer full) */
VgwCapacity *vgw_capacity_new (const VgwCapacityCost *peer);
void vgw_capacity_free (VgwCapacity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCapacity, vgw_capacity_free)

/* Whether one more peer can be made. It counts as being set up until end_peer (), since most of its threads come one by
 * one. Errors: VGW_ERROR_BUSY, without numbers: it is told to the client. */
gboolean vgw_capacity_begin_peer (VgwCapacity *self, GError **error);
void vgw_capacity_end_peer (VgwCapacity *self);

/* How many connections can be accepted now without taking what calls need; 0: there is not even a descriptor to refuse
 * one with. */
typedef enum
{
  VGW_CAPACITY_ACCEPT,
  VGW_CAPACITY_REFUSE, /* accept, say why, and close */
  VGW_CAPACITY_WAIT,   /* do not accept */
} VgwCapacityVerdict;

VgwCapacityVerdict vgw_capacity_judge_connection (VgwCapacity *self);

/* Offers that begin_peer () refused, by what was short. */
guint64 vgw_capacity_count_refused (VgwCapacity *self, VgwCapacityKind kind);
const char *vgw_capacity_kind_to_string (VgwCapacityKind kind); /* "descriptors", "threads" */

/* What there is now, and what there may be: of threads the strictest of the cgroup (pids.max) and, for an ordinary
 * user, RLIMIT_NPROC, which counts the user's other processes, too. Any thread. */
guint64 vgw_capacity_count_files (void);
guint64 vgw_capacity_count_threads (void);
void vgw_capacity_read_limits (VgwCapacityLimits *limits);

/* Says in the log what there may be, and whether that is enough for @max_sessions (0: no bound) and @max_connections; a
 * warning says what to set. Call when everything is up. */
void vgw_capacity_log (VgwCapacity *self, guint max_sessions, guint max_connections);

/* How many calls @limits are enough for, each with one connection, where @used is there without any. Pure. */
guint64 vgw_capacity_count_calls (const VgwCapacityCost *peer, const VgwCapacityLimits *used,
                                  const VgwCapacityLimits *limits);

/* How many threads a cgroup leaves. @root: where its hierarchies are mounted (/sys/fs/cgroup); @text: what
 * /proc/self/cgroup says, cgroups(7). VGW_CAPACITY_NO_LIMIT where nothing bounds them. Any thread. */
guint64 vgw_capacity_read_cgroup (const char *root, const char *text);

G_END_DECLS
