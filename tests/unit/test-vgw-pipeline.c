#include "media/vgw-pipeline-vad.h"
#include "media/vgw-pipeline.h"

#include <check.h>
#include <glib/gstdio.h>
#include <gst/app/app.h>

#include "base/vgw-error.h"
#include "elements/vgw-elements.h"
#include "elements/vgw-push-src.h"
#include "media/vgw-pipeline-files.h"
#include "run-suite.h"

#define IN "rtppcmudepay name=rtp_in ! mulawdec ! audioresample ! appsink name=pcm_out "
#define OUT "appsrc name=pcm_in ! audioresample ! mulawenc ! rtppcmupay name=rtp_out "

static const char *const NO_EXTRA[] = { NULL };

static VgwPipeline *
load_shipped (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", file, NULL);
  g_autoptr (GError) error = NULL;
  VgwPipeline *pipeline = vgw_pipeline_load (path, NO_EXTRA, &error);

  ck_assert_msg (pipeline != NULL, "%s", error != NULL ? error->message : "no error");
  return pipeline;
}

/* Parses @text, which must fail with a message that begins with @prefix and holds @part. */
static void
assert_refused (const char *text, const char *prefix, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwPipeline) pipeline = vgw_pipeline_parse ("test.launch", text, NULL, &error);

  ck_assert_ptr_null (pipeline);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  ck_assert_msg (g_str_has_prefix (error->message, prefix) && strstr (error->message, part) != NULL, "%s",
                 error->message);
}

static VgwPipeline *
assert_accepted (const char *text, const char *const *extra_elements)
{
  g_autoptr (GError) error = NULL;
  VgwPipeline *pipeline = vgw_pipeline_parse ("test.launch", text, extra_elements, &error);

  ck_assert_msg (pipeline != NULL, "%s", error != NULL ? error->message : "no error");
  return pipeline;
}

START_TEST (shipped_descriptions_load_and_tell_their_codec)
{
  static const struct
  {
    const char *name, *codec;
    guint clock_rate_hz;
  } SHIPPED[] = {
    { "opus", "OPUS", 48000 }, { "pcmu", "PCMU", 8000 }, { "pcma", "PCMA", 8000 }, { "g722", "G722", 8000 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (SHIPPED); i++)
    {
      g_autoptr (VgwPipeline) pipeline = load_shipped (SHIPPED[i].name);

      ck_assert_str_eq (vgw_pipeline_get_name (pipeline), SHIPPED[i].name);
      ck_assert_str_eq (vgw_pipeline_get_codec (pipeline), SHIPPED[i].codec);
      ck_assert_uint_eq (vgw_pipeline_get_clock_rate_hz (pipeline), SHIPPED[i].clock_rate_hz);
    }
}
END_TEST

START_TEST (an_instance_has_the_payload_type_and_two_free_pads)
{
  g_autoptr (VgwPipeline) pipeline = load_shipped ("opus");
  VgwPipelineInstance instance;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) bin = NULL;
  g_autoptr (GstPad) rtp_sink = NULL, rtp_src = NULL;
  guint payload_type = 0;

  ck_assert (vgw_pipeline_instantiate (pipeline, 109, &instance, &error));
  ck_assert (g_object_is_floating (instance.pipeline));
  bin = gst_object_ref_sink (instance.pipeline);
  rtp_sink = gst_element_get_static_pad (instance.rtp_in, "sink");
  rtp_src = gst_element_get_static_pad (instance.rtp_out, "src");
  ck_assert_ptr_nonnull (rtp_sink);
  ck_assert (!gst_pad_is_linked (rtp_sink));
  ck_assert_ptr_nonnull (rtp_src);
  ck_assert (!gst_pad_is_linked (rtp_src));
  ck_assert (GST_IS_APP_SINK (instance.pcm_out));
  ck_assert (VGW_IS_PUSH_SRC (instance.pcm_in));
  g_object_get (instance.rtp_out, "pt", &payload_type, NULL);
  ck_assert_uint_eq (payload_type, 109);
}
END_TEST

/* The factory of what @element's pad "src" leads to. (transfer none) */
static const char *
get_next_factory (GstElement *element)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (element, "src");
  g_autoptr (GstPad) peer = gst_pad_get_peer (src);
  g_autoptr (GstElement) next = gst_pad_get_parent_element (peer);

  return GST_OBJECT_NAME (gst_element_get_factory (next));
}

/* One thread serves many calls, so that what can wait gets a thread of its own. */
START_TEST (an_element_that_may_wait_is_kept_from_the_pacer)
{
  static const char *const EXTRA[] = { "speed", NULL };
  static const struct
  {
    const char *text;
    gboolean may_wait;
  } CASES[] = {
    { IN "appsrc name=pcm_in ! audioresample ! mulawenc ! rtppcmupay name=rtp_out", FALSE },
    { IN "appsrc name=pcm_in ! identity sync=true ! mulawenc ! rtppcmupay name=rtp_out", TRUE },
    { IN "appsrc name=pcm_in ! audio/x-raw,rate=8000 ! audiomixer ! mulawenc ! rtppcmupay name=rtp_out", TRUE },
    { IN "appsrc name=pcm_in ! audioconvert ! speed ! audioconvert ! mulawenc ! rtppcmupay name=rtp_out", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    {
      g_autoptr (VgwPipeline) pipeline = assert_accepted (CASES[i].text, EXTRA);
      VgwPipelineInstance instance;
      g_autoptr (GstElement) bin = NULL;

      ck_assert (vgw_pipeline_instantiate (pipeline, 0, &instance, NULL));
      bin = gst_object_ref_sink (instance.pipeline);
      ck_assert_int_eq (instance.may_wait, CASES[i].may_wait);
      ck_assert_int_eq (g_str_equal (get_next_factory (instance.pcm_in), "queue"), CASES[i].may_wait);
    }
}
END_TEST

START_TEST (voice_detection_can_be_left_out)
{
  static const char *const NAMES[] = { "opus", "pcmu", "pcma", "g722" };

  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++)
    {
      g_autoptr (VgwPipeline) pipeline = load_shipped (NAMES[i]);
      g_autoptr (GstElement) bin = NULL;
      g_autoptr (GstPad) pcm_sink = NULL;
      VgwPipelineInstance instance;
      guint n_elements;

      ck_assert (vgw_pipeline_instantiate (pipeline, 109, &instance, NULL));
      bin = gst_object_ref_sink (instance.pipeline);
      ck_assert_ptr_nonnull (instance.vad);
      n_elements = GST_BIN_NUMCHILDREN (bin);
      vgw_pipeline_remove_vad (&instance);
      ck_assert_ptr_null (instance.vad);
      ck_assert_int_eq (GST_BIN_NUMCHILDREN (bin), n_elements - 1);
      pcm_sink = gst_element_get_static_pad (instance.pcm_out, "sink");
      ck_assert (gst_pad_is_linked (pcm_sink));
      vgw_pipeline_remove_vad (&instance); /* none is there any more */
      vgw_pipeline_fit_vad (&instance, 24000);
    }
}
END_TEST

START_TEST (voice_detection_is_fitted_to_a_rate_that_it_does_not_know)
{
  g_autoptr (VgwPipeline) pipeline = load_shipped ("opus");
  g_autoptr (GstElement) bin = NULL;
  VgwPipelineInstance instance;

  ck_assert (vgw_pipeline_instantiate (pipeline, 109, &instance, NULL));
  bin = gst_object_ref_sink (instance.pipeline);
  vgw_pipeline_fit_vad (&instance, 16000);
  ck_assert_str_eq (get_next_factory (instance.vad), "appsink");
  vgw_pipeline_fit_vad (&instance, 24000);
  ck_assert_str_eq (get_next_factory (instance.vad), "vgwresample");
}
END_TEST

static const char *const without_vad[] = {
  "rtpopusdepay name=rtp_in ! vgwopusdec ! appsink name=pcm_out "
  "appsrc name=pcm_in ! vgwopusenc ! rtpopuspay name=rtp_out",
  "rtppcmudepay name=rtp_in ! mulawdec ! audioconvert ! audioresample ! appsink name=pcm_out "
  "appsrc name=pcm_in ! vgwresample ! mulawenc ! rtppcmupay name=rtp_out",
  "rtpopusdepay name=rtp_in ! vgwopusdec ! webrtcdsp echo-cancel=false ! tee name=t ! appsink name=pcm_out "
  "t. ! fakesink appsrc name=pcm_in ! vgwopusenc ! rtpopuspay name=rtp_out",
};

START_TEST (voice_detection_is_added_where_the_description_has_none)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwPipeline) pipeline = vgw_pipeline_parse ("test", without_vad[_i], NULL, &error);
  g_autoptr (GstElement) owner = NULL;
  VgwPipelineInstance instance;
  gboolean is_detecting = FALSE;

  ck_assert_msg (pipeline != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vgw_pipeline_can_detect_voice (pipeline));
  ck_assert (vgw_pipeline_instantiate (pipeline, 109, &instance, NULL));
  owner = gst_object_ref_sink (instance.pipeline);
  ck_assert_ptr_null (instance.vad);
  ck_assert (vgw_pipeline_add_vad (&instance));
  ck_assert_ptr_nonnull (instance.vad);
  ck_assert_str_eq (GST_OBJECT_NAME (instance.vad), "vad"); /* whose messages are taken */
  g_object_get (instance.vad, "voice-detection", &is_detecting, NULL);
  ck_assert (is_detecting);
  vgw_pipeline_fit_vad (&instance, 24000);
  vgw_pipeline_remove_vad (&instance);
  ck_assert_ptr_null (instance.vad);
}
END_TEST

/* Returns: (transfer full) where the file of a call of session "id" goes. */
static char *
name_file (const char *directory)
{
  static const char *const extra[] = { "filesink", NULL };
  g_autofree char *text =
      g_strdup_printf ("rtppcmudepay name=rtp_in ! mulawdec ! tee name=t ! vgwresample ! appsink name=pcm_out "
                       "t. ! queue ! wavenc ! filesink name=file location=%s/x-${session}.wav "
                       "appsrc name=pcm_in ! vgwresample ! mulawenc ! rtppcmupay name=rtp_out",
                       directory);
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwPipeline) pipeline = vgw_pipeline_parse ("test", text, extra, &error);
  g_autoptr (GstElement) owner = NULL;
  g_autoptr (GstElement) sink = NULL;
  VgwPipelineInstance instance;
  char *location = NULL;

  ck_assert_msg (pipeline != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vgw_pipeline_instantiate (pipeline, 0, &instance, NULL));
  owner = gst_object_ref_sink (instance.pipeline);
  vgw_pipeline_files_name (instance.pipeline, "id");
  sink = gst_bin_get_by_name (GST_BIN (instance.pipeline), "file");
  g_object_get (sink, "location", &location, NULL);
  return location;
}

START_TEST (a_recording_is_named_by_its_session)
{
  g_autofree char *directory = g_dir_make_tmp ("vgw-pipeline-XXXXXX", NULL);
  g_autofree char *expected = g_build_filename (directory, "x-id.wav", NULL);
  g_autofree char *expected_next = g_build_filename (directory, "x-id-2.wav", NULL);
  g_autofree char *first = name_file (directory);
  g_autofree char *second = NULL;

  ck_assert_str_eq (first, expected);
  ck_assert (g_file_set_contents (first, "", 0, NULL));
  second = name_file (directory); /* another peer of the session */
  ck_assert_str_eq (second, expected_next);
  g_remove (first);
  g_rmdir (directory);
}
END_TEST

START_TEST (voice_detection_must_be_on_the_way_to_the_engine)
{
  assert_refused (IN "\nappsrc name=pcm_in ! identity name=vad ! mulawenc ! rtppcmupay name=rtp_out",
                  "test.launch:1:", "rtp_in does not lead to vad");
  assert_refused ("rtppcmudepay name=rtp_in ! mulawdec ! tee name=vad ! audioresample ! appsink name=pcm_out " OUT,
                  "test.launch:1:", "vad must be an element with one pad");
}
END_TEST

START_TEST (an_impossible_payload_type_is_an_error)
{
  g_autoptr (VgwPipeline) pipeline = load_shipped ("pcmu");
  VgwPipelineInstance instance;
  g_autoptr (GError) error = NULL;

  ck_assert (!vgw_pipeline_instantiate (pipeline, 128, &instance, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_INTERNAL));
}
END_TEST

START_TEST (comments_and_newlines_are_free)
{
  g_autoptr (VgwPipeline) pipeline =
      assert_accepted ("# it's a comment with an apostrophe and a \" quote\n" IN "# ! filesink\n\n" OUT " # end", NULL);

  ck_assert_str_eq (vgw_pipeline_get_codec (pipeline), "PCMU");
  ck_assert_str_eq (vgw_pipeline_get_name (pipeline), "test");
}
END_TEST

START_TEST (caps_and_quotes_are_understood)
{
  g_autoptr (VgwPipeline) pipeline = NULL;

  pipeline = assert_accepted (
      "rtppcmudepay name=rtp_in ! mulawdec ! audio/x-raw(memory:SystemMemory), format=S16LE, rate = 8000\n"
      " ! queue name = \"a # in a name\" max-size-buffers = 3 ! audioresample\n"
      " ! capsfilter caps=\"audio/x-raw, rate=16000\" ! appsink name=pcm_out\n" OUT,
      NULL);
  ck_assert_ptr_nonnull (pipeline);
}
END_TEST

START_TEST (a_branch_with_tee_and_mixer_is_understood)
{
  g_autoptr (VgwPipeline) pipeline = assert_accepted ("rtppcmudepay name=rtp_in ! mulawdec ! tee name=t\n"
                                                      "t. ! queue ! audioresample ! appsink name=pcm_out\n"
                                                      "t. ! queue ! level ! fakesink\n" OUT,
                                                      NULL);

  ck_assert_ptr_nonnull (pipeline);
}
END_TEST

START_TEST (an_unknown_element_is_named_with_its_line)
{
  assert_refused ("# one\n" IN "\n\nappsrc name=pcm_in ! nosuchenc ! rtppcmupay name=rtp_out",
                  "test.launch:4: ", "nosuchenc");
}
END_TEST

START_TEST (elements_that_reach_outside_are_refused)
{
  static const char *const OUTSIDE[] = { "filesink",     "filesrc", "tcpclientsink", "udpsink",       "udpsrc",
                                         "fdsink",       "fakesrc", "uridecodebin",  "decodebin",     "playbin",
                                         "tcpserversrc", "giosink", "multifilesink", "autoaudiosink", "webrtcbin" };

  for (guint i = 0; i < G_N_ELEMENTS (OUTSIDE); i++)
    {
      g_autofree char *text = g_strdup_printf (IN "\n" OUT "\n%s", OUTSIDE[i]);

      assert_refused (text, "test.launch:3: ", OUTSIDE[i]);
    }
}
END_TEST

START_TEST (uris_and_nested_bins_are_refused)
{
  assert_refused (IN "\n" OUT "\nfile:///etc/passwd ! fakesink", "test.launch:3: ", "URI");
  assert_refused (IN "\n/etc/passwd ! fakesink\n" OUT, "test.launch:2: ", "files");
  assert_refused (IN OUT "\nbin.( filesink )", "test.launch:2: ", "bins");
  assert_refused (IN OUT "\n( queue )", "test.launch:2: ", "bins");
}
END_TEST

START_TEST (an_element_can_be_allowed_by_configuration)
{
  static const char *const EXTRA[] = { "autoaudiosink", "fakesrc", NULL };
  g_autoptr (VgwPipeline) pipeline = assert_accepted (IN OUT "fakesrc ! fakesink", EXTRA);

  ck_assert_ptr_nonnull (pipeline);
}
END_TEST

START_TEST (a_missing_name_is_told)
{
  assert_refused ("rtppcmudepay ! mulawdec ! appsink name=pcm_out " OUT, "test.launch:1: ", "rtp_in");
  assert_refused ("rtppcmudepay name=rtp_in ! mulawdec ! appsink " OUT, "test.launch:1: ", "pcm_out");
  assert_refused (IN "appsrc ! mulawenc ! rtppcmupay name=rtp_out", "test.launch:1: ", "pcm_in");
  assert_refused (IN "appsrc name=pcm_in ! mulawenc ! rtppcmupay", "test.launch:1: ", "rtp_out");
}
END_TEST

START_TEST (a_name_on_the_wrong_element_is_told)
{
  assert_refused ("rtppcmudepay name=rtp_in ! mulawdec !\n fakesink name=pcm_out " OUT, "test.launch:2: ", "appsink");
  assert_refused (IN "\naudiotestsrc name=pcm_in ! mulawenc ! rtppcmupay name=rtp_out", "test.launch:2: ", "appsrc");
  assert_refused (IN "\nappsrc name=pcm_in ! mulawenc ! queue name=rtp_out", "test.launch:2: ", "payloader");
  assert_refused (IN "\nappsrc name=pcm_in ! mulawenc name=rtp_in ! rtppcmupay name=rtp_out",
                  "test.launch:2: ", "rtp_in");
}
END_TEST

START_TEST (a_wrong_property_is_told_with_its_line)
{
  assert_refused (IN "\nappsrc name=pcm_in !\nmulawenc ! rtppcmupay name=rtp_out\nnosuch=1",
                  "test.launch:4: ", "nosuch");
  assert_refused (IN "\nappsrc name=pcm_in ! audioresample\nquality=bright ! mulawenc ! rtppcmupay name=rtp_out",
                  "test.launch:3: ", "quality");
}
END_TEST

/* GLib would only warn, and the element keep its default. */
START_TEST (a_property_out_of_range_is_told_with_its_line)
{
  assert_refused (IN "\nappsrc name=pcm_in ! audioresample\nquality=11 ! mulawenc ! rtppcmupay name=rtp_out",
                  "test.launch:3: audioresample: quality=11 is out of range", "from 0 to 10");
  assert_refused (IN "\nappsrc name=pcm_in !\nvolume volume = \"-0.5\" ! mulawenc ! rtppcmupay name=rtp_out",
                  "test.launch:3: volume: volume=-0.5 is out of range", "from 0 to 10");
  assert_refused (IN "\nappsrc name=pcm_in ! mulawenc ! rtppcmupay mtu=1 name=rtp_out",
                  "test.launch:2: rtppcmupay: mtu=1", "from 28 to");
  assert_refused (IN "\nappsrc name=pcm_in ! vgwopusenc complexity=11 ! rtpopuspay name=rtp_out",
                  "test.launch:2: vgwopusenc: complexity=11 is out of range", "from 0 to 10");
  vgw_pipeline_unref (assert_accepted (IN "\nappsrc name=pcm_in ! audioresample quality=\\10 ! queue leaky=downstream "
                                          "max-size-time=18446744073709551615 ! mulawenc ! rtppcmupay name=rtp_out",
                                       NULL));
}
END_TEST

START_TEST (links_that_cannot_work_are_told)
{
  assert_refused (IN "\nappsrc name=pcm_in ! audioresample !\nrtppcmupay name=rtp_out", "test.launch:", "link");
  assert_refused (IN OUT "\naudiotestsrc ! queue", "test.launch:2: ", "not linked");
  assert_refused ("rtppcmudepay name=rtp_in ! fakesink\naudiotestsrc ! appsink name=pcm_out " OUT,
                  "test.launch:1: ", "does not lead to pcm_out");
}
END_TEST

START_TEST (two_codecs_in_one_description_are_refused)
{
  assert_refused ("rtppcmadepay name=rtp_in ! alawdec ! appsink name=pcm_out\n" OUT,
                  "test.launch:2: ", "different codecs");
}
END_TEST

START_TEST (text_that_is_no_description_is_refused)
{
  g_autofree char *long_text = g_strnfill (64 * 1024 + 1, ' ');
  g_autoptr (GString) many = g_string_new (IN OUT "\naudiotestsrc");

  for (guint i = 0; i < 64; i++)
    g_string_append (many, " ! queue");
  assert_refused ("", "test.launch:1: ", "no elements");
  assert_refused ("# nothing\n", "test.launch:1: ", "no elements");
  assert_refused (long_text, "test.launch:1: ", "65536 bytes");
  assert_refused (many->str, "test.launch:2: ", "64 elements");
  assert_refused (IN "\nqueue name='open", "test.launch:2: ", "quote");
  assert_refused (IN "\n\xff", "test.launch:2: ", "UTF-8");
}
END_TEST

START_TEST (mistakes_of_grammar_are_told_with_their_line)
{
  assert_refused ("= ! ! = name", "test.launch:1: ", "property");
  assert_refused (IN "\n" OUT "\n!", "test.launch:3: ", "link"); /* the pad "src" is the gateway's */
  assert_refused ("\n! " IN OUT, "test.launch:2: ", "before this link");
  assert_refused (IN "\n" OUT "\n!\n! queue", "test.launch:4: ", "before this link");
  assert_refused (IN "\nappsrc name=pcm_in !\nname=x", "test.launch:3: ", "property");
  assert_refused (IN "\naudio/x-raw,rate=8000 ! queue " OUT, "test.launch:2: ", "caps");
  assert_refused (IN OUT "\n! audio/x-raw, rate=8000", "test.launch:2: ", "caps");
  assert_refused (IN OUT "\n, ;", "test.launch:2: ", ",");
  assert_refused (IN OUT "\naudiotestsrc wave=sine\nwave=silence ! fakesink", "test.launch:3: ", "twice");
  assert_refused (IN OUT "\nt.{}", "test.launch:2: ", "t.{}");
}
END_TEST

START_TEST (a_file_that_cannot_be_read_is_named)
{
  g_autoptr (GError) error = NULL, directory_error = NULL;

  ck_assert_ptr_null (vgw_pipeline_load ("/nonexistent/x.launch", NULL, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  ck_assert (g_str_has_prefix (error->message, "/nonexistent/x.launch: "));
  ck_assert_ptr_null (vgw_pipeline_load ("/", NULL, &directory_error));
  ck_assert (g_error_matches (directory_error, VGW_ERROR, VGW_ERROR_CONFIG));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-pipeline");
  TCase *tcase = tcase_create ("description");

  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, shipped_descriptions_load_and_tell_their_codec);
  tcase_add_test (tcase, an_instance_has_the_payload_type_and_two_free_pads);
  tcase_add_test (tcase, an_element_that_may_wait_is_kept_from_the_pacer);
  tcase_add_test (tcase, voice_detection_can_be_left_out);
  tcase_add_test (tcase, voice_detection_is_fitted_to_a_rate_that_it_does_not_know);
  tcase_add_loop_test (tcase, voice_detection_is_added_where_the_description_has_none, 0, G_N_ELEMENTS (without_vad));
  tcase_add_test (tcase, a_recording_is_named_by_its_session);
  tcase_add_test (tcase, voice_detection_must_be_on_the_way_to_the_engine);
  tcase_add_test (tcase, an_impossible_payload_type_is_an_error);
  tcase_add_test (tcase, comments_and_newlines_are_free);
  tcase_add_test (tcase, caps_and_quotes_are_understood);
  tcase_add_test (tcase, a_branch_with_tee_and_mixer_is_understood);
  tcase_add_test (tcase, an_unknown_element_is_named_with_its_line);
  tcase_add_test (tcase, elements_that_reach_outside_are_refused);
  tcase_add_test (tcase, uris_and_nested_bins_are_refused);
  tcase_add_test (tcase, an_element_can_be_allowed_by_configuration);
  tcase_add_test (tcase, a_missing_name_is_told);
  tcase_add_test (tcase, a_name_on_the_wrong_element_is_told);
  tcase_add_test (tcase, a_wrong_property_is_told_with_its_line);
  tcase_add_test (tcase, a_property_out_of_range_is_told_with_its_line);
  tcase_add_test (tcase, links_that_cannot_work_are_told);
  tcase_add_test (tcase, two_codecs_in_one_description_are_refused);
  tcase_add_test (tcase, text_that_is_no_description_is_refused);
  tcase_add_test (tcase, mistakes_of_grammar_are_told_with_their_line);
  tcase_add_test (tcase, a_file_that_cannot_be_read_is_named);
  tcase_add_unchecked_fixture (tcase, NULL, gst_deinit);
  suite_add_tcase (suite, tcase);
  return suite;
}
