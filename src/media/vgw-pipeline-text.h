/* Checks of the text of a pipeline description before GStreamer parses it: comments, elements, names, lines. */
#pragma once

#include <glib.h>

#define VGW_PIPELINE_MAX_BYTES (64u * 1024u)
#define VGW_PIPELINE_MAX_ELEMENTS 64u

/* Removes the comments of @text (@length bytes) and keeps its lines; '#' inside quotes is text.
 * Errors: VGW_ERROR_CONFIG "@file:LINE: reason" for a text that is too long, no UTF-8, or has an open quote.
 * Any thread. Returns: (transfer full) */
char *vgw_pipeline_text_strip (const char *file, const char *text, gsize length, GError **error);

/* Checks stripped @text: all elements exist and are allowed, not too many, no duplicate names; no nested bins and no
 * URIs. Errors: VGW_ERROR_CONFIG "@file:LINE: reason". Any thread, after gst_init (). */
gboolean vgw_pipeline_text_check (const char *file, const char *text, const char *const *extra_elements,
                                  GError **error);

/* Whether @factory is on the built-in list or in @extra_elements (nullable). */
gboolean vgw_pipeline_text_is_allowed (const char *factory, const char *const *extra_elements);

/* The line of @text, from 1, that a parse error with @message most likely refers to: that of the words in its quotes,
 * else of any of its words, else the first line that is not blank. */
guint vgw_pipeline_text_guess_line (const char *text, const char *message);
