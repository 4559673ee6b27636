/* FEC that follows what the receiver reports: the decision, and vgwopusenc with real reports and losses. */
#include <check.h>

#include "audio-test.h"
#include "element-rig.h"
#include "elements/vgw-elements.h"
#include "elements/vgw-loss-report.h"
#include "elements/vgw-opus-protection.h"
#include "run-suite.h"

#define FRAME_SAMPLES (PHRASE_RATE_HZ / 50)
#define FRAME_DURATION (20 * GST_MSECOND)
#define OPUS_CAPS "audio/x-opus, channel-mapping-family=(int)0, channels=(int)2"
#define PCM_CAPS "audio/x-raw, format=S16LE, layout=interleaved, channels=(int)1, rate=(int)16000"

START_TEST (without_a_report_the_description_holds)
{
  VgwOpusProtection protection = { 0 };

  ck_assert_int_eq (vgw_opus_protection_get_percent (&protection, 7), 7);
  ck_assert_int_eq (vgw_opus_protection_get_bitrate (&protection, 24000), 24000);
}
END_TEST

START_TEST (loss_counts_at_once_and_fades)
{
  VgwOpusProtection protection = { 0 };
  guint n_reports = 0;

  ck_assert (vgw_opus_protection_report (&protection, 0));
  ck_assert_int_eq (vgw_opus_protection_get_percent (&protection, 7), 0);
  ck_assert (!vgw_opus_protection_report (&protection, 2)); /* 0.8 % */
  ck_assert_int_eq (vgw_opus_protection_get_bitrate (&protection, 24000), 24000);
  ck_assert (vgw_opus_protection_report (&protection, 3)); /* 1.2 % */
  ck_assert_int_eq (vgw_opus_protection_get_percent (&protection, 7), 5);
  ck_assert_int_eq (vgw_opus_protection_get_bitrate (&protection, 24000), 30000);
  ck_assert (vgw_opus_protection_report (&protection, 255));
  ck_assert_int_eq (vgw_opus_protection_get_percent (&protection, 7), 25);
  ck_assert (vgw_opus_protection_report (&protection, 0) || vgw_opus_protection_get_percent (&protection, 7) == 25);
  while (vgw_opus_protection_get_percent (&protection, 7) > 0 && n_reports++ < 100)
    vgw_opus_protection_report (&protection, 0);
  ck_assert_uint_ge (n_reports, 10);
  ck_assert_uint_le (n_reports, 20);
  ck_assert_int_eq (vgw_opus_protection_get_bitrate (&protection, 24000), 24000);
}
END_TEST

START_TEST (other_events_are_no_reports)
{
  g_autoptr (GstEvent) empty =
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("VgwLossReport"));
  g_autoptr (GstEvent) other = gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("other"));
  g_autoptr (GstEvent) report = vgw_loss_report_new (200);
  guint8 fraction_lost = 0;

  ck_assert (!vgw_loss_report_parse (empty, &fraction_lost));
  ck_assert (!vgw_loss_report_parse (other, &fraction_lost));
  ck_assert (vgw_loss_report_parse (report, &fraction_lost));
  ck_assert_uint_eq (fraction_lost, 200);
}
END_TEST

/* Decodes @packets with every fifth one lost; returns how many were recovered from the packet after it. */
static guint64
count_recovered (GPtrArray *packets)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 n_recovered = 0;
  Rig rig;

  rig_init (&rig, "vgwopusdec", OPUS_CAPS, PCM_CAPS);
  for (guint i = 0; i < packets->len; i++)
    {
      GstMapInfo map;

      if (i % 5 == 4)
        {
          rig_push_gap (&rig, i * FRAME_DURATION, FRAME_DURATION);
          continue;
        }
      gst_buffer_map (packets->pdata[i], &map, GST_MAP_READ);
      rig_push (&rig, map.data, map.size, i * FRAME_DURATION, FRAME_DURATION);
      gst_buffer_unmap (packets->pdata[i], &map);
    }
  g_object_get (rig.element, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, "recovered", &n_recovered));
  rig_clear (&rig);
  return n_recovered;
}

/* Encodes the phrase with the settings of pipelines/opus.launch after the reports @fractions, which end with -1. */
static guint64
encode_after (gboolean follows, const gint *fractions)
{
  gsize n_samples;
  g_autofree gint16 *phrase = audio_test_load_phrase (&n_samples);
  g_autoptr (GstPad) pad = NULL;
  guint64 n_recovered;
  Rig rig;

  rig_init (&rig, "vgwopusenc", PCM_CAPS, "audio/x-opus");
  g_object_set (rig.element, "bitrate", 24000, "complexity", 5, "packet-loss-percentage", 5, "follow-loss", follows,
                NULL);
  pad = gst_element_get_static_pad (rig.element, "src");
  for (; *fractions >= 0; fractions++)
    ck_assert (gst_pad_send_event (pad, vgw_loss_report_new ((guint8) *fractions)));
  for (guint i = 0; i < n_samples / FRAME_SAMPLES; i++)
    rig_push (&rig, phrase + i * FRAME_SAMPLES, FRAME_SAMPLES * sizeof (gint16), i * FRAME_DURATION, FRAME_DURATION);
  n_recovered = count_recovered (rig.buffers);
  rig_clear (&rig);
  return n_recovered;
}

START_TEST (a_loss_that_is_reported_can_be_recovered)
{
  static const gint some[] = { 13, -1 }, none[] = { 0, -1 }, over[] = { 13, 0, 0, 0, 0, 0, 0, 0, -1 };
  guint64 n_protected = encode_after (TRUE, some);

  ck_assert_msg (n_protected >= 10, "%" G_GUINT64_FORMAT " recovered", n_protected);
  ck_assert_uint_eq (encode_after (TRUE, none), 0);
  ck_assert_uint_eq (encode_after (TRUE, over), 0);
  ck_assert_uint_eq (encode_after (FALSE, some), encode_after (FALSE, none));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-opus-protection");
  TCase *tcase = tcase_create ("protection");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 0);
  tcase_add_test (tcase, without_a_report_the_description_holds);
  tcase_add_test (tcase, loss_counts_at_once_and_fades);
  tcase_add_test (tcase, other_events_are_no_reports);
  tcase_add_test (tcase, a_loss_that_is_reported_can_be_recovered);
  suite_add_tcase (suite, tcase);
  return suite;
}
