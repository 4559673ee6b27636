#include "base/vgw-address-group.h"

#include <check.h>

#include "run-suite.h"

START_TEST (a_customer_is_one_address_or_one_network)
{
  static const char *const cases[][2] = {
    { "192.0.2.1", "192.0.2.1" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
    { "2001:db8:1:2::1", "2001:db8:1:2::/64" },
    { "2001:db8:1:3::1", "2001:db8:1:3::/64" },
    { "fe80::1", "fe80::/64" },
    { "::1", "::1" },
    { "unknown", "unknown" },
    { "", "" },
    { NULL, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *group = vgw_address_group (cases[i][0]);
      ck_assert_str_eq (group, cases[i][1]);
    }
}
END_TEST

START_TEST (this_machine_is_told_from_others)
{
  ck_assert (vgw_address_is_loopback ("127.0.0.1"));
  ck_assert (vgw_address_is_loopback ("127.255.0.9"));
  ck_assert (vgw_address_is_loopback ("::1"));
  ck_assert (!vgw_address_is_loopback ("128.0.0.1"));
  ck_assert (!vgw_address_is_loopback ("::2"));
  ck_assert (!vgw_address_is_loopback ("unknown"));
  ck_assert (!vgw_address_is_loopback (""));
  ck_assert (!vgw_address_is_loopback (NULL));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-address-group");
  TCase *tcase = tcase_create ("group");

  tcase_add_test (tcase, a_customer_is_one_address_or_one_network);
  tcase_add_test (tcase, this_machine_is_told_from_others);
  suite_add_tcase (suite, tcase);
  return suite;
}
