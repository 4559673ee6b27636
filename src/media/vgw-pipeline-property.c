#include "media/vgw-pipeline-property.h"

#include <gst/gst.h>
#include <string.h>

#include "base/vgw-error.h"

/* @text without the quotes around it and the backslashes in it, as gst_parse_launch () reads it (transfer full). */
static char *
unescape (const char *text)
{
  gsize length = strlen (text);
  gboolean is_quoted = length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0];
  GString *value = g_string_sized_new (length);

  for (const char *at = text + is_quoted; at < text + length - is_quoted; at++)
    {
      if (*at == '\\' && at + 1 < text + length - is_quoted)
        at++;
      g_string_append_c (value, *at);
    }
  return g_string_free (value, FALSE);
}

/* "from -10 to 10" for a type with a range, else "" (transfer full). */
static char *
describe_range (GParamSpec *spec)
{
  if (G_IS_PARAM_SPEC_INT (spec))
    return g_strdup_printf (" from %d to %d", G_PARAM_SPEC_INT (spec)->minimum, G_PARAM_SPEC_INT (spec)->maximum);
  if (G_IS_PARAM_SPEC_UINT (spec))
    return g_strdup_printf (" from %u to %u", G_PARAM_SPEC_UINT (spec)->minimum, G_PARAM_SPEC_UINT (spec)->maximum);
  if (G_IS_PARAM_SPEC_INT64 (spec))
    return g_strdup_printf (" from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, G_PARAM_SPEC_INT64 (spec)->minimum,
                            G_PARAM_SPEC_INT64 (spec)->maximum);
  if (G_IS_PARAM_SPEC_UINT64 (spec))
    return g_strdup_printf (" from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, G_PARAM_SPEC_UINT64 (spec)->minimum,
                            G_PARAM_SPEC_UINT64 (spec)->maximum);
  if (G_IS_PARAM_SPEC_FLOAT (spec))
    return g_strdup_printf (" from %g to %g", (double) G_PARAM_SPEC_FLOAT (spec)->minimum,
                            (double) G_PARAM_SPEC_FLOAT (spec)->maximum);
  if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return g_strdup_printf (" from %g to %g", G_PARAM_SPEC_DOUBLE (spec)->minimum, G_PARAM_SPEC_DOUBLE (spec)->maximum);
  return g_strdup ("");
}

/* Types whose values g_param_value_validate () changes only where they are out of range. */
static gboolean
has_range (GParamSpec *spec)
{
  switch (G_TYPE_FUNDAMENTAL (spec->value_type))
    {
    case G_TYPE_INT:
    case G_TYPE_UINT:
    case G_TYPE_LONG:
    case G_TYPE_ULONG:
    case G_TYPE_INT64:
    case G_TYPE_UINT64:
    case G_TYPE_FLOAT:
    case G_TYPE_DOUBLE:
    case G_TYPE_ENUM:
    case G_TYPE_FLAGS:
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
check_spec (GParamSpec *spec, const char *text, GError **error)
{
  g_autofree char *plain = unescape (text);
  g_autofree char *range = NULL;
  g_auto (GValue) value = G_VALUE_INIT;

  if (!has_range (spec))
    return TRUE;
  g_value_init (&value, spec->value_type);
  if (!gst_value_deserialize_with_pspec (&value, plain, spec) || !g_param_value_validate (spec, &value))
    return TRUE;
  range = describe_range (spec);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s=%s is out of range: must be a value%s", spec->name, plain,
               range);
  return FALSE;
}

gboolean
vgw_pipeline_property_check (const char *factory, const char *property, const char *text, GError **error)
{
  g_autoptr (GstElementFactory) found = gst_element_factory_find (factory);
  g_autoptr (GstPluginFeature) feature = found != NULL ? gst_plugin_feature_load (GST_PLUGIN_FEATURE (found)) : NULL;
  GType type = feature != NULL ? gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (feature)) : G_TYPE_INVALID;
  GParamSpec *spec;
  gboolean is_good;
  gpointer klass;

  if (type == G_TYPE_INVALID)
    return TRUE;
  klass = g_type_class_ref (type);
  spec = g_object_class_find_property (klass, property);
  is_good = spec == NULL || check_spec (spec, text, error);
  g_type_class_unref (klass);
  return is_good;
}
