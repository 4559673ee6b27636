#include "session-media.h"

#define MAX_MLINES 8

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

VgwMedia *
new_media (const char *const *names)
{
  g_autofree char *dir = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", NULL);
  const VgwMediaSettings settings = {
    .ice_agent = VGW_ICE_AGENT_MUX,
    .gather_timeout_ms = 1000,
    .pipelines = names,
    .pipeline_dir = dir,
    .latency_ms = 40,
    .max_mlines = MAX_MLINES,
    .max_data_channels = 4,
  };
  g_autoptr (GError) error = NULL;
  VgwMedia *media = vgw_media_new (&settings, &error);

  ck_assert_msg (media != NULL, "%s", error != NULL ? error->message : "no error");
  return media;
}

void
set_up_media (void)
{
  set_up_context ();
  test_context.media = new_media (pipelines);
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
  g_autofree char *path =
      g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "tests", "data", "sdp", "chromium-audio.sdp", NULL);
  g_autofree char *sdp = NULL;
  GString *changed;

  ck_assert (g_file_get_contents (path, &sdp, NULL, NULL));
  changed = g_string_new (sdp);
  if (from != NULL)
    ck_assert_uint_gt (g_string_replace (changed, from, to, 0), 0);
  return g_string_free (changed, FALSE);
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
