/* Posts the signals and messages of a webrtcbin and its pipeline, from any thread, to the main thread. */
#pragma once

#include "base/vgw-mailbox.h"
#include "media/vgw-voice.h"
#include "media/vgw-webrtc.h"

/* Of a track. */
typedef struct
{
  char *codec;
  int clock_rate_hz;
  guint ssrc;
} VgwTrackFacts;

/* Each runs on the main thread, with the object of the mailbox and the payload given here. */
typedef struct
{
  VgwMailboxFunc candidate;        /* char*: a local candidate */
  VgwMailboxFunc gathered;         /* NULL: there are no more */
  VgwMailboxFunc connection_state; /* GstWebRTCPeerConnectionState, as GINT_TO_POINTER () */
  VgwMailboxFunc track;            /* VgwTrackFacts*: the client sends media, and it is linked */
  VgwMailboxFunc voice;            /* VgwVoice*: the pipeline's `vad` begins or ceases to detect voice */
  VgwMailboxFunc sctp_failed;      /* NULL: once */
  VgwMailboxFunc pipeline_failed;  /* char*: why */
} VgwWebrtcReports;

/* Links the client's media to @rtp_in, an element beside webrtcbin, and posts reports to @mailbox. @reports is static.
 * Main thread, before the pipeline is started. */
void vgw_webrtc_watch (VgwWebrtc *webrtc, GstElement *rtp_in, VgwMailbox *mailbox, const VgwWebrtcReports *reports);
