#include "session-media.h"

static const char *const pipelines[] = { "opus", "pcmu", NULL };

const BadOffer bad_offers[N_BAD_OFFERS] = {
  { "v=0", "no SDP", VGW_ERROR_BAD_MESSAGE },
  { "m=audio", "m=video", VGW_ERROR_UNSUPPORTED },
  { "a=fingerprint:", "a=fingertip:", VGW_ERROR_BAD_MESSAGE },
  { "UDP/TLS/RTP/SAVPF", "UDP/TLS/UDPTL", VGW_ERROR_UNSUPPORTED },
  { "a=rtcp-mux\r\n", "", VGW_ERROR_UNSUPPORTED },
  { "a=sctp-port:5000\r\n",
    "a=sctp-port:5000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
    VGW_ERROR_TOO_LARGE },
};

void
set_up_media (void)
{
  set_up_context ();
  test_context.media = media_new (VGW_ICE_AGENT_MUX, pipelines, MAX_MLINES);
}

void
tear_down_media (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  ck_assert_uint_eq (vgw_media_count_peers (test_context.media), 0);
  WAIT_UNTIL (G_OBJECT (test_context.media)->ref_count == 1); /* every peer is gone */
  g_clear_object (&test_context.media);
  tear_down_context ();
}

char *
browser_offer (const char *from, const char *to)
{
  g_autofree char *sdp = load_offer ("chromium-audio.sdp");

  return from != NULL ? replace (sdp, from, to) : g_steal_pointer (&sdp);
}

void
client_offer (Client *client, const char *sdp)
{
  g_autoptr (VgwMessage) message = vgw_message_new_sdp (VGW_MESSAGE_OFFER, sdp);

  vgw_session_handle (client->session, message);
  client_flush (client);
}

void
client_offer_browser (Client *client)
{
  g_autofree char *sdp = browser_offer (NULL, NULL);

  client_offer (client, sdp);
}
