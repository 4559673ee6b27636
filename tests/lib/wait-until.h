/* Waits for what another thread, or a socket, makes true: for a condition, never for a time. */
#pragma once

#include <check.h>
#include <glib.h>

#define WAIT_TICK_MS 2
#define DEADLINE_US (30 * G_USEC_PER_SEC) /* of what takes a moment */

/* Of the macro below. */
gboolean wait_tick (gpointer user_data);

/* Turns the main loop until @condition holds, which is not looked at again then; it is at least every WAIT_TICK_MS
 * until then, as a thread or a raw socket is in no main loop. Fails the test after @limit_us. */
#define WAIT_UNTIL_WITHIN(limit_us, condition)                                                                         \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 wait_end_us = g_get_monotonic_time () + (limit_us);                                                         \
    guint wait_tick_id = g_timeout_add (WAIT_TICK_MS, wait_tick, NULL);                                                \
    gboolean wait_holds;                                                                                               \
    while (!(wait_holds = (condition)) && g_get_monotonic_time () < wait_end_us)                                       \
      g_main_context_iteration (NULL, TRUE);                                                                           \
    g_source_remove (wait_tick_id);                                                                                    \
    ck_assert_msg (wait_holds, "waited in vain for: %s", #condition);                                                  \
  }                                                                                                                    \
  G_STMT_END

/* The same for a test whose main loop must not turn. */
#define POLL_UNTIL_WITHIN(limit_us, condition)                                                                         \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 wait_end_us = g_get_monotonic_time () + (limit_us);                                                         \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        ck_assert_msg (g_get_monotonic_time () < wait_end_us, "waited in vain for: %s", #condition);                   \
        g_usleep (1000);                                                                                               \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END

#define WAIT_UNTIL(condition) WAIT_UNTIL_WITHIN (DEADLINE_US, condition)
#define POLL_UNTIL(condition) POLL_UNTIL_WITHIN (DEADLINE_US, condition)
