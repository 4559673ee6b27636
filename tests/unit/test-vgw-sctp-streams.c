#include <check.h>
#include <gst/gst.h>

#include "media/vgw-sctp-streams.h"
#include "run-suite.h"

/* RFC 8832 section 5 */
static const struct
{
  const char *name;
  guint8 data[24];
  gsize size;
  gboolean is_good;
} messages[] = {
  { "nothing", { 0 }, 0, FALSE },
  { "ACK", { 2 }, 1, TRUE },
  { "ACK with more behind it", { 2, 9, 9 }, 3, TRUE },
  { "OPEN without names", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, TRUE },
  { "OPEN with both names", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 'a', 'b', 'c' }, 15, TRUE },
  { "OPEN with padding", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 'a', 0, 0, 0 }, 16, TRUE },
  { "OPEN alone", { 3 }, 1, FALSE },
  { "OPEN cut in its head", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 11, FALSE },
  { "OPEN cut in its label", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 'a', 'b' }, 14, FALSE },
  { "OPEN cut in its protocol", { 3, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 2, 'a', 'b' }, 14, FALSE },
  { "OPEN with the longest names and none of them", { 3, 0, 1, 0, 0, 0, 0, 0, 255, 255, 255, 255 }, 12, FALSE },
  { "another type", { 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, FALSE },
};

START_TEST (only_whole_control_messages_reach_webrtcbin)
{
  ck_assert_msg (vgw_sctp_streams_is_good_control (messages[_i].data, messages[_i].size) == messages[_i].is_good, "%s",
                 messages[_i].name);
}
END_TEST

START_TEST (errors_of_sctp_are_told_from_others)
{
  g_autoptr (GstElement) sctpenc = gst_object_ref_sink (gst_element_factory_make ("sctpenc", NULL));
  g_autoptr (GstElement) sctpdec = gst_object_ref_sink (gst_element_factory_make ("sctpdec", NULL));
  g_autoptr (GstElement) dtlsenc = gst_object_ref_sink (gst_element_factory_make ("dtlsenc", NULL));
  g_autoptr (GstElement) bin = gst_object_ref_sink (gst_bin_new ("sctpenc"));
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sctpenc, "src");

  ck_assert (vgw_sctp_streams_is_source (GST_OBJECT (sctpenc)));
  ck_assert (vgw_sctp_streams_is_source (GST_OBJECT (sctpdec)));
  ck_assert (!vgw_sctp_streams_is_source (GST_OBJECT (dtlsenc)));
  ck_assert (!vgw_sctp_streams_is_source (GST_OBJECT (bin)));
  ck_assert (!vgw_sctp_streams_is_source (GST_OBJECT (pad)));
  ck_assert (!vgw_sctp_streams_is_source (NULL));
}
END_TEST

Suite *
test_suite (void)
{
  gst_init (NULL, NULL);
  Suite *suite = suite_create ("vgw-sctp-streams");
  TCase *tcase = tcase_create ("streams");
  tcase_add_loop_test (tcase, only_whole_control_messages_reach_webrtcbin, 0, G_N_ELEMENTS (messages));
  tcase_add_test (tcase, errors_of_sctp_are_told_from_others);
  suite_add_tcase (suite, tcase);
  return suite;
}
