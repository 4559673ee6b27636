/* Pipeline descriptions: gst-launch text with a contract (docs/PIPELINES.md). Loading checks everything, so that
 * nothing is left to fail in a call: names, types, the allow-list, and which codec the text serves. */
#pragma once

#include <gst/gst.h>

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
  GstElement *pcm_in;   /* VgwPushSrc, in the place of the description's appsrc */
  GstElement *rtp_out;  /* payloader: has the "pt" property, and a free pad "src" for webrtcbin */
  GstElement *vad;      /* (nullable) between rtp_in and pcm_out: tells the bus of voice */
  gboolean may_wait;    /* there are elements that can hold up the thread that pushes into them */
} VgwPipelineInstance;

/* What is said of a description where that is not so. */
#define VGW_PIPELINE_NO_VOICE "it has no vad, and none can be inserted before pcm_out: no speech events and no barge-in"

/* The message of a `vad`, and its field, a boolean; those of webrtcdsp. */
#define VGW_PIPELINE_VOICE_MESSAGE "voice-activity"
#define VGW_PIPELINE_VOICE_FIELD "stream-has-voice"

/* Makes one instance for a session, with the payload type of the offer. Main thread. Errors: VGW_ERROR_INTERNAL. */
gboolean vgw_pipeline_instantiate (VgwPipeline *self, guint payload_type, VgwPipelineInstance *instance,
                                   GError **error);

/* Takes `vad`, if there is one, out of the chain, where nobody asks for voice. Before the pipeline is started. */
void vgw_pipeline_remove_vad (VgwPipelineInstance *instance);

/* Where the description has no `vad`, puts the voice detection of the shipped descriptions before pcm_out. FALSE where
 * that cannot be: there will be no voice then. Before the pipeline is started. */
gboolean vgw_pipeline_add_vad (VgwPipelineInstance *instance);

/* Whether an instance can tell of voice: there is a `vad`, or one can be added. */
gboolean vgw_pipeline_can_hear_voice (VgwPipeline *self);

/* Puts vgwresample behind `vad`, if there is one, where it does not know @rate_hz: webrtcdsp has no 24 kHz. Before the
 * pipeline is started. */
void vgw_pipeline_fit_vad (VgwPipelineInstance *instance, guint rate_hz);
