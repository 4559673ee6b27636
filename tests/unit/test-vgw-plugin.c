/* libgstvgw.so, whose path is $VGW_TEST_PLUGIN, as gst-inspect-1.0 and gst-launch-1.0 load it. */
#include <check.h>
#include <gst/gst.h>

#include "run-suite.h"

static const char *plugin_path;

START_TEST (the_plugin_brings_both_elements)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstPlugin) plugin = gst_plugin_load_file (plugin_path, &error);
  g_autoptr (GstElement) encoder = NULL, decoder = NULL;

  ck_assert_msg (plugin != NULL, "%s", error != NULL ? error->message : plugin_path);
  ck_assert_str_eq (gst_plugin_get_name (plugin), "vgw");
  encoder = gst_element_factory_make ("vgwopusenc", NULL);
  decoder = gst_element_factory_make ("vgwopusdec", NULL);
  ck_assert_ptr_nonnull (encoder);
  ck_assert_ptr_nonnull (decoder);
  gst_object_ref_sink (encoder);
  gst_object_ref_sink (decoder);
}
END_TEST

START_TEST (every_property_is_described_and_has_its_default)
{
  static const char *const FACTORIES[] = { "vgwopusenc", "vgwopusdec" };

  for (guint i = 0; i < G_N_ELEMENTS (FACTORIES); i++)
    {
      g_autoptr (GstElement) element = gst_object_ref_sink (gst_element_factory_make (FACTORIES[i], NULL));
      g_autofree GParamSpec **specs = NULL;
      guint n_specs;

      specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n_specs);
      for (guint j = 0; j < n_specs; j++)
        {
          g_auto (GValue) value = G_VALUE_INIT;

          if (specs[j]->owner_type != G_OBJECT_TYPE (element))
            continue;
          ck_assert_ptr_nonnull (g_param_spec_get_blurb (specs[j]));
          g_value_init (&value, specs[j]->value_type);
          g_object_get_property (G_OBJECT (element), specs[j]->name, &value);
          ck_assert_msg (!(specs[j]->flags & G_PARAM_WRITABLE) || g_param_value_defaults (specs[j], &value), "%s.%s",
                         FACTORIES[i], specs[j]->name);
        }
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-plugin");
  TCase *tcase = tcase_create ("plugin");

  gst_init (NULL, NULL);
  plugin_path = g_getenv ("VGW_TEST_PLUGIN");
  g_assert_nonnull (plugin_path);
  tcase_add_test (tcase, the_plugin_brings_both_elements);
  tcase_add_test (tcase, every_property_is_described_and_has_its_default);
  suite_add_tcase (suite, tcase);
  return suite;
}
