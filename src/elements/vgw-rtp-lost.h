/* Events for lost packets, as rtpjitterbuffer sends them: the depayloader turns them into gaps. */
#pragma once

#include <gst/gst.h>

/* Sends a GstRTPPacketLost event on @src for each of the @n_lost packets before packet @seqnum, which are missing
 * between the times @begin and @end; the last of many events has the rest of the duration. @longest: the duration of a
 * packet, as far as known; time beyond that is silence, not to be concealed. Streaming thread. */
void vgw_rtp_lost_send (GstPad *src, guint64 seqnum, guint64 n_lost, GstClockTime begin, GstClockTime end,
                        GstClockTime longest);
