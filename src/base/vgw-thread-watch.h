/* How long the threads that serve all calls wait for a processor: the one number that tells a machine with too many calls
 * from one that is merely busy. Linux counts it for each thread (schedstat). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Has the calling thread watched, until it says vgw_thread_watch_remove (). */
void vgw_thread_watch_add (void);
void vgw_thread_watch_remove (void);

/* Percent of the time since the last call in which the watched thread that had it worst could run, and no processor was
 * free for it; 0 the first time, and where the kernel does not count. Any thread, but always the same. */
guint vgw_thread_watch_sample (void);

G_END_DECLS
