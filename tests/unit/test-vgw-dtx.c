#include <check.h>

#include "elements/vgw-elements.h"
#include "elements/vgw-push-src.h"
#include "media/vgw-dtx.h"
#include "run-suite.h"

#define N_SAMPLES 160

static VgwDtxStep
step (VgwDtx *dtx, gint16 sample, gsize n_audio)
{
  gint16 samples[N_SAMPLES] = { 0 };

  if (n_audio > 0)
    samples[n_audio - 1] = sample;
  return vgw_dtx_step (dtx, samples, n_audio);
}

/* From the tick after the last sound: the hangover, then @n_seconds of keep-alives. */
static void
assert_silence (VgwDtx *dtx, gsize n_audio, guint n_seconds)
{
  for (guint i = 0; i < VGW_DTX_HANGOVER_TICKS; i++)
    ck_assert_int_eq (step (dtx, 0, n_audio), VGW_DTX_SEND);
  for (guint i = 0; i < n_seconds * 50; i++)
    ck_assert_int_eq (step (dtx, 0, n_audio), i % VGW_DTX_KEEP_ALIVE_TICKS == 0 ? VGW_DTX_KEEP_ALIVE : VGW_DTX_NOTHING);
}

START_TEST (a_stream_begins_with_a_frame_and_a_keep_alive)
{
  VgwDtx dtx;

  vgw_dtx_start (&dtx, TRUE);
  ck_assert_int_eq (step (&dtx, 0, 0), VGW_DTX_SEND);
  for (guint i = 0; i < 100; i++)
    ck_assert_int_eq (step (&dtx, 0, 0), i % VGW_DTX_KEEP_ALIVE_TICKS == 0 ? VGW_DTX_KEEP_ALIVE : VGW_DTX_NOTHING);
  ck_assert_int_eq (step (&dtx, 1, N_SAMPLES), VGW_DTX_SEND);
}
END_TEST

START_TEST (neither_absent_audio_nor_digital_silence_is_sent)
{
  VgwDtx dtx;

  vgw_dtx_start (&dtx, TRUE);
  for (guint i = 0; i < 3; i++)
    {
      ck_assert_int_eq (step (&dtx, 1, N_SAMPLES), VGW_DTX_SEND);
      assert_silence (&dtx, 0, 2);
      ck_assert_int_eq (step (&dtx, 1, 1), VGW_DTX_SEND); /* an incomplete frame */
      assert_silence (&dtx, N_SAMPLES, 2);
    }
}
END_TEST

START_TEST (quiet_audio_is_sent)
{
  VgwDtx dtx;

  vgw_dtx_start (&dtx, TRUE);
  for (guint i = 0; i < 500; i++)
    ck_assert_int_eq (step (&dtx, -1, N_SAMPLES), VGW_DTX_SEND);
}
END_TEST

START_TEST (without_dtx_digital_silence_is_sent_and_absent_audio_has_no_keep_alives)
{
  VgwDtx dtx;

  vgw_dtx_start (&dtx, FALSE);
  ck_assert_int_eq (step (&dtx, 0, 0), VGW_DTX_NOTHING);
  for (guint i = 0; i < 100; i++)
    ck_assert_int_eq (step (&dtx, 0, N_SAMPLES), VGW_DTX_SEND);
  for (guint i = 0; i < VGW_DTX_HANGOVER_TICKS; i++)
    ck_assert_int_eq (step (&dtx, 0, 0), VGW_DTX_SEND);
  for (guint i = 0; i < 100; i++)
    ck_assert_int_eq (step (&dtx, 0, 0), VGW_DTX_NOTHING);
}
END_TEST

START_TEST (a_caller_refuses_it_with_usedtx_0)
{
  ck_assert (!vgw_dtx_is_refused (NULL));
  ck_assert (!vgw_dtx_is_refused (""));
  ck_assert (!vgw_dtx_is_refused ("minptime=10;useinbandfec=1"));
  ck_assert (!vgw_dtx_is_refused ("minptime=10; usedtx=1"));
  ck_assert (vgw_dtx_is_refused ("usedtx=0"));
  ck_assert (vgw_dtx_is_refused ("minptime=10; usedtx=0 ;useinbandfec=1"));
}
END_TEST

static gboolean
is_possible (const char *description)
{
  g_autoptr (GstElement) bin = gst_object_ref_sink (gst_parse_bin_from_description (description, FALSE, NULL));
  g_autoptr (GstElement) first = gst_bin_get_by_name (GST_BIN (bin), "first");
  GstElement *pcm_in = vgw_push_src_new (NULL);

  gst_bin_add (GST_BIN (bin), pcm_in);
  ck_assert (gst_element_link (pcm_in, first));
  return vgw_dtx_is_possible (VGW_PUSH_SRC (pcm_in));
}

START_TEST (nothing_may_be_between_the_source_and_the_encoder)
{
  ck_assert (is_possible ("vgwopusenc name=first ! rtpopuspay"));
  ck_assert (!is_possible ("volume name=first ! vgwopusenc ! rtpopuspay"));
  ck_assert (!is_possible ("vgwresample name=first ! mulawenc ! rtppcmupay"));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-dtx");
  TCase *tcase = tcase_create ("dtx");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_add_test (tcase, a_stream_begins_with_a_frame_and_a_keep_alive);
  tcase_add_test (tcase, neither_absent_audio_nor_digital_silence_is_sent);
  tcase_add_test (tcase, quiet_audio_is_sent);
  tcase_add_test (tcase, without_dtx_digital_silence_is_sent_and_absent_audio_has_no_keep_alives);
  tcase_add_test (tcase, a_caller_refuses_it_with_usedtx_0);
  tcase_add_test (tcase, nothing_may_be_between_the_source_and_the_encoder);
  suite_add_tcase (suite, tcase);
  return suite;
}
