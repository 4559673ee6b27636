#include "media/vgw-gst-debug.h"

#include <check.h>
#include <gst/gst.h>

#include "run-suite.h"

static void
set (const char *list, const char *in_effect)
{
  g_autofree char *found = vgw_gst_debug_set (list, NULL);

  ck_assert_str_eq (found, in_effect);
}

START_TEST (categories_that_write_keys_are_not_logged_in_detail)
{
  static const struct
  {
    const char *list, *in_effect;
  } cases[] = {
    { "*:9", "*:4" },
    { "9", "4" },
    { "srtpdec:7", "srtpdec:7,srtp*:4,dtls*:4" },
    { "?*:6,dtls*:9", "?*:4,dtls*:9,srtp*:4,dtls*:4" },
    { "*r*:9,*d*:9", "*r*:9,*d*:9,srtp*:4,dtls*:4" },
  };
  GstDebugCategory *srtp = _gst_debug_category_new ("srtpdec", 0, NULL);
  GstDebugCategory *dtls = _gst_debug_category_new ("dtlsconnection", 0, NULL);
  GstDebugCategory *other = _gst_debug_category_new ("vgwtest", 0, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      set (cases[i].list, cases[i].in_effect);
      ck_assert_msg (gst_debug_category_get_threshold (srtp) <= GST_LEVEL_INFO, "%s", cases[i].list);
      ck_assert_msg (gst_debug_category_get_threshold (dtls) <= GST_LEVEL_INFO, "%s", cases[i].list);
    }
  set ("vgwtest:6", "vgwtest:6,srtp*:4,dtls*:4");
  ck_assert_int_eq (gst_debug_category_get_threshold (other), GST_LEVEL_LOG);
  set ("*:3", "*:3");
  ck_assert_int_eq (gst_debug_category_get_threshold (srtp), GST_LEVEL_FIXME);
  set ("", "");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-gst-debug");
  TCase *tests = tcase_create ("all");

  gst_init (NULL, NULL);
  tcase_add_test (tests, categories_that_write_keys_are_not_logged_in_detail);
  suite_add_tcase (suite, tests);
  return suite;
}
