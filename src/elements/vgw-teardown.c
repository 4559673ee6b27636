#include "elements/vgw-teardown.h"

#include <gst/base/gstbasesink.h>

#define MAX_TRIES 10u

static void
stop_sink (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (!GST_IS_BASE_SINK (element))
    return;
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
}

/* Calls @func for all of @elements (transfer full), possibly twice for an element. */
static void
for_each (GstIterator *elements, GstIteratorForeachFunction func)
{
  while (gst_iterator_foreach (elements, func, NULL) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  gst_iterator_free (elements);
}

static gboolean
is_made_by (GstElement *element, const char *factory_name)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), factory_name);
}

static GstPadProbeReturn
drop_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

static void
flush_pad (const GValue *item, gpointer user_data)
{
  gst_pad_send_event (g_value_get_object (item), gst_event_new_flush_start ());
}

/* Unblocks threads that wait in @sctpenc for room to send, as its change to NULL would do later. Not the elements after
 * it, which are still in use. */
static void
flush_sctpenc (GstElement *sctpenc)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (sctpenc, "src");

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_FLUSH, drop_event, NULL, NULL);
  for_each (gst_element_iterate_sink_pads (sctpenc), flush_pad);
}

static void
protect_sctp (GstElement *element)
{
  guint signal_id = g_signal_lookup ("pad-removed", GST_TYPE_ELEMENT);
  gulong handler_id;

  if (is_made_by (element, "sctpenc") && !gst_element_is_locked_state (element))
    {
      gst_element_set_locked_state (element, TRUE);
      flush_sctpenc (element);
    }
  if (!is_made_by (element, "sctpdec"))
    return;
  while ((handler_id = g_signal_handler_find (element, G_SIGNAL_MATCH_ID, signal_id, 0, NULL, NULL, NULL)) != 0)
    g_signal_handler_disconnect (element, handler_id);
}

/* Its loop returns at once while its pad is being deactivated, and is called again and again until that is done: on a
 * busy machine for the rest of a time slice. A paused task is not called. */
static void
pause_dtlsenc (GstElement *element)
{
  g_autoptr (GstPad) src = NULL;
  g_autoptr (GstTask) task = NULL;

  if (!is_made_by (element, "dtlsenc"))
    return;
  src = gst_element_get_static_pad (element, "src");
  GST_OBJECT_LOCK (src);
  g_set_object (&task, GST_PAD_TASK (src));
  GST_OBJECT_UNLOCK (src);
  if (task != NULL)
    gst_task_pause (task);
}

/* Before the pipeline goes to NULL. */
static void
prepare (const GValue *item, gpointer user_data)
{
  protect_sctp (g_value_get_object (item));
  pause_dtlsenc (g_value_get_object (item));
}

static void
stop_sctpenc (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (!is_made_by (element, "sctpenc"))
    return;
  gst_element_set_locked_state (element, FALSE);
  gst_element_set_state (element, GST_STATE_NULL);
}

/* Waits until webrtcbin's PC thread has ended what it is doing: a request for statistics is answered there. */
static void
drain_webrtcbin (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);
  GstPromise *promise;

  if (!is_made_by (element, "webrtcbin"))
    return;
  promise = gst_promise_new ();
  g_signal_emit_by_name (element, "get-stats", NULL, promise);
  gst_promise_wait (promise);
  gst_promise_unref (promise);
}

static gboolean
stop (GstElement *pipeline)
{
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      if (gst_element_set_state (pipeline, GST_STATE_NULL) != GST_STATE_CHANGE_FAILURE)
        return TRUE;
      for_each (gst_bin_iterate_elements (GST_BIN (pipeline)), drain_webrtcbin);
    }
  return FALSE;
}

gboolean
vgw_teardown_pipeline (GstElement *pipeline)
{
  for_each (gst_bin_iterate_elements (GST_BIN (pipeline)), stop_sink);
  for_each (gst_bin_iterate_recurse (GST_BIN (pipeline)), prepare);
  if (!stop (pipeline))
    {
      gst_object_ref (pipeline);
      return FALSE;
    }
  for_each (gst_bin_iterate_recurse (GST_BIN (pipeline)), stop_sctpenc);
  return TRUE;
}
