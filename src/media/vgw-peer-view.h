/* The parts of a peer, for the files of media that describe and measure it: see vgw_peer_get_view (). */
#pragma once

#include "media/vgw-webrtc.h"

/* All are borrowed until the peer changes, and NULL where there is none yet. */
typedef struct _VgwPeerView
{
  const VgwOffer *offer;      /* the last one that was answered */
  const VgwOfferCodec *codec; /* the one agreed on */
  VgwWebrtc *webrtc;          /* NULL once the peer is stopped */
  GstElement *rtp_out;        /* of the description; NULL as webrtc */
  gboolean is_connected;
} VgwPeerView;
