#include "media/vgw-peer-description.h"

#include "media/vgw-peer-view.h"

void
vgw_peer_get_connection (VgwPeer *self, VgwCallConnection *connection)
{
  VgwPeerView view;

  vgw_peer_get_view (self, &view);
  connection->is_connected = view.is_connected;
  connection->is_sending = view.offer != NULL && vgw_offer_is_received (view.offer);
  connection->is_receiving = view.offer != NULL && view.offer->send_index >= 0;
  if (view.webrtc != NULL)
    vgw_webrtc_get_connection (view.webrtc, connection);
}

void
vgw_peer_get_call_stats (VgwPeer *self, VgwCallStats *stats, gint64 *ice_us)
{
  VgwPeerView view;

  *ice_us = 0;
  vgw_peer_get_view (self, &view);
  if (view.webrtc != NULL)
    vgw_webrtc_get_call_stats (view.webrtc, stats, ice_us);
}

static const char *
role_to_string (VgwMlineRole role)
{
  switch (role)
    {
    case VGW_MLINE_AUDIO:
      return "audio";
    case VGW_MLINE_DATA:
      return "data";
    case VGW_MLINE_INACTIVE:
      return "inactive";
    case VGW_MLINE_REJECTED:
      return "rejected";
    }
  g_return_val_if_reached ("?");
}

/* From the client's side, as in the offer. */
static const char *
direction_of (const VgwOfferMline *mline)
{
  if (mline->is_received)
    return mline->is_sent ? "sendrecv" : "sendonly";
  return mline->is_sent ? "recvonly" : "inactive";
}

static JsonObject *
describe_mline (const VgwOffer *offer, guint i)
{
  const VgwOfferMline *mline = &g_array_index (offer->mlines, VgwOfferMline, i);
  const GstSDPMedia *media = gst_sdp_message_get_media (offer->sdp, i);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "mid", mline->mid);
  json_object_set_string_member (object, "media", gst_sdp_media_get_media (media));
  json_object_set_string_member (object, "protocol", gst_sdp_media_get_proto (media));
  json_object_set_string_member (object, "role", role_to_string (mline->role));
  json_object_set_string_member (object, "direction", mline->role == VGW_MLINE_AUDIO ? direction_of (mline) : NULL);
  return object;
}

static JsonObject *
describe_codec (const VgwOfferCodec *codec)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "rtpmap", codec->rtpmap);
  json_object_set_string_member (object, "fmtp", codec->fmtp);
  json_object_set_int_member (object, "payload_type", codec->payload_type);
  return object;
}

JsonObject *
vgw_peer_describe_offer (VgwPeer *self)
{
  JsonObject *object;
  JsonArray *mlines, *codecs;
  VgwPeerView view;

  vgw_peer_get_view (self, &view);
  if (view.offer == NULL || view.codec == NULL)
    return NULL;
  object = json_object_new ();
  mlines = json_array_new ();
  codecs = json_array_new ();
  for (guint i = 0; i < view.offer->mlines->len; i++)
    json_array_add_object_element (mlines, describe_mline (view.offer, i));
  for (guint i = 0; view.offer->codecs != NULL && i < view.offer->codecs->len; i++)
    json_array_add_string_element (codecs, ((const VgwOfferCodec *) view.offer->codecs->pdata[i])->rtpmap);
  json_object_set_array_member (object, "mlines", mlines);
  json_object_set_array_member (object, "offered_codecs", codecs);
  json_object_set_object_member (object, "codec", describe_codec (view.codec));
  json_object_set_boolean_member (object, "is_bundled", view.offer->bundle != NULL);
  json_object_set_string_member (object, "setup", view.offer->setup);
  return object;
}

static void
add_track (JsonArray *tracks, const VgwPeerView *view, const char *direction, guint ssrc, gboolean is_active)
{
  JsonObject *track = json_object_new ();

  json_object_set_string_member (track, "direction", direction);
  json_object_set_string_member (track, "kind", "audio");
  json_object_set_string_member (track, "codec", view->codec->name);
  json_object_set_int_member (track, "clock_rate_hz", view->codec->clock_rate_hz);
  json_object_set_int_member (track, "ssrc", ssrc);
  json_object_set_string_member (track, "mid",
                                 g_array_index (view->offer->mlines, VgwOfferMline, view->offer->audio_index).mid);
  json_object_set_boolean_member (track, "is_active", is_active);
  json_array_add_object_element (tracks, track);
}

JsonArray *
vgw_peer_describe_tracks (VgwPeer *self)
{
  JsonArray *tracks = json_array_new ();
  guint received_ssrc, sent_ssrc;
  VgwPeerView view;

  vgw_peer_get_view (self, &view);
  if (view.offer == NULL || view.webrtc == NULL)
    return tracks;
  received_ssrc = vgw_rtp_intake_get_ssrc (vgw_webrtc_get_intake (view.webrtc));
  if (received_ssrc != 0)
    add_track (tracks, &view, "received", received_ssrc, vgw_offer_is_received (view.offer));
  g_object_get (view.rtp_out, "ssrc", &sent_ssrc, NULL);
  add_track (tracks, &view, "sent", sent_ssrc, view.offer->send_index >= 0);
  return tracks;
}
