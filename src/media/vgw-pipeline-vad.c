#include "media/vgw-pipeline-vad.h"

/* Unlinks @src from its peer. Returns: (transfer full) (nullable) the peer */
static GstPad *
unlink_from_peer (GstPad *src)
{
  GstPad *peer = gst_pad_get_peer (src);

  if (peer != NULL)
    gst_pad_unlink (src, peer);
  return peer;
}

gboolean
vgw_pipeline_vad_remove (GstElement *vad)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (vad, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (vad, "src");
  g_autoptr (GstPad) before = sink != NULL ? gst_pad_get_peer (sink) : NULL;
  g_autoptr (GstPad) after = NULL;
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (vad));

  if (before == NULL || src == NULL || bin == NULL)
    return FALSE;
  after = unlink_from_peer (src);
  gst_pad_unlink (before, sink);
  gst_bin_remove (GST_BIN (bin), vad);
  return after != NULL && gst_pad_link (before, after) == GST_PAD_LINK_OK;
}

void
vgw_pipeline_remove_vad (VgwPipelineInstance *instance)
{
  if (instance->vad == NULL)
    return;
  if (!vgw_pipeline_vad_remove (instance->vad)) /* it was possible when the description was loaded */
    g_warning ("the neighbours of vad could not be linked");
  instance->vad = NULL;
}

/* Inserts @first … @last before @sink. FALSE, and nothing has changed, where they cannot be linked. */
static gboolean
put_before (GstPad *sink, GstElement *first, GstElement *last)
{
  g_autoptr (GstPad) before = gst_pad_get_peer (sink);
  g_autoptr (GstPad) first_sink = gst_element_get_static_pad (first, "sink");
  g_autoptr (GstPad) last_src = gst_element_get_static_pad (last, "src");

  if (before == NULL)
    return FALSE;
  gst_pad_unlink (before, sink);
  if (gst_pad_link (before, first_sink) == GST_PAD_LINK_OK && gst_pad_link (last_src, sink) == GST_PAD_LINK_OK)
    return TRUE;
  gst_pad_unlink (before, first_sink);
  gst_pad_link (before, sink);
  return FALSE;
}

gboolean
vgw_pipeline_add_vad (VgwPipelineInstance *instance)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (instance->pcm_out, "sink");
  GstElement *vad;

  if (instance->vad != NULL)
    return TRUE;
  vad = gst_element_factory_make ("webrtcdsp", "vad");
  if (vad == NULL)
    return FALSE;
  g_object_set (vad, "voice-detection", TRUE, "echo-cancel", FALSE, "high-pass-filter", FALSE, "noise-suppression",
                FALSE, "gain-control", FALSE, "limiter", FALSE, NULL);
  if (!gst_bin_add (GST_BIN (instance->pipeline), vad))
    return FALSE;
  if (put_before (sink, vad, vad))
    {
      instance->vad = vad;
      return TRUE;
    }
  gst_bin_remove (GST_BIN (instance->pipeline), vad);
  return FALSE;
}

static gboolean
gives_rate (GstPad *src, guint rate_hz)
{
  g_autoptr (GstCaps) caps = gst_pad_get_pad_template_caps (src);
  g_autoptr (GstCaps) wanted = gst_caps_new_simple ("audio/x-raw", "rate", G_TYPE_INT, (gint) rate_hz, NULL);

  return gst_caps_can_intersect (caps, wanted);
}

void
vgw_pipeline_fit_vad (VgwPipelineInstance *instance, guint rate_hz)
{
  g_autoptr (GstPad) src = instance->vad != NULL ? gst_element_get_static_pad (instance->vad, "src") : NULL;
  g_autoptr (GstPad) after = NULL;
  g_autoptr (GstPad) resampler_src = NULL;
  GstElement *resampler;

  if (src == NULL || gives_rate (src, rate_hz))
    return;
  resampler = gst_element_factory_make ("vgwresample", NULL);
  if (resampler == NULL || !gst_bin_add (GST_BIN (instance->pipeline), resampler))
    return;
  after = unlink_from_peer (src);
  resampler_src = gst_element_get_static_pad (resampler, "src");
  if (!gst_element_link (instance->vad, resampler) || gst_pad_link (resampler_src, after) != GST_PAD_LINK_OK)
    g_warning ("vad could not be adapted to %u Hz", rate_hz);
}
