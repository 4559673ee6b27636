#include "media/vgw-pipeline-source.h"

#include "elements/vgw-push-src.h"

/* Of the queue: the most that the pacer catches up at once; limits the memory where the streaming thread is blocked. */
#define MAX_QUEUED_BUFFERS 50u
#define QUEUE_LEAKS_DOWNSTREAM 2 /* GST_QUEUE_LEAK_DOWNSTREAM of the queue element: the oldest goes */

gboolean
vgw_pipeline_source_may_wait (const char *factory, const char *const *extra_elements)
{
  static const char *const waiting[] = {
    "clocksync", "identity",   "fakesink",       /* for the clock, with sync=true */
    "adder",     "audiomixer", "input-selector", /* for their other pads */
    NULL,
  };
  return g_strv_contains (waiting, factory) || (extra_elements != NULL && g_strv_contains (extra_elements, factory));
}

static GstElement *
add_queue (GstBin *bin)
{
  GstElement *queue = gst_element_factory_make ("queue", NULL);

  g_object_set (queue, "max-size-buffers", MAX_QUEUED_BUFFERS, "max-size-bytes", 0, "max-size-time", (guint64) 0,
                "leaky", QUEUE_LEAKS_DOWNSTREAM, "silent", TRUE, NULL);
  gst_bin_add (bin, queue);
  return queue;
}

void
vgw_pipeline_source_replace (VgwPipelineInstance *instance)
{
  GstBin *bin = GST_BIN (instance->pipeline);
  g_autoptr (GstPad) old_pad = gst_element_get_static_pad (instance->pcm_in, "src");
  g_autoptr (GstPad) sink = gst_pad_get_peer (old_pad);
  GstElement *source = vgw_push_src_new (GST_OBJECT_NAME (instance->pcm_in));
  g_autoptr (GstPad) src = NULL;
  GstElement *last = source;

  gst_pad_unlink (old_pad, sink);
  gst_bin_remove (bin, instance->pcm_in);
  gst_bin_add (bin, source);
  if (instance->may_wait)
    {
      last = add_queue (bin);
      gst_element_link (source, last);
    }
  src = gst_element_get_static_pad (last, "src");
  if (gst_pad_link (src, sink) != GST_PAD_LINK_OK)
    g_warn_if_reached (); /* the pads accept any caps, as the appsrc's did */
  instance->pcm_in = source;
}
