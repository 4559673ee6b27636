#include "dialect-test.h"

#include <string.h>

START_TEST (every_name_finds_its_dialect)
{
  guint n = 0;

  for (const char *const *name = vgw_dialect_names (); *name != NULL; name++, n++)
    {
      const VgwDialect *dialect = vgw_dialect_find (*name);
      ck_assert_msg (dialect != NULL && strcmp (dialect->name, *name) == 0, "%s", *name);
      ck_assert (dialect->open != NULL && dialect->free != NULL && dialect->start != NULL && dialect->audio != NULL
                 && dialect->stop != NULL && dialect->receive != NULL);
    }
  ck_assert_uint_eq (n, 6);
}
END_TEST

START_TEST (an_unknown_name_finds_none)
{
  ck_assert_ptr_null (vgw_dialect_find ("telnyx"));
  ck_assert_ptr_null (vgw_dialect_find (""));
  ck_assert_ptr_null (vgw_dialect_find (NULL));
}
END_TEST

START_TEST (only_audiosocket_is_a_stream)
{
  for (const char *const *name = vgw_dialect_names (); *name != NULL; name++)
    ck_assert_int_eq (vgw_dialect_find (*name)->is_stream, strcmp (*name, "audiosocket") == 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("vgw-dialect-table");
  TCase *tcase = tcase_create ("table");

  tcase_add_test (tcase, every_name_finds_its_dialect);
  tcase_add_test (tcase, an_unknown_name_finds_none);
  tcase_add_test (tcase, only_audiosocket_is_a_stream);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
