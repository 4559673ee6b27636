#include "dialect-script.h"
#include "run-suite.h"

#include <string.h>

START_TEST (every_name_finds_its_dialect)
{
  guint n = 0;

  for (const VgwDialect *const *at = vgw_dialects (); *at != NULL; at++, n++)
    {
      const VgwDialect *dialect = *at;
      ck_assert_msg (vgw_dialect_find (dialect->name) == dialect, "%s", dialect->name);
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
  for (const VgwDialect *const *dialect = vgw_dialects (); *dialect != NULL; dialect++)
    ck_assert_int_eq ((*dialect)->is_stream, strcmp ((*dialect)->name, "audiosocket") == 0);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dialect-table");
  TCase *tcase = tcase_create ("table");

  tcase_add_test (tcase, every_name_finds_its_dialect);
  tcase_add_test (tcase, an_unknown_name_finds_none);
  tcase_add_test (tcase, only_audiosocket_is_a_stream);
  suite_add_tcase (suite, tcase);
  return suite;
}
