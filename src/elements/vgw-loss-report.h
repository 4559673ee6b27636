/* What a receiver reports of the stream that is sent to it: an upstream event, sent into the last pad of a sender's
 * pipeline, so that its encoder can follow. vgwopusenc does; other elements pass it on. */
#pragma once

#include <gst/gst.h>

/* @fraction_lost: of the packets since the last report, in 1/256 (RFC 3550 section 6.4.1). Returns: (transfer full) */
GstEvent *vgw_loss_report_new (guint8 fraction_lost);

/* FALSE where @event is something else. */
gboolean vgw_loss_report_parse (GstEvent *event, guint8 *fraction_lost);
