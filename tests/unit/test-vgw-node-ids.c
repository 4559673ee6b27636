#include "base/vgw-node-ids.h"

#include <check.h>
#include <string.h>

#include "run-suite.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "fedcba9876543210fedcba9876543210"
#define PLAIN_LENGTH 22 /* 128 bits in base64 without padding */

static VgwNodeIds *
make_ids (const char *name, const char *key, const char *second)
{
  const char *const keys[] = { key, second, NULL };
  const VgwNodeSettings settings = { .name = name, .keys = keys };

  return vgw_node_ids_new (&settings);
}

/* Whether @ids reads @id as that of @name (nullable). */
static gboolean
reads (const VgwNodeIds *ids, const char *id, const char *name)
{
  g_autofree char *found = vgw_node_ids_find_node (ids, id);

  return g_strcmp0 (found, name) == 0;
}

START_TEST (a_gateway_that_is_alone_has_ids_without_a_name)
{
  const VgwNodeSettings settings = { .name = "" };
  g_autofree char *id = vgw_node_ids_make (NULL);

  ck_assert_ptr_null (vgw_node_ids_new (&settings));
  ck_assert_uint_eq (strlen (id), PLAIN_LENGTH);
}
END_TEST

START_TEST (an_id_leads_to_the_node_that_made_it)
{
  g_autofree char *long_name = g_strnfill (VGW_NODE_NAME_MAX_BYTES, 'n');
  const char *const names[] = { "a", "eu-1.example", "gateway_2", long_name };
  g_autoptr (VgwNodeIds) reader = make_ids ("reader", KEY, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint n = 0; n < 100; n++) /* '-' and '_' at any place */
      {
        g_autoptr (VgwNodeIds) ids = make_ids (names[i], KEY, NULL);
        g_autofree char *id = vgw_node_ids_make (ids);
        g_autofree char *other = vgw_node_ids_make (ids);
        g_autofree char *call = g_strconcat ("rtc_", id, NULL);

        ck_assert_str_ne (id, other);
        ck_assert_uint_eq (strspn (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"), strlen (id));
        ck_assert (reads (reader, id, names[i]));
        ck_assert (reads (reader, call, names[i]));
      }
}
END_TEST

START_TEST (an_id_that_is_forged_or_of_another_key_leads_nowhere)
{
  g_autoptr (VgwNodeIds) ids = make_ids ("a", KEY, NULL);
  g_autoptr (VgwNodeIds) stranger = make_ids ("b", OTHER_KEY, NULL);
  g_autofree char *id = vgw_node_ids_make (ids);
  g_autofree char *foreign = vgw_node_ids_make (stranger);
  g_autofree char *plain = vgw_node_ids_make (NULL);
  g_autofree char *longer = g_strconcat (id, "A", NULL);
  g_autofree char *padded = g_strconcat (id, "==", NULL);
  g_autofree char *spaced = g_strconcat (id, " ", NULL);
  g_autofree char *split = g_strconcat ("a\r\nb_", id, NULL);
  g_autofree char *other_query = g_strconcat ("a&b_", id, NULL);
  g_autofree char *huge = g_strnfill (16000, 'A');
  const char *const bad[] = { foreign,     plain, longer, padded, spaced, split,
                              other_query, huge,  "",     "_",    "rtc_", "../../etc/passwd" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (reads (ids, bad[i], NULL), "%s", bad[i]);
  for (gsize at = 0; id[at] != '\0'; at++)
    {
      g_autofree char *changed = g_strdup (id);

      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      ck_assert_msg (reads (ids, changed, NULL), "%s", changed);
    }
}
END_TEST

START_TEST (keys_are_changed_one_node_at_a_time)
{
  g_autoptr (VgwNodeIds) old = make_ids ("a", KEY, NULL);
  g_autoptr (VgwNodeIds) both = make_ids ("b", OTHER_KEY, KEY);
  g_autoptr (VgwNodeIds) new = make_ids ("c", OTHER_KEY, NULL);
  g_autofree char *old_id = vgw_node_ids_make (old);
  g_autofree char *new_id = vgw_node_ids_make (both);
  g_autofree char *signature = vgw_node_ids_sign (old, "text");

  ck_assert (reads (both, old_id, "a"));
  ck_assert (reads (both, new_id, "b"));
  ck_assert (reads (new, new_id, "b"));
  ck_assert (reads (new, old_id, NULL));
  ck_assert (vgw_node_ids_verify (both, "text", signature));
  ck_assert (!vgw_node_ids_verify (new, "text", signature));
}
END_TEST

START_TEST (a_signature_is_of_one_text)
{
  g_autoptr (VgwNodeIds) ids = make_ids ("a", KEY, NULL);
  g_autofree char *signature = vgw_node_ids_sign (ids, "text");
  g_autofree char *changed = g_strdup (signature);

  changed[0] = changed[0] == 'A' ? 'B' : 'A';
  ck_assert (vgw_node_ids_verify (ids, "text", signature));
  ck_assert (!vgw_node_ids_verify (ids, "texts", signature));
  ck_assert (!vgw_node_ids_verify (ids, "text", changed));
  ck_assert (!vgw_node_ids_verify (ids, "text", ""));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-node-ids");
  TCase *tests = tcase_create ("all");

  tcase_add_test (tests, a_gateway_that_is_alone_has_ids_without_a_name);
  tcase_add_test (tests, an_id_leads_to_the_node_that_made_it);
  tcase_add_test (tests, an_id_that_is_forged_or_of_another_key_leads_nowhere);
  tcase_add_test (tests, keys_are_changed_one_node_at_a_time);
  tcase_add_test (tests, a_signature_is_of_one_text);
  suite_add_tcase (suite, tests);
  return suite;
}
