#include <check.h>
#include <stdlib.h>

#include "base/vgw-mailbox.h"
#include "media/vgw-sctp-ids.h"
#include "run-suite.h"

#define N_POSTS 1000
#define MAX_PENDING 8

static gint n_freed;

static void
count_freed (gpointer payload)
{
  g_atomic_int_inc (&n_freed);
}

/* What a post found on the main thread. */
typedef struct
{
  GArray *seen;
  GThread *thread;
} Seen;

static Seen seen;

static void
note (gpointer object, gpointer payload)
{
  guint value = GPOINTER_TO_UINT (payload);
  seen.thread = g_thread_self ();
  g_array_append_val (seen.seen, value);
}

static void
setup (void)
{
  n_freed = 0;
  seen.seen = g_array_new (FALSE, FALSE, sizeof (guint));
  seen.thread = NULL;
}

static void
teardown (void)
{
  g_array_unref (seen.seen);
}

static gpointer
post_many (gpointer mailbox)
{
  for (guint i = 1; i <= N_POSTS; i++)
    vgw_mailbox_post (mailbox, note, GUINT_TO_POINTER (i), count_freed);
  return NULL;
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

START_TEST (posts_arrive_in_order_on_the_main_thread)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);
  g_thread_join (g_thread_new ("poster", post_many, mailbox));
  ck_assert_uint_eq (seen.seen->len, 0);
  drain ();
  ck_assert_uint_eq (seen.seen->len, N_POSTS);
  for (guint i = 0; i < N_POSTS; i++)
    ck_assert_uint_eq (g_array_index (seen.seen, guint, i), i + 1);
  ck_assert_ptr_eq (seen.thread, g_thread_self ());
  ck_assert_int_eq (n_freed, N_POSTS);
}
END_TEST

START_TEST (nothing_is_called_after_close_but_everything_is_freed)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);
  g_thread_join (g_thread_new ("poster", post_many, mailbox));
  vgw_mailbox_close (mailbox);
  drain ();
  ck_assert_uint_eq (seen.seen->len, 0);
  ck_assert_int_eq (n_freed, N_POSTS);
}
END_TEST

START_TEST (nothing_is_called_for_an_object_that_has_gone)
{
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);
  g_thread_join (g_thread_new ("poster", post_many, mailbox));
  g_object_unref (object);
  drain ();
  ck_assert_uint_eq (seen.seen->len, 0);
  ck_assert_int_eq (n_freed, N_POSTS);
}
END_TEST

START_TEST (what_a_remote_peer_can_post_is_bounded)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);
  for (guint i = 1; i <= MAX_PENDING; i++)
    ck_assert (vgw_mailbox_post_bounded (mailbox, MAX_PENDING, note, GUINT_TO_POINTER (i), count_freed));
  ck_assert (!vgw_mailbox_post_bounded (mailbox, MAX_PENDING, note, GUINT_TO_POINTER (9), count_freed));
  ck_assert_int_eq (n_freed, 1);
  drain ();
  ck_assert_uint_eq (seen.seen->len, MAX_PENDING);
  ck_assert (vgw_mailbox_post_bounded (mailbox, MAX_PENDING, note, GUINT_TO_POINTER (10), count_freed));
  drain ();
  ck_assert_uint_eq (seen.seen->len, MAX_PENDING + 1);
}
END_TEST

static void
note_other (gpointer object, gpointer payload)
{
  note (object, payload);
}

START_TEST (each_kind_has_its_own_bound)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);

  for (guint i = 1; i <= MAX_PENDING; i++)
    ck_assert (vgw_mailbox_post_bounded (mailbox, MAX_PENDING, note, GUINT_TO_POINTER (i), NULL));
  ck_assert (!vgw_mailbox_post_bounded (mailbox, MAX_PENDING, note, GUINT_TO_POINTER (9), NULL));
  ck_assert (vgw_mailbox_post_bounded (mailbox, 1, note_other, GUINT_TO_POINTER (10), NULL));
  ck_assert (!vgw_mailbox_post_bounded (mailbox, 1, note_other, GUINT_TO_POINTER (11), NULL));
  drain ();
  ck_assert_uint_eq (seen.seen->len, MAX_PENDING + 1);
}
END_TEST

typedef struct
{
  VgwMailbox *mailbox;
  guint n_runs;
} Notified;

static void
notify_again (gpointer object, gpointer payload)
{
  Notified *notified = payload;

  if (notified->n_runs++ == 0)
    ck_assert (vgw_mailbox_post_bounded (notified->mailbox, 1, notify_again, notified, NULL));
}

START_TEST (a_notification_during_its_run_is_not_lost)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (VgwMailbox) mailbox = vgw_mailbox_new (object);
  Notified notified = { mailbox, 0 };

  vgw_mailbox_post_bounded (mailbox, 1, notify_again, &notified, NULL);
  drain ();
  ck_assert_uint_eq (notified.n_runs, 2);
}
END_TEST

START_TEST (sctp_ids_are_never_given_twice)
{
  VgwSctpIds *ids = vgw_sctp_ids_new ();
  g_autofree guint8 *is_seen = g_new0 (guint8, 65536);
  guint n_wrong = 0; /* counted, because 200,000 assertions of Check take a minute */
  for (guint i = 0; i < 65534; i++)
    {
      guint id = vgw_sctp_ids_take (ids);
      n_wrong += id == 0 || id >= 65535 || is_seen[MIN (id, 65535)];
      is_seen[MIN (id, 65535)] = 1;
    }
  ck_assert_uint_eq (n_wrong, 0);
  ck_assert_uint_eq (vgw_sctp_ids_take (ids), 0);
  vgw_sctp_ids_give_back (ids, 4711);
  ck_assert_uint_eq (vgw_sctp_ids_take (ids), 4711);
  vgw_sctp_ids_free (ids);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-mailbox");
  TCase *tcase = tcase_create ("mailbox");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, posts_arrive_in_order_on_the_main_thread);
  tcase_add_test (tcase, nothing_is_called_after_close_but_everything_is_freed);
  tcase_add_test (tcase, nothing_is_called_for_an_object_that_has_gone);
  tcase_add_test (tcase, what_a_remote_peer_can_post_is_bounded);
  tcase_add_test (tcase, each_kind_has_its_own_bound);
  tcase_add_test (tcase, a_notification_during_its_run_is_not_lost);
  tcase_add_test (tcase, sctp_ids_are_never_given_twice);
  suite_add_tcase (suite, tcase);
  return suite;
}
