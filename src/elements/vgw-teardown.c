#include "elements/vgw-teardown.h"

#include <gst/base/gstbasesink.h>

static void
stop_sink (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (!GST_IS_BASE_SINK (element))
    return;
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
}

void
vgw_teardown_pipeline (GstElement *pipeline)
{
  GstIterator *elements = gst_bin_iterate_elements (GST_BIN (pipeline));

  while (gst_iterator_foreach (elements, stop_sink, NULL) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  gst_iterator_free (elements);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
