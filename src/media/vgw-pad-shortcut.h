/* Buffers that skip the elements which only pass them on. Between what does something with a packet, webrtcbin has a
 * dozen pads that do not: ghost pads of its bins, funnels, clocksync without a clock, RED and FEC that were not
 * negotiated. To cross one takes a microsecond, of the pacer's or the receiver's thread.
 *
 * The first buffer goes the whole way. If the very same buffer comes out at the other end, the next ones are handed to
 * that end at once, in the same thread and under the lock of its pad. Events and lists of buffers always take the way
 * itself, events before the buffers that follow them; a funnel keeps some of them, as it does without a shortcut.
 *
 * An element that writes into the buffer would be skipped, too: rtpfunnel does with the extension of transport-wide
 * congestion control, which no answer of the gateway has. */
#pragma once

#include <gst/gst.h>

/* Lets the buffers that pass @from, a source pad, go directly to the next element that is not one of those; from the
 * element behind it where @from is a ghost pad. Probes that are added to that pad before its first buffer see each one,
 * those on the pads in between only the first. The way must not be linked differently afterwards. Any thread. */
void vgw_pad_shortcut_add (GstPad *from);
