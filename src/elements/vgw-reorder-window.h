/* How long to wait for a missing packet: as long as the path has reordered packets lately, and not at all on a path
 * that never does. Nearly all paths do not, and there each wait would only delay the audio behind a loss.
 *
 * The delay of a reordered packet is the time between its arrival and that of a packet after it, whether it was in time
 * or not. The window is half as long again as the longest delay of the last 30 to 60 s; delays above the longest window
 * are not learned, since waiting would not have helped. For its first 2 s a call has the longest window.
 *
 * One thread. Zero-initialised. */
#pragma once

#include <gst/gst.h>

#define VGW_REORDER_WINDOW_N_GAPS 8u

typedef struct
{
  gboolean is_started;
  GstClockTime begin;        /* of the first stream */
  GstClockTime period_begin; /* the longest delays are kept for this period of 30 s and the one before */
  GstClockTime longest, longest_before;

  struct
  {
    guint64 first, end;              /* the packets given up, extended numbers */
    GstClockTime arrival;            /* of the packet behind them */
  } gaps[VGW_REORDER_WINDOW_N_GAPS]; /* the last ones, for packets that are late */
  guint n_gaps;                      /* since the stream began */
} VgwReorderWindow;

/* A stream begins with a packet that arrived at @now, or begins again with other numbers. */
void vgw_reorder_window_restart (VgwReorderWindow *self, GstClockTime now);

/* The window at the time @now, at most @longest. */
GstClockTime vgw_reorder_window_get (VgwReorderWindow *self, GstClockTime now, GstClockTime longest);

/* The packets from @first to before @end are given up; @arrival: of packet @end. */
void vgw_reorder_window_give_up (VgwReorderWindow *self, guint64 first, guint64 end, GstClockTime arrival);

/* A packet arrived at @now, and one after it had arrived at @before. @longest: as for vgw_reorder_window_get () */
void vgw_reorder_window_learn (VgwReorderWindow *self, GstClockTime before, GstClockTime now, GstClockTime longest);

/* Packet @seqnum arrived at @now, after it was given up, if it was: a duplicate teaches nothing. */
void vgw_reorder_window_learn_late (VgwReorderWindow *self, guint64 seqnum, GstClockTime now, GstClockTime longest);
