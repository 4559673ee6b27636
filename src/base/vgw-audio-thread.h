/* The threads that carry the audio of all calls, those that receive and those that send: their priority and their load.
 * The load is the time that they run or wait for a processor, as Linux counts it for each thread (schedstat). Near
 * 100 % a thread falls behind, because of its own work or that of other processes. */
#pragma once

#include <glib.h>

/* Of a thread that carries audio: what is late is heard, and calls that are being set up, of which there may be many at
 * once, can wait. Not a real-time class: an overloaded machine must stay reachable. */
#define VGW_AUDIO_THREAD_NICE_SENDING (-10) /* before those that receive: they fill its queues */
#define VGW_AUDIO_THREAD_NICE_RECEIVING (-5)

/* The calling thread carries audio. Raises its priority to @nice where the process may (RLIMIT_NICE, CAP_SYS_NICE); it
 * works without. */
void vgw_audio_thread_begin (int nice);
void vgw_audio_thread_end (void);

/* Whether this process may raise the priority. */
gboolean vgw_audio_thread_may_raise (void);

/* The load of the busiest watched thread since the last call, in percent; 0 the first time, and where the kernel has no
 * schedstat. Always on the same thread. */
guint vgw_audio_thread_sample_load (void);
