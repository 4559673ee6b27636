/* Versions of GStreamer's plugins that are known to be unsafe. */
#include <check.h>

#include "media/vgw-plugins.h"
#include "run-suite.h"

#define STATUS_OF(version)                                                                                             \
  "Package: gstreamer1.0-plugins-badly\nVersion: 1.22.0-4+deb12u1\n\n"                                                 \
  "Package: gstreamer1.0-plugins-bad\nStatus: install ok installed\nVersion: " version "\nArchitecture: amd64\n"

START_TEST (versions_before_the_fix_of_debian_12_are_vulnerable)
{
  ck_assert (vgw_plugins_is_vulnerable ("1.22.0", STATUS_OF ("1.22.0-4")));
  ck_assert (vgw_plugins_is_vulnerable ("1.22.0", STATUS_OF ("1.22.0-4+deb12u7")));
  ck_assert (!vgw_plugins_is_vulnerable ("1.22.0", STATUS_OF ("1.22.0-4+deb12u8")));
  ck_assert (!vgw_plugins_is_vulnerable ("1.22.0", STATUS_OF ("1.22.0-4+deb12u10")));
}
END_TEST

START_TEST (other_versions_and_other_systems_are_not)
{
  ck_assert (!vgw_plugins_is_vulnerable ("1.26.2", STATUS_OF ("1.26.2-3")));
  ck_assert (!vgw_plugins_is_vulnerable ("1.22.0", NULL));
  ck_assert (!vgw_plugins_is_vulnerable ("1.22.0", "Package: bash\nVersion: 5\n"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-plugins");
  TCase *tcase = tcase_create ("versions");

  tcase_add_test (tcase, versions_before_the_fix_of_debian_12_are_vulnerable);
  tcase_add_test (tcase, other_versions_and_other_systems_are_not);
  suite_add_tcase (suite, tcase);
  return suite;
}
