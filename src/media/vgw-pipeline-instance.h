#pragma once

#include <gst/gst.h>

/* The elements of one instance. All but the first are borrowed from @pipeline. The elements of the text are its
 * direct children, without a bin of their own: webrtcbin is added beside them, and a bin that is linked to webrtcbin in
 * both directions would be a loop in GStreamer's state changes. */
typedef struct
{
  GstElement *pipeline; /* (transfer full, floating) GstPipeline */
  GstElement *rtp_in;   /* its free pad "sink" takes webrtcbin's pad */
  GstElement *pcm_out;  /* GstAppSink */
  GstElement *pcm_in;   /* VgwPushSrc, in the place of the description's appsrc */
  GstElement *rtp_out;  /* payloader: has the "pt" property, and a free pad "src" for webrtcbin */
  GstElement *vad;      /* (nullable) between rtp_in and pcm_out: posts VGW_PIPELINE_VOICE_MESSAGE */
  gboolean may_wait;    /* an element may block the thread that pushes into it */
} VgwPipelineInstance;
