/* Pipeline descriptions: gst-launch text with a contract (docs/PIPELINES.md). All checks are done when it is loaded:
 * names, types, the allow-list, and the codec. */
#pragma once

#include "media/vgw-offer.h"
#include "media/vgw-pipeline-instance.h"

typedef struct _VgwPipeline VgwPipeline; /* an immutable description; reference counted; thread-safe */

/* Loads NAME.launch, or any file. '#' begins a comment to the end of the line.
 * @extra_elements: (nullable) NULL-terminated factory names allowed beside the built-in list.
 * Instantiates the text once. Errors: VGW_ERROR_CONFIG, "FILE:LINE: reason". Main thread. Returns: (transfer full) */
VgwPipeline *vgw_pipeline_load (const char *path, const char *const *extra_elements, GError **error);

/* The same for text; @name stands where the file name would in errors. */
VgwPipeline *vgw_pipeline_parse (const char *name, const char *text, const char *const *extra_elements, GError **error);

void vgw_pipeline_unref (VgwPipeline *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPipeline, vgw_pipeline_unref)

const char *vgw_pipeline_get_name (VgwPipeline *self);

/* SDP encoding name in upper case ("OPUS", "PCMU", "PCMA", "G722") and RTP clock rate, found from the caps of rtp_in
 * and rtp_out. (transfer none) */
const char *vgw_pipeline_get_codec (VgwPipeline *self);
guint vgw_pipeline_get_clock_rate_hz (VgwPipeline *self);

/* Sets the most that the Opus encoders of @instance send, in bit/s; 0: no limit but their own. */
void vgw_pipeline_limit_bitrate (VgwPipelineInstance *instance, guint max_bitrate);

/* Makes one instance for a session, with the payload type of the offer. Main thread. Errors: VGW_ERROR_INTERNAL. */
gboolean vgw_pipeline_instantiate (VgwPipeline *self, guint payload_type, VgwPipelineInstance *instance,
                                   GError **error);

/* Whether an instance has voice detection: there is a `vad`, or one can be added. */
gboolean vgw_pipeline_can_detect_voice (VgwPipeline *self);

/* The first of @pipelines (element-type VgwPipeline) whose codec @offer has. @codec: (out) (transfer none) that, of
 * @offer. Errors: VGW_ERROR_UNSUPPORTED. Returns: (transfer none) (nullable) */
VgwPipeline *vgw_pipeline_choose (GPtrArray *pipelines, const VgwOffer *offer, const VgwOfferCodec **codec,
                                  GError **error);
