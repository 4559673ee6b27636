/* The value of one property in a pipeline description. */
#pragma once

#include <glib.h>

/* Whether @text, the value of "@property=" in a description, is in the range of that property of the element @factory;
 * gst_parse_launch () only warns and keeps the default. Errors that gst_parse_launch () reports itself (an unknown
 * property, a text that is not of the type) are not checked. Errors: VGW_ERROR_CONFIG, without file and line. Any
 * thread, after gst_init (). */
gboolean vgw_pipeline_property_check (const char *factory, const char *property, const char *text, GError **error);
