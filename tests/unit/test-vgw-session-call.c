/* The session with its real media: offers of browsers, offers that are no use, and whole calls over loopback with
 * webrtcbin as the caller. */
#include "session-test.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#include "base/vgw-log.h"
#include "caller/vgw-call-media.h"
#include "run-suite.h"

#define MAX_MLINES 8
#define N_MOMENTS 25
#define MOMENT_US 6000  /* 25 of them are longer than a negotiation takes */
#define SHORT_MS 400    /* a bound that is to be reached */
#define SILENCE_MS 2000 /* a bound that is to be reached, but not by a slow machine */

static const char *const pipelines[] = { "opus", "pcmu", NULL };
static VgwSpeech *speech;

static VgwMedia *
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

static void
set_up (void)
{
  set_up_context ();
  test_context.media = new_media (pipelines);
}

static void
tear_down (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  ck_assert_uint_eq (vgw_media_count_peers (test_context.media), 0);
  WAIT_UNTIL (G_OBJECT (test_context.media)->ref_count == 1); /* every peer is gone */
  g_clear_object (&test_context.media);
  tear_down_context ();
}

/* --- offers --- */

/* An offer that was recorded from Chromium, with every @from replaced by @to. Returns: (transfer full) */
static char *
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

static void
client_offer (Client *client, const char *sdp)
{
  g_autoptr (VgwMessage) message = vgw_message_new_sdp (VGW_MESSAGE_OFFER, sdp);

  vgw_session_handle (client->session, message);
  client_flush (client);
}

static void
client_offer_browser (Client *client)
{
  g_autofree char *sdp = browser_offer (NULL, NULL);

  client_offer (client, sdp);
}

START_TEST (an_offer_of_a_browser_is_answered_first_and_announced_then)
{
  Client *client = client_new_started ();
  const VgwMessage *answer;
  guint answer_at, connecting_at;

  client_offer_browser (client);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEGOTIATING);
  client_wait_for (client, VGW_PHASE_CONNECTING);

  answer = client_find (client, VGW_MESSAGE_ANSWER, NULL, &answer_at);
  ck_assert_ptr_nonnull (answer);
  ck_assert_ptr_nonnull (strstr (answer->sdp, "a=candidate:"));
  ck_assert_ptr_nonnull (client_find (client, VGW_MESSAGE_STATE, "connecting", &connecting_at));
  ck_assert_uint_lt (answer_at, connecting_at);
  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  assert_ended (client, VGW_END_CLIENT_BYE);
  ck_assert_str_eq (books->codec, "OPUS");
  client_free (client);
}
END_TEST

START_TEST (who_never_connects_is_given_up)
{
  Client *client;

  test_context.limits.connect_timeout_ms = SHORT_MS;
  client = client_new_started ();
  client_offer_browser (client);
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_CONNECT_TIMEOUT);
  assert_error (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_TIMEOUT, TRUE);
  ck_assert_uint_eq (books->n_updated, 0);
  client_free (client);
}
END_TEST

START_TEST (a_second_offer_is_refused_and_the_first_goes_on)
{
  Client *client = client_new_started ();

  client_offer_browser (client);
  client_offer_browser (client);
  assert_error (client_last (client), VGW_ERROR_BAD_STATE, FALSE);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  client_offer_browser (client);
  assert_error (client_last (client), VGW_ERROR_BAD_STATE, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

/* What is replaced in Chromium's offer, and what the client is told. */
static const struct
{
  const char *from;
  const char *to;
  VgwErrorCode code;
} bad_offers[] = {
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

START_TEST (an_offer_of_no_use_may_be_followed_by_a_better_one)
{
  g_autofree char *bad = browser_offer (bad_offers[_i].from, bad_offers[_i].to);
  Client *client = client_new_started ();

  client_offer (client, bad);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_last (client), bad_offers[_i].code, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEW);

  client_offer_browser (client);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ANSWER, NULL));
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

START_TEST (a_codec_that_no_pipeline_serves_is_refused)
{
  static const char *const only_pcmu[] = { "pcmu", NULL };
  g_autofree char *opus_only = browser_offer ("UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "UDP/TLS/RTP/SAVPF 111");
  Client *client;

  vgw_media_shutdown (test_context.media);
  g_object_unref (test_context.media);
  test_context.media = new_media (only_pcmu);
  client = client_new_started ();
  client_offer (client, opus_only);
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_last (client), VGW_ERROR_UNSUPPORTED, FALSE);
  ck_assert_ptr_nonnull (strstr (client_last (client)->error_message, "PCMU"));
  client_free (client);
}
END_TEST

START_TEST (too_many_offers_of_no_use_end_the_session)
{
  Client *client = client_new_started ();

  for (guint i = 1; i < VGW_LEG_MAX_FAILED_OFFERS; i++)
    {
      client_offer (client, "v=0");
      client_wait_for (client, VGW_PHASE_NEW);
      assert_error (client_last (client), VGW_ERROR_BAD_MESSAGE, FALSE);
    }
  client_offer (client, "v=0");
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_ERROR);
  assert_error (client->messages->pdata[client->messages->len - 2], VGW_ERROR_BAD_MESSAGE, TRUE);
  client_free (client);
}
END_TEST

START_TEST (time_for_an_offer_begins_anew_after_one_of_no_use)
{
  Client *client;

  test_context.limits.offer_timeout_ms = SHORT_MS;
  client = client_new_started ();
  client_offer (client, "v=0");
  WAIT_UNTIL (client->n_ended > 0);
  assert_ended (client, VGW_END_OFFER_TIMEOUT);
  client_free (client);
}
END_TEST

START_TEST (candidates_before_the_offer_are_judged_with_it)
{
  Client *client = client_new_started ();

  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"nonsense\",\"sdpMid\":\"0\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":"
                      "{\"candidate\":\"candidate:1 1 UDP 1 127.0.0.1 9 typ host\",\"sdpMid\":\"0\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"\"}}");
  client_say (client, "{\"type\":\"candidate\",\"payload\":null}");
  ck_assert_uint_eq (client->messages->len, 1);

  client_offer_browser (client);
  ck_assert_uint_eq (client->messages->len, 2);
  assert_error (client_last (client), VGW_ERROR_BAD_MESSAGE, FALSE);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  guint n_messages = client->messages->len;
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"candidate:1 1 UDP 1 127.0.0.1 9 typ host\","
                      "\"sdpMid\":\"no such line\",\"sdpMLineIndex\":7}}"); /* ignored */
  ck_assert_uint_eq (client->messages->len, n_messages);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_CONNECTING);
  client_free (client);
}
END_TEST

static const VgwSessionPhase phases_before_active[] = { VGW_PHASE_NEGOTIATING, VGW_PHASE_CONNECTING };

START_TEST (an_end_before_the_connection_leaves_no_peer)
{
  Client *client = client_new_started ();
  guint n_messages;

  client_offer_browser (client);
  client_wait_for (client, phases_before_active[_i]);
  vgw_session_end (client->session, VGW_END_WEBSOCKET_CLOSED);
  assert_ended (client, VGW_END_WEBSOCKET_CLOSED);
  n_messages = client->messages->len;
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  settle ();
  ck_assert_uint_eq (client->messages->len, n_messages);
  client_free (client);
}
END_TEST

/* The steps of webrtcbin are spread over its own thread: the end falls between all of them. */
START_TEST (an_end_at_any_moment_of_the_negotiation_leaves_no_peer)
{
  for (guint n_turns = 0; n_turns < N_MOMENTS; n_turns++)
    {
      Client *client = client_new_started ();
      gint64 end_at_us = g_get_monotonic_time () + n_turns * MOMENT_US;

      client_offer_browser (client);
      while (g_get_monotonic_time () < end_at_us)
        g_main_context_iteration (NULL, FALSE);
      vgw_session_end (client->session, VGW_END_WEBSOCKET_CLOSED);
      client_free (client);
      WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
    }
  WAIT_UNTIL (G_OBJECT (test_context.media)->ref_count == 1);
}
END_TEST

START_TEST (a_drop_before_the_connection_leaves_no_peer)
{
  Client *client = client_new_started ();
  VgwSession *watched = client->session;

  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  client_offer_browser (client);
  client_wait_for (client, phases_before_active[_i]);
  client_let_go (client);
  ck_assert_ptr_null (watched);
  ck_assert_uint_eq (books->n_deregistered, 1);
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  client_free (client);
}
END_TEST

static const char *const quitting_types[] = { "answer", "state", "error" };

START_TEST (a_handler_may_end_and_drop_the_session_during_an_offer)
{
  Client *client = client_new_started ();

  client->quits_at = quitting_types[_i];
  client_say (client, "{\"type\":\"candidate\",\"payload\":{\"candidate\":\"nonsense\",\"sdpMid\":\"0\"}}");
  client_offer_browser (client);
  WAIT_UNTIL (client->session == NULL);
  ck_assert_uint_eq (books->n_deregistered, 1);
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 0);
  client_free (client);
}
END_TEST

START_TEST (an_offer_without_room_for_a_peer_is_told_busy)
{
  VgwCapacityCost peer = { .files = G_MAXINT };
  Client *client;

  test_context.capacity = vgw_capacity_new (&peer);
  client = client_new_started ();
  client_offer_browser (client);
  assert_error (client_find (client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_BUSY, TRUE);
  assert_ended (client, VGW_END_ERROR);
  ck_assert_uint_eq (vgw_media_count_peers (test_context.media), 0);
  ck_assert_uint_eq (vgw_capacity_count_refused (test_context.capacity, VGW_CAPACITY_FILES), 1);
  client_free (client);
  g_clear_pointer (&test_context.capacity, vgw_capacity_free);
}
END_TEST

/* One peer that is being set up leaves no room for a second one; whatever becomes of it, there is room again. */
START_TEST (a_peer_gives_its_room_back_however_it_ends)
{
  VgwCapacityLimits limits;
  VgwCapacityCost peer = { 0 };
  g_autofree char *useless = browser_offer ("v=0", "no SDP");
  Client *client, *other;

  vgw_capacity_read_limits (&limits);
  peer.files = (guint) MIN ((limits.files - vgw_capacity_count_files ()) * 2 / 3, G_MAXINT / 2);
  test_context.capacity = vgw_capacity_new (&peer);

  client = client_new_started ();
  client_offer (client, useless); /* refused: the session goes on without a peer */
  WAIT_UNTIL (client_got (client, VGW_MESSAGE_ERROR, NULL));
  client_offer_browser (client);
  client_wait_for (client, VGW_PHASE_CONNECTING);
  other = client_new_started ();
  client_offer_browser (other);
  assert_error (client_find (other, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_BUSY, TRUE);
  client_free (other);

  vgw_session_end (client->session, VGW_END_CLIENT_BYE);
  client_free (client);
  client = client_new_started ();
  client_offer_browser (client);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_NEGOTIATING);
  client_free (client);
  g_clear_pointer (&test_context.capacity, vgw_capacity_free);
}
END_TEST

START_TEST (an_engine_that_cannot_be_made_ends_the_session)
{
  Client *client = client_new_started ();

  set_text (&get_engine_config ()->type, "parrot");
  client_offer_browser (client);
  assert_ended (client, VGW_END_ENGINE);
  assert_error (client->messages->pdata[1], VGW_ERROR_INTERNAL, TRUE);
  ck_assert_ptr_null (strstr (((VgwMessage *) client->messages->pdata[1])->error_message, "parrot"));
  client_free (client);
}
END_TEST

/* --- calls --- */

/* A caller with media: webrtcbin at the other end of the session. */
typedef struct
{
  Client *client;
  VgwCallMedia *media;
  guint feed_id;
  guint n_stopped;
  gboolean is_heard;       /* speech came back */
  gboolean has_channel;    /* the data channel `events` is open */
  GPtrArray *events;       /* char*, from the data channel */
  const char *fingerprint; /* (nullable) replaces that of the offer */
} Phone;

static void
on_answer (VgwSession *session, const VgwMessage *message, Phone *phone)
{
  if (message->type == VGW_MESSAGE_ANSWER)
    ck_assert (vgw_call_media_set_answer (phone->media, message->sdp, NULL));
  else if (message->type == VGW_MESSAGE_CANDIDATE)
    vgw_call_media_add_candidate (phone->media, message->candidate, (guint) MAX (message->sdp_mline_index, 0));
}

static void
on_offer (VgwCallMedia *media, const char *sdp, Phone *phone)
{
  g_autoptr (GString) offer = g_string_new (sdp);

  if (phone->fingerprint != NULL)
    {
      g_autoptr (GRegex) regex = g_regex_new ("a=fingerprint:sha-256 [0-9A-F:]+", 0, 0, NULL);
      g_autofree char *changed = g_regex_replace_literal (regex, sdp, -1, 0, phone->fingerprint, 0, NULL);

      g_string_assign (offer, changed);
    }
  client_offer (phone->client, offer->str);
}

static void
on_candidate (VgwCallMedia *media, const char *candidate, guint mline_index, Phone *phone)
{
  g_autoptr (VgwMessage) message = vgw_message_new_candidate (candidate, NULL, (int) mline_index);

  if (phone->client->session != NULL)
    vgw_session_handle (phone->client->session, message);
}

/* The pacer's thread. */
static void
feed (guint64 tick, gpointer user_data)
{
  vgw_call_media_feed (user_data);
}

static void
on_connected (VgwCallMedia *media, Phone *phone)
{
  phone->feed_id = vgw_pacer_add (vgw_media_get_pacer (test_context.media), feed, media);
}

static void
on_first_voice (VgwCallMedia *media, Phone *phone)
{
  phone->is_heard = TRUE;
}

static void
on_channel_open (VgwCallMedia *media, Phone *phone)
{
  phone->has_channel = TRUE;
}

static void
on_event (VgwCallMedia *media, const char *text, Phone *phone)
{
  g_ptr_array_add (phone->events, g_strdup (text));
}

static void
on_stopped (VgwCallMedia *media, Phone *phone)
{
  phone->n_stopped++;
}

static Phone *
phone_new (gboolean has_data_channel)
{
  Phone *phone = g_new0 (Phone, 1);
  g_autoptr (GError) error = NULL;

  phone->client = client_new_started ();
  phone->events = g_ptr_array_new_with_free_func (g_free);
  phone->media = vgw_call_media_new (speech, NULL, has_data_channel, NULL, &error);
  ck_assert_msg (phone->media != NULL, "%s", error != NULL ? error->message : "no error");
  g_signal_connect (phone->client->session, "outgoing", G_CALLBACK (on_answer), phone);
  g_signal_connect (phone->media, "offer", G_CALLBACK (on_offer), phone);
  g_signal_connect (phone->media, "candidate", G_CALLBACK (on_candidate), phone);
  g_signal_connect (phone->media, "connected", G_CALLBACK (on_connected), phone);
  g_signal_connect (phone->media, "first-voice", G_CALLBACK (on_first_voice), phone);
  g_signal_connect (phone->media, "channel-open", G_CALLBACK (on_channel_open), phone);
  g_signal_connect (phone->media, "event", G_CALLBACK (on_event), phone);
  g_signal_connect (phone->media, "stopped", G_CALLBACK (on_stopped), phone);
  return phone;
}

static Phone *
phone_new_calling (gboolean has_data_channel)
{
  Phone *phone = phone_new (has_data_channel);

  vgw_call_media_start (phone->media);
  return phone;
}

static Phone *
phone_new_active (gboolean has_data_channel)
{
  Phone *phone = phone_new_calling (has_data_channel);

  client_wait_for (phone->client, VGW_PHASE_ACTIVE);
  return phone;
}

static void
phone_hang_up (Phone *phone)
{
  if (phone->feed_id != 0)
    vgw_pacer_remove (vgw_media_get_pacer (test_context.media), phone->feed_id);
  phone->feed_id = 0;
  vgw_call_media_stop (phone->media);
  WAIT_UNTIL (phone->n_stopped > 0);
}

static void
phone_free (Phone *phone)
{
  phone_hang_up (phone);
  if (phone->client->session != NULL)
    g_signal_handlers_disconnect_by_data (phone->client->session, phone);
  g_signal_handlers_disconnect_by_data (phone->media, phone);
  client_free (phone->client);
  g_object_unref (phone->media);
  g_ptr_array_unref (phone->events);
  g_free (phone);
}

START_TEST (a_call_becomes_active_and_its_caller_hears_the_echo)
{
  Phone *phone = phone_new_active (FALSE);
  const VgwMessage *track;
  guint connecting_at, active_at;

  WAIT_UNTIL (phone->is_heard);
  ck_assert_ptr_nonnull (client_find (phone->client, VGW_MESSAGE_STATE, "connecting", &connecting_at));
  ck_assert_ptr_nonnull (client_find (phone->client, VGW_MESSAGE_STATE, "active", &active_at));
  ck_assert_uint_lt (connecting_at, active_at);
  track = client_find (phone->client, VGW_MESSAGE_TRACK, NULL, NULL);
  ck_assert_ptr_nonnull (track);
  ck_assert_str_eq (track->kind, "audio");
  ck_assert_str_eq (track->codec, "PCMU");
  ck_assert_uint_eq (track->clock_rate_hz, 8000);
  ck_assert_uint_eq (books->n_updated, 1);
  ck_assert_str_eq (books->state, "active");
  ck_assert_str_eq (books->codec, "PCMU");

  vgw_session_end (phone->client->session, VGW_END_CLIENT_BYE);
  assert_ended (phone->client, VGW_END_CLIENT_BYE);
  phone_free (phone);
}
END_TEST

/* An active call whose next offers are answered to nobody. */
static Phone *
phone_new_offering (void)
{
  Phone *phone = phone_new_active (FALSE);

  g_signal_handlers_disconnect_by_data (phone->client->session, phone);
  g_ptr_array_set_size (phone->client->messages, 0);
  return phone;
}

START_TEST (a_second_offer_that_never_connects_leaves_the_call)
{
  Phone *phone = phone_new_offering ();

  test_context.limits.connect_timeout_ms = SILENCE_MS;
  client_offer_browser (phone->client);
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  WAIT_UNTIL (client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  ck_assert (client_got (phone->client, VGW_MESSAGE_ANSWER, NULL));
  ck_assert (!client_got (phone->client, VGW_MESSAGE_STATE, NULL));
  assert_error (client_last (phone->client), VGW_ERROR_TIMEOUT, FALSE);
  ck_assert_str_eq (client_last (phone->client)->about, "offer");
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  WAIT_UNTIL (phone->is_heard);
  phone_free (phone);
}
END_TEST

START_TEST (a_second_offer_of_no_use_leaves_the_call)
{
  Phone *phone = phone_new_offering ();
  g_autofree char *bad = browser_offer (bad_offers[_i].from, bad_offers[_i].to);

  client_offer (phone->client, bad);
  WAIT_UNTIL (client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_last (phone->client), bad_offers[_i].code, FALSE);
  ck_assert_str_eq (client_last (phone->client)->about, "offer");
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  phone_free (phone);
}
END_TEST

START_TEST (a_further_offer_replaces_the_one_that_is_being_connected)
{
  Phone *phone = phone_new_offering ();

  client_offer_browser (phone->client);
  client_offer_browser (phone->client);
  WAIT_UNTIL (client_got (phone->client, VGW_MESSAGE_ANSWER, NULL));
  client_offer_browser (phone->client);
  WAIT_UNTIL (vgw_media_count_peers (test_context.media) == 2); /* the two that were replaced are gone */
  ck_assert (!client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  phone_free (phone);
}
END_TEST

START_TEST (offers_that_come_too_fast_are_refused_and_leave_the_call)
{
  Phone *phone = phone_new_offering ();

  for (int i = 0; i < 100 && client_last (phone->client) == NULL; i++)
    client_offer_browser (phone->client);
  assert_error (client_last (phone->client), VGW_ERROR_BUSY, FALSE);
  ck_assert_str_eq (client_last (phone->client)->about, "offer");
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  phone_free (phone);
}
END_TEST

START_TEST (events_of_the_engine_come_once_on_the_data_channel)
{
  Phone *phone = phone_new_active (TRUE);

  WAIT_UNTIL (phone->has_channel);
  /* open here is not open there yet: until then the message is the path */
  WAIT_UNTIL ((vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                                &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"early\":1}" }),
               phone->events->len > 0));
  g_ptr_array_set_size (phone->client->messages, 0);
  g_ptr_array_set_size (phone->events, 0);
  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"late\":2}" });
  WAIT_UNTIL (phone->events->len > 0 && g_str_equal (phone->events->pdata[phone->events->len - 1], "{\"late\":2}"));
  settle ();
  ck_assert (!client_got (phone->client, VGW_MESSAGE_EVENT, NULL));
  phone_free (phone);
}
END_TEST

START_TEST (events_of_the_engine_come_as_messages_without_a_data_channel)
{
  Phone *phone = phone_new_active (FALSE);
  guint n_messages;

  client_flush (phone->client);
  n_messages = phone->client->messages->len;

  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"said\":\"hello\"}" });
  client_flush (phone->client);
  ck_assert_uint_eq (phone->client->messages->len, n_messages + 1);
  ck_assert_int_eq (client_last (phone->client)->type, VGW_MESSAGE_EVENT);
  ck_assert_str_eq (client_last (phone->client)->event_json, "{\"said\":\"hello\"}");
  phone_free (phone);
}
END_TEST

START_TEST (text_on_the_data_channel_has_to_be_an_object)
{
  Phone *phone = phone_new_active (TRUE);

  WAIT_UNTIL (phone->has_channel);
  ck_assert (vgw_call_media_send_event (phone->media, "{\"fine\":true}"));
  ck_assert (vgw_call_media_send_event (phone->media, "not JSON"));
  WAIT_UNTIL (client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  assert_error (client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_BAD_MESSAGE, FALSE);
  ck_assert_int_eq (vgw_session_get_phase (phone->client->session), VGW_PHASE_ACTIVE);
  phone_free (phone);
}
END_TEST

START_TEST (a_caller_who_falls_silent_is_given_up)
{
  Phone *phone;

  test_context.limits.media_timeout_ms = SILENCE_MS;
  phone = phone_new_active (FALSE);
  WAIT_UNTIL (phone->is_heard);
  /* gone without a word, as behind a broken network: no media and no checks any more */
  phone_hang_up (phone);
  WAIT_UNTIL (phone->client->n_ended > 0);
  assert_ended (phone->client, VGW_END_MEDIA_TIMEOUT);
  assert_error (client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_TIMEOUT, TRUE);
  phone_free (phone);
}
END_TEST

START_TEST (a_wrong_fingerprint_ends_the_session_before_any_media)
{
  Phone *phone = phone_new (FALSE);

  phone->fingerprint = "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                       "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
  vgw_call_media_start (phone->media);
  WAIT_UNTIL (phone->client->n_ended > 0);
  assert_ended (phone->client, VGW_END_FINGERPRINT_MISMATCH);
  assert_error (client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_UNAUTHORIZED, TRUE);
  ck_assert (!client_got (phone->client, VGW_MESSAGE_STATE, "active"));
  phone_free (phone);
}
END_TEST

START_TEST (an_engine_that_fails_ends_the_call)
{
  Phone *phone = phone_new_active (FALSE);
  g_autoptr (GError) error = g_error_new_literal (VGW_ERROR, VGW_ERROR_ENGINE, "bot.internal:9000 refused");
  const VgwMessage *told;

  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_FAILED, .error = error });
  assert_ended (phone->client, VGW_END_ENGINE);
  told = client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL);
  assert_error (told, VGW_ERROR_ENGINE, TRUE);
  ck_assert_str_eq (told->error_message, "the speech engine failed"); /* and nothing of where it is */
  phone_free (phone);
}
END_TEST

START_TEST (an_engine_that_hangs_up_ends_the_call)
{
  Phone *phone = phone_new_active (FALSE);

  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                   &(VgwEngineOutput){ .type = VGW_ENGINE_OUTPUT_HANGUP });
  assert_ended (phone->client, VGW_END_ENGINE);
  ck_assert (!client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  phone_free (phone);
}
END_TEST

START_TEST (an_active_session_may_be_dropped)
{
  Phone *phone = phone_new_active (FALSE);
  VgwSession *watched = phone->client->session;

  WAIT_UNTIL (phone->is_heard);
  g_object_add_weak_pointer (G_OBJECT (watched), (gpointer *) &watched);
  g_signal_handlers_disconnect_by_data (watched, phone);
  client_let_go (phone->client);
  ck_assert_ptr_null (watched);
  ck_assert_uint_eq (books->n_deregistered, 1);
  phone_free (phone);
}
END_TEST

START_TEST (a_handler_may_end_and_drop_the_session_as_it_becomes_active)
{
  Phone *phone = phone_new_calling (FALSE);

  WAIT_UNTIL (client_got (phone->client, VGW_MESSAGE_STATE, "connecting"));
  phone->client->quits_at = "state";
  WAIT_UNTIL (phone->client->session == NULL);
  ck_assert_str_eq (books->reason, "websocket-closed");
  phone_free (phone);
}
END_TEST

/* Recordings show when the engine was started, and that it was stopped. */
START_TEST (the_engine_starts_with_the_connection_and_stops_with_the_call)
{
  g_autofree char *directory = g_dir_make_tmp ("vgw-session-XXXXXX", NULL);
  g_autofree char *name = NULL;
  g_autofree char *caller = NULL;
  g_autofree char *bot = NULL;
  GStatBuf info = { 0 };
  Phone *phone;

  set_text (&get_engine_config ()->type, "record");
  set_text (&get_engine_config ()->record_directory, directory);
  test_context.engine_shared.wav_writer = vgw_wav_writer_new ();
  phone = phone_new_calling (FALSE);
  name = g_strconcat (vgw_session_get_id (phone->client->session), "-caller.wav", NULL);
  caller = g_build_filename (directory, name, NULL);
  bot = g_strconcat (directory, "/", vgw_session_get_id (phone->client->session), "-bot.wav", NULL);

  client_wait_for (phone->client, VGW_PHASE_CONNECTING);
  ck_assert (!g_file_test (caller, G_FILE_TEST_EXISTS));
  client_wait_for (phone->client, VGW_PHASE_ACTIVE);
  ck_assert (g_file_test (caller, G_FILE_TEST_EXISTS));
  WAIT_UNTIL (phone->is_heard);
  vgw_session_end (phone->client->session, VGW_END_CLIENT_BYE);
  g_clear_pointer (&test_context.engine_shared.wav_writer, vgw_wav_writer_unref); /* waits for the end of the files */

  ck_assert_int_eq (g_stat (bot, &info), 0);
  ck_assert_int_gt (info.st_size, 44);
  phone_free (phone);
  g_remove (caller);
  g_remove (bot);
  g_rmdir (directory);
}
END_TEST

START_TEST (an_engine_that_cannot_start_ends_the_call_and_its_reason_stays_here)
{
  Phone *phone;
  const VgwMessage *told;

  set_text (&get_engine_config ()->type, "record");
  set_text (&get_engine_config ()->record_directory, "/proc/self/exe/nowhere");
  phone = phone_new_calling (FALSE);
  WAIT_UNTIL (phone->client->n_ended > 0);
  assert_ended (phone->client, VGW_END_ENGINE);
  told = client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL);
  assert_error (told, VGW_ERROR_ENGINE, TRUE);
  ck_assert_ptr_null (strstr (told->error_message, "/proc"));
  ck_assert (!client_got (phone->client, VGW_MESSAGE_STATE, "active"));
  phone_free (phone);
}
END_TEST

static void
load_speech (void)
{
  speech = vgw_speech_new (NULL, vgw_call_codec_find ("pcmu"), 0, NULL);
  g_assert_nonnull (speech);
}

static void
unload_speech (void)
{
  vgw_speech_unref (speech);
}

static TCase *
offers_tcase (void)
{
  TCase *tcase = tcase_create ("offers");

  tcase_add_unchecked_fixture (tcase, load_speech, unload_speech);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, an_offer_of_a_browser_is_answered_first_and_announced_then);
  tcase_add_test (tcase, who_never_connects_is_given_up);
  tcase_add_test (tcase, a_second_offer_is_refused_and_the_first_goes_on);
  tcase_add_loop_test (tcase, an_offer_of_no_use_may_be_followed_by_a_better_one, 0, G_N_ELEMENTS (bad_offers));
  tcase_add_test (tcase, a_codec_that_no_pipeline_serves_is_refused);
  tcase_add_test (tcase, too_many_offers_of_no_use_end_the_session);
  tcase_add_test (tcase, time_for_an_offer_begins_anew_after_one_of_no_use);
  tcase_add_test (tcase, candidates_before_the_offer_are_judged_with_it);
  tcase_add_loop_test (tcase, an_end_before_the_connection_leaves_no_peer, 0, G_N_ELEMENTS (phases_before_active));
  tcase_add_test (tcase, an_end_at_any_moment_of_the_negotiation_leaves_no_peer);
  tcase_add_loop_test (tcase, a_drop_before_the_connection_leaves_no_peer, 0, G_N_ELEMENTS (phases_before_active));
  tcase_add_loop_test (tcase, a_handler_may_end_and_drop_the_session_during_an_offer, 0, G_N_ELEMENTS (quitting_types));
  tcase_add_test (tcase, an_offer_without_room_for_a_peer_is_told_busy);
  tcase_add_test (tcase, a_peer_gives_its_room_back_however_it_ends);
  tcase_add_test (tcase, an_engine_that_cannot_be_made_ends_the_session);
  return tcase;
}

static TCase *
calls_tcase (void)
{
  TCase *tcase = tcase_create ("calls");

  tcase_add_unchecked_fixture (tcase, load_speech, unload_speech);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_call_becomes_active_and_its_caller_hears_the_echo);
  tcase_add_test (tcase, a_second_offer_that_never_connects_leaves_the_call);
  tcase_add_loop_test (tcase, a_second_offer_of_no_use_leaves_the_call, 0, G_N_ELEMENTS (bad_offers));
  tcase_add_test (tcase, a_further_offer_replaces_the_one_that_is_being_connected);
  tcase_add_test (tcase, offers_that_come_too_fast_are_refused_and_leave_the_call);
  tcase_add_test (tcase, events_of_the_engine_come_once_on_the_data_channel);
  tcase_add_test (tcase, events_of_the_engine_come_as_messages_without_a_data_channel);
  tcase_add_test (tcase, text_on_the_data_channel_has_to_be_an_object);
  tcase_add_test (tcase, a_caller_who_falls_silent_is_given_up);
  tcase_add_test (tcase, a_wrong_fingerprint_ends_the_session_before_any_media);
  tcase_add_test (tcase, an_engine_that_fails_ends_the_call);
  tcase_add_test (tcase, an_engine_that_hangs_up_ends_the_call);
  tcase_add_test (tcase, an_active_session_may_be_dropped);
  tcase_add_test (tcase, a_handler_may_end_and_drop_the_session_as_it_becomes_active);
  tcase_add_test (tcase, the_engine_starts_with_the_connection_and_stops_with_the_call);
  tcase_add_test (tcase, an_engine_that_cannot_start_ends_the_call_and_its_reason_stays_here);
  return tcase;
}

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-call");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  g_assert_true (vgw_media_prepare_process (NULL));
  suite_add_tcase (suite, offers_tcase ());
  suite_add_tcase (suite, calls_tcase ());
  return suite;
}
