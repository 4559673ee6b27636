/* What VgwPeer needs of VgwMedia. For media/ only. */
#pragma once

#include <gst/gst.h>

#include "ice/vgw-ice-mux.h"
#include "media/vgw-media.h"
#include "media/vgw-offer.h"
#include "media/vgw-pipeline.h"
#include "media/vgw-sctp-ids.h"

/* The settings in force; owned by @self. */
const VgwMediaSettings *vgw_media_get_settings (VgwMedia *self);

/* (element-type VgwPipeline), best first. (transfer none) */
GPtrArray *vgw_media_get_pipelines (VgwMedia *self);

/* The first pipeline, in the operator's order, whose codec @offer has. @codec: (out) (transfer none) that, of @offer.
 * Errors: VGW_ERROR_UNSUPPORTED. Returns: (transfer none) (nullable) */
VgwPipeline *vgw_media_choose_pipeline (VgwMedia *self, const VgwOffer *offer, const VgwOfferCodec **codec,
                                        GError **error);

/* NULL with ice.agent = nice. (transfer none) */
VgwIceMux *vgw_media_get_ice_mux (VgwMedia *self);

VgwSctpIds *vgw_media_get_sctp_ids (VgwMedia *self);

/* Sets @pipeline (transfer full) to NULL in the reaper's thread and frees it. webrtcbin joins its own threads there, so
 * it must be neither one of them nor the main thread. @sctp_id goes back to the pool afterwards (0: none). */
void vgw_media_reap (VgwMedia *self, GstElement *pipeline, guint sctp_id);

/* One more, in a caller's stream. Any thread. */
void vgw_media_count_rtp (VgwMedia *self, VgwRtpCount which);

/* A peer exists; the count falls again when the reaper is done with it. */
void vgw_media_count_peer (VgwMedia *self);
