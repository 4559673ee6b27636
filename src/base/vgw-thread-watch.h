/* The load of the threads that serve all calls: the time that they run or wait for a processor, as Linux counts it for
 * each thread (schedstat). Near 100 % a thread falls behind, because of its own work or that of other processes. */
#pragma once

#include <glib.h>

/* Adds and removes the calling thread. */
void vgw_thread_watch_add (void);
void vgw_thread_watch_remove (void);

/* The load of the busiest watched thread since the last call, in percent; 0 the first time, and where the kernel has no
 * schedstat. Always on the same thread. */
guint vgw_thread_watch_sample (void);
