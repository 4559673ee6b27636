/* The value of one property in a pipeline description. */
#pragma once

#include <glib.h>

/* Whether @text, as it stands in a description behind "@property=", is in the range of that property of the element
 * @factory. gst_parse_launch () would only warn and keep the default. What it reports itself (no such property, a text
 * that is no value of the type) passes here. Errors: VGW_ERROR_CONFIG, without file and line. Any thread, after
 * gst_init (). */
gboolean vgw_pipeline_property_check (const char *factory, const char *property, const char *text, GError **error);
