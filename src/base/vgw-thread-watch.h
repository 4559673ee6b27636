/* How much of the time the threads that serve all calls have something to do, be it that they run or that they wait for
 * a processor: near 100 % work piles up, whether the thread itself or the rest of the machine is the reason. Linux
 * counts both for each thread (schedstat). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Has the calling thread watched, until it says vgw_thread_watch_remove (). */
void vgw_thread_watch_add (void);
void vgw_thread_watch_remove (void);

/* Percent of the time since the last call in which the busiest of the watched threads ran or waited for a processor; 0
 * the first time, and where the kernel does not count. Any thread, but always the same. */
guint vgw_thread_watch_sample (void);

G_END_DECLS
