/* The order of what a session sends, events that wait, and the end. */
#include "session/vgw-outbox.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/vgw-log.h"
#include "run-suite.h"
#include "session/vgw-replay.h"
#include "wait-until.h"

#define MEGABYTE (1024 * 1024)

static VgwSessionSettingsLimits limits;
static GObject *owner;
static VgwOutbox *outbox;
static GPtrArray *sent; /* char*: the event, the name of a state, the type of another message, "END" */
static gsize backlog;
static gboolean drops_owner; /* with the first output */
static guint64 last_seq;     /* of the last message */
static guint64 n_missed;     /* of the last `session` message */

static gsize
get_backlog (gpointer user_data)
{
  return backlog;
}

static void
on_output (const VgwOutput *output, gpointer user_data)
{
  const VgwMessage *message = output->message;
  const char *text = "END";

  ck_assert_ptr_eq (user_data, owner);
  if (output->type == VGW_OUTPUT_MESSAGE)
    last_seq = message->seq;
  if (output->type == VGW_OUTPUT_MESSAGE && message->type == VGW_MESSAGE_SESSION)
    n_missed = message->n_missed;
  if (output->type == VGW_OUTPUT_MESSAGE)
    text = message->type == VGW_MESSAGE_EVENT   ? message->event_json
           : message->type == VGW_MESSAGE_STATE ? message->name
                                                : vgw_message_type_to_string (message->type);
  g_ptr_array_add (sent, g_strdup (text));
  if (drops_owner)
    g_object_unref (owner);
  drops_owner = FALSE;
}

static void
free_outbox (gpointer data, GObject *where)
{
  g_clear_pointer (&outbox, vgw_outbox_free);
}

static void
set_up (void)
{
  limits = (VgwSessionSettingsLimits){ .max_message_bytes = 65536 };
  owner = g_object_new (G_TYPE_OBJECT, NULL);
  outbox = vgw_outbox_new (owner, &limits, "test", on_output);
  g_object_weak_ref (owner, free_outbox, NULL);
  vgw_outbox_set_backlog_func (outbox, get_backlog, NULL);
  sent = g_ptr_array_new_with_free_func (g_free);
  backlog = 0;
  drops_owner = FALSE;
  last_seq = 0;
  n_missed = 0;
}

static void
tear_down (void)
{
  if (outbox != NULL)
    g_object_unref (owner);
  ck_assert_ptr_null (outbox);
  g_ptr_array_unref (sent);
}

static void
assert_sent (const char *wanted)
{
  g_autofree char *joined = NULL;

  g_ptr_array_add (sent, NULL);
  joined = g_strjoinv (" ", (char **) sent->pdata);
  ck_assert_str_eq (joined, wanted);
  g_ptr_array_set_size (sent, 0);
}

static void
queue_events (guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      g_autofree char *json = g_strdup_printf ("{%u}", i);

      ck_assert (vgw_outbox_queue_event (outbox, json, FALSE));
    }
}

START_TEST (all_is_sent_in_order_at_the_end_of_the_turn)
{
  queue_events (0, 1);
  vgw_outbox_queue (outbox, vgw_message_new_state ("active", NULL));
  queue_events (1, 3);
  vgw_outbox_end (outbox, VGW_END_CLIENT_BYE);
  ck_assert_uint_eq (sent->len, 0);
  g_main_context_iteration (NULL, FALSE);
  assert_sent ("{0} active {1} {2} ended END");
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  assert_sent ("");
}
END_TEST

START_TEST (a_flush_needs_no_end_of_a_turn)
{
  vgw_outbox_queue (outbox, vgw_message_new_state ("connecting", NULL));
  vgw_outbox_flush (outbox);
  assert_sent ("connecting");
}
END_TEST

START_TEST (a_receiver_may_drop_the_session)
{
  drops_owner = TRUE;
  queue_events (0, 1);
  vgw_outbox_queue (outbox, vgw_message_new_state ("active", NULL));
  g_main_context_iteration (NULL, FALSE);
  ck_assert_ptr_null (outbox);
}
END_TEST

START_TEST (events_wait_for_a_client_that_is_slow_and_keep_their_order)
{
  backlog = MEGABYTE;
  queue_events (0, 2);
  vgw_outbox_queue (outbox, vgw_message_new_state ("active", NULL)); /* other messages do not wait */
  vgw_outbox_flush (outbox);
  assert_sent ("active");
  backlog = 0;
  queue_events (2, 4);
  WAIT_UNTIL_WITHIN (20 * G_USEC_PER_SEC, sent->len == 4);
  assert_sent ("{0} {1} {2} {3}");
}
END_TEST

/* Without anything else to wake it up. */
START_TEST (events_that_wait_are_tried_again)
{
  backlog = MEGABYTE;
  queue_events (0, 10);
  vgw_outbox_flush (outbox);
  backlog = 0;
  WAIT_UNTIL_WITHIN (20 * G_USEC_PER_SEC, sent->len == 10);
}
END_TEST

START_TEST (events_that_wait_at_the_end_are_sent_or_dropped)
{
  backlog = MEGABYTE;
  queue_events (0, 2);
  vgw_outbox_flush (outbox);
  queue_events (2, 3);
  backlog = (gsize) _i * MEGABYTE;
  vgw_outbox_end (outbox, VGW_END_CLIENT_BYE);
  vgw_outbox_flush (outbox);
  assert_sent (_i == 0 ? "{0} {1} {2} ended END" : "ended END");
}
END_TEST

START_TEST (events_that_wait_are_bounded)
{
  g_autofree char *large = g_strnfill (60000, 'x');
  guint n_kept = 0;

  backlog = MEGABYTE;
  for (guint i = 0; i < 500; i++)
    n_kept += vgw_outbox_queue_event (outbox, large, FALSE);
  ck_assert_uint_gt (n_kept, 200);
  ck_assert_uint_lt (n_kept, 17 * MEGABYTE / 60000);
  ck_assert (vgw_outbox_queue_event (outbox, large, TRUE)); /* there is still room for those of the gateway */
  vgw_outbox_flush (outbox);
  backlog = 0;
  WAIT_UNTIL_WITHIN (20 * G_USEC_PER_SEC, sent->len == n_kept + 1);
  ck_assert (vgw_outbox_queue_event (outbox, large, FALSE));
}
END_TEST

/* A session whose `session` message and events 0 and 1 a door got, and whose events 2 to 4 none. */
static void
lose_door (void)
{
  vgw_outbox_queue (outbox, vgw_message_new (VGW_MESSAGE_SESSION));
  queue_events (0, 2);
  vgw_outbox_flush (outbox);
  assert_sent ("session {0} {1}");
  ck_assert_uint_eq (last_seq, 3);
  vgw_outbox_detach (outbox);
  queue_events (2, 5);
  vgw_outbox_flush (outbox);
  assert_sent ("");
}

static void
attach (gint64 seen)
{
  vgw_outbox_attach (outbox, vgw_message_new (VGW_MESSAGE_SESSION), seen);
  vgw_outbox_flush (outbox);
}

START_TEST (a_client_that_returns_gets_what_it_has_not_seen)
{
  static const struct
  {
    gint64 seen;
    const char *sent;
  } cases[] = {
    { 3, "session {2} {3} {4} {5}" },
    { 2, "session {1} {2} {3} {4} {5}" },
    { 5, "session {4} {5}" },
    { 6, "session {5}" },
    { -1, "session {2} {3} {4} {5}" },
    { 1, "session {0} {1} {2} {3} {4} {5}" },
    { 0, "session {0} {1} {2} {3} {4} {5}" },
    { 99, "session {5}" },
  };

  lose_door ();
  vgw_outbox_attach (outbox, vgw_message_new (VGW_MESSAGE_SESSION), cases[_i].seen);
  queue_events (5, 6); /* in the same turn, and behind the others */
  vgw_outbox_flush (outbox);
  assert_sent (cases[_i].sent);
  ck_assert_uint_eq (n_missed, 0);
  ck_assert_uint_eq (last_seq, 7);
}
END_TEST

START_TEST (what_is_kept_is_bounded_and_the_client_learns_how_much_it_misses)
{
  const guint n_more = VGW_REPLAY_MAX_MESSAGES + 10;

  lose_door ();
  for (guint i = 0; i < n_more; i++)
    vgw_outbox_queue (outbox, vgw_message_new_state ("active", NULL));
  vgw_outbox_flush (outbox);
  ck_assert_uint_gt (vgw_outbox_count_dropped (outbox), 10);
  attach (3);
  ck_assert_uint_eq (n_missed, vgw_outbox_count_dropped (outbox));
  ck_assert_uint_eq (sent->len, 1 + 3 + n_more - n_missed);
  ck_assert_uint_eq (last_seq, 6 + n_more);
}
END_TEST

START_TEST (the_end_comes_without_a_door_too)
{
  lose_door ();
  vgw_outbox_end (outbox, VGW_END_WEBSOCKET_CLOSED);
  vgw_outbox_flush (outbox);
  assert_sent ("END");
}
END_TEST

START_TEST (nothing_follows_the_end)
{
  vgw_outbox_end (outbox, VGW_END_CLIENT_BYE);
  queue_events (0, 1);
  vgw_outbox_queue (outbox, vgw_message_new_state ("active", NULL));
  vgw_outbox_flush (outbox);
  assert_sent ("ended END");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-outbox");
  TCase *tcase = tcase_create ("outbox");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, all_is_sent_in_order_at_the_end_of_the_turn);
  tcase_add_test (tcase, a_flush_needs_no_end_of_a_turn);
  tcase_add_test (tcase, a_receiver_may_drop_the_session);
  tcase_add_test (tcase, events_wait_for_a_client_that_is_slow_and_keep_their_order);
  tcase_add_test (tcase, events_that_wait_are_tried_again);
  tcase_add_loop_test (tcase, events_that_wait_at_the_end_are_sent_or_dropped, 0, 2);
  tcase_add_test (tcase, events_that_wait_are_bounded);
  tcase_add_loop_test (tcase, a_client_that_returns_gets_what_it_has_not_seen, 0, 8);
  tcase_add_test (tcase, what_is_kept_is_bounded_and_the_client_learns_how_much_it_misses);
  tcase_add_test (tcase, the_end_comes_without_a_door_too);
  tcase_add_test (tcase, nothing_follows_the_end);
  suite_add_tcase (suite, tcase);
  return suite;
}
