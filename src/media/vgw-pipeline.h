/* Pipeline descriptions: gst-launch text with a contract (docs/PIPELINES.md). Loading checks everything, so that
 * nothing is left to fail in a call: names, types, the allow-list, and which codec the text serves. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _VgwPipeline VgwPipeline; /* an immutable description; reference counted; thread-safe */

/* Loads NAME.launch, or any file. '#' begins a comment to the end of the line.
 * @extra_elements: (nullable) NULL-terminated factory names allowed beside the built-in list.
 * Instantiates the text once. Errors: VGW_ERROR_CONFIG, "FILE:LINE: reason". Main thread. Returns: (transfer full) */
VgwPipeline *vgw_pipeline_load (const char *path, const char *const *extra_elements, GError **error);

/* The same for text; @name stands where the file name would in errors. */
VgwPipeline *vgw_pipeline_parse (const char *name, const char *text, const char *const *extra_elements, GError **error);

VgwPipeline *vgw_pipeline_ref (VgwPipeline *self);
void vgw_pipeline_unref (VgwPipeline *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPipeline, vgw_pipeline_unref)

const char *vgw_pipeline_get_name (VgwPipeline *self);

/* SDP encoding name in upper case ("OPUS", "PCMU", "PCMA", "G722") and RTP clock rate, found from the caps of rtp_in
 * and rtp_out. (transfer none) */
const char *vgw_pipeline_get_codec (VgwPipeline *self);
guint vgw_pipeline_get_clock_rate_hz (VgwPipeline *self);

/* The elements of one instance. All references but the first are borrowed from @pipeline. The text's elements are its
 * direct children, not in a bin of their own: webrtcbin joins them there, and a bin that webrtcbin feeds and that feeds
 * webrtcbin would be a loop to GStreamer's state changes. */
typedef struct
{
  GstElement *pipeline; /* (transfer full, floating) GstPipeline */
  GstElement *rtp_in;   /* its free pad "sink" takes webrtcbin's pad */
  GstElement *pcm_out;  /* GstAppSink */
  GstElement *pcm_in;   /* GstAppSrc */
  GstElement *rtp_out;  /* payloader: has the "pt" property, and a free pad "src" for webrtcbin */
} VgwPipelineInstance;

/* Makes one instance for a session, with the payload type of the offer. Main thread. Errors: VGW_ERROR_INTERNAL. */
gboolean vgw_pipeline_instantiate (VgwPipeline *self, guint payload_type, VgwPipelineInstance *instance,
                                   GError **error);

G_END_DECLS
