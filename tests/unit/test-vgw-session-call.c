/* The session with its real media: whole calls over loopback with webrtcbin as the caller. */
#include <glib/gstdio.h>
#include <time.h>

#include "base/vgw-log.h"
#include "caller/vgw-call-media.h"
#include "run-suite.h"
#include "session-media.h"

#define SILENCE_MS 2000 /* a bound that is to be reached, but not by a slow machine */

static VgwSpeech *speech;

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

static void
on_connected (VgwCallMedia *media, Phone *phone)
{
  phone->feed_id = vgw_pacer_add (vgw_media_get_pacer (test_context.media), vgw_call_media_feed, media);
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

/* @channel: (nullable) of a door. */
static Phone *
phone_new_with (gboolean has_data_channel, const VgwClientChannelSetup *channel)
{
  Phone *phone = g_new0 (Phone, 1);
  g_autoptr (GError) error = NULL;

  phone->client = client_new ();
  if (channel != NULL)
    vgw_session_use_channel (phone->client->session, channel);
  vgw_session_start (phone->client->session);
  client_flush (phone->client);
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
phone_new (gboolean has_data_channel)
{
  return phone_new_with (has_data_channel, NULL);
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

static void
on_moment (struct _VgwSession *session, const VgwMoment *moment, gpointer user_data)
{
  g_autofree char *line = g_strdup_printf ("%d %s", moment->type, moment->json != NULL ? moment->json : "");

  g_ptr_array_add (user_data, g_steal_pointer (&line));
}

static gboolean
has_moment (GPtrArray *moments, VgwMomentType type, const char *json)
{
  g_autofree char *line = g_strdup_printf ("%d %s", type, json);

  return g_ptr_array_find_with_equal_func (moments, line, g_str_equal, NULL);
}

/* The test caller's channel has the label `events`, as a door's may have. */
START_TEST (a_door_has_a_data_channel_of_its_own)
{
  g_autoptr (GPtrArray) moments = g_ptr_array_new_with_free_func (g_free);
  Phone *phone = phone_new_with (TRUE, &(VgwClientChannelSetup){ "events", on_moment, moments, FALSE });
  g_autofree char *large = g_strnfill (VGW_CLIENT_CHANNEL_MAX_BYTES, 'x');

  ck_assert (vgw_session_send_text (phone->client->session, "first")); /* waits for the channel */
  ck_assert (vgw_session_send_text (phone->client->session, "second"));
  ck_assert (!vgw_session_send_text (phone->client->session, large));
  vgw_call_media_start (phone->media);
  WAIT_UNTIL (phone->events->len >= 2);
  ck_assert_str_eq (phone->events->pdata[0], "first");
  ck_assert_str_eq (phone->events->pdata[1], "second");
  ck_assert (has_moment (moments, VGW_MOMENT_CHANNEL_OPEN, ""));
  ck_assert (has_moment (moments, VGW_MOMENT_ENGINE_STARTED, ""));

  ck_assert (vgw_call_media_send_event (phone->media, "ping: not JSON"));
  WAIT_UNTIL (has_moment (moments, VGW_MOMENT_CLIENT_TEXT, "ping: not JSON"));
  vgw_engine_emit (vgw_conversation_get_engine (vgw_session_get_conversation (phone->client->session)),
                   &(VgwEngineOutput){ VGW_ENGINE_OUTPUT_EVENT, .json = "{\"said\":1}" });
  WAIT_UNTIL (has_moment (moments, VGW_MOMENT_ENGINE_HEARD, "{\"said\":1}"));
  ck_assert (has_moment (moments, VGW_MOMENT_ENGINE_EVENT, "{\"said\":1}"));
  WAIT_UNTIL (has_moment (moments, VGW_MOMENT_BOT_STARTED, ""));
  settle ();
  ck_assert (!client_got (phone->client, VGW_MESSAGE_EVENT, NULL));
  ck_assert (!client_got (phone->client, VGW_MESSAGE_ERROR, NULL));
  ck_assert_uint_eq (phone->events->len, 2);
  vgw_session_end (phone->client->session, VGW_END_CLIENT_BYE);
  ck_assert (!vgw_session_send_text (phone->client->session, "late"));
  phone_free (phone);
}
END_TEST

START_TEST (texts_on_a_doors_channel_are_bounded)
{
  g_autoptr (GPtrArray) moments = g_ptr_array_new_with_free_func (g_free);
  Phone *phone;

  test_context.limits.max_events_per_second = 1;
  phone = phone_new_with (TRUE, &(VgwClientChannelSetup){ "events", on_moment, moments, FALSE });
  vgw_call_media_start (phone->media);
  WAIT_UNTIL (phone->has_channel);
  WAIT_UNTIL ((vgw_call_media_send_event (phone->media, "text"), client_got (phone->client, VGW_MESSAGE_ERROR, NULL)));
  assert_error (client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_TOO_LARGE, FALSE);
  ck_assert (has_moment (moments, VGW_MOMENT_CLIENT_TEXT, "text"));
  phone_free (phone);
}
END_TEST

/* Each text takes 100 ms of the thread's time. */
static void
on_slow_moment (VgwSession *session, const VgwMoment *moment, gpointer user_data)
{
  guint *n_texts = user_data;
  struct timespec now, start;

  if (moment->type != VGW_MOMENT_CLIENT_TEXT)
    return;
  ++*n_texts;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &start);
  do
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 100);
}

START_TEST (the_time_that_texts_on_a_doors_channel_take_is_bounded)
{
  guint n_texts = 0, n_before;
  Phone *phone = phone_new_with (TRUE, &(VgwClientChannelSetup){ "events", on_slow_moment, &n_texts, FALSE });

  vgw_call_media_start (phone->media);
  WAIT_UNTIL (phone->has_channel);
  WAIT_UNTIL ((vgw_call_media_send_event (phone->media, "text"), client_got (phone->client, VGW_MESSAGE_ERROR, NULL)));
  assert_error (client_find (phone->client, VGW_MESSAGE_ERROR, NULL, NULL), VGW_ERROR_TOO_LARGE, FALSE);
  ck_assert_uint_ge (n_texts, 2);
  n_before = n_texts;
  WAIT_UNTIL ((vgw_call_media_send_event (phone->media, "text"), n_texts > n_before));
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

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-session-call");
  TCase *tcase = tcase_create ("calls");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  g_assert_true (vgw_media_prepare_process (NULL));
  tcase_add_unchecked_fixture (tcase, load_speech, unload_speech);
  tcase_add_checked_fixture (tcase, set_up_media, tear_down_media);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_call_becomes_active_and_its_caller_hears_the_echo);
  tcase_add_test (tcase, a_second_offer_that_never_connects_leaves_the_call);
  tcase_add_loop_test (tcase, a_second_offer_of_no_use_leaves_the_call, 0, N_BAD_OFFERS);
  tcase_add_test (tcase, a_further_offer_replaces_the_one_that_is_being_connected);
  tcase_add_test (tcase, offers_that_come_too_fast_are_refused_and_leave_the_call);
  tcase_add_test (tcase, events_of_the_engine_come_once_on_the_data_channel);
  tcase_add_test (tcase, events_of_the_engine_come_as_messages_without_a_data_channel);
  tcase_add_test (tcase, text_on_the_data_channel_has_to_be_an_object);
  tcase_add_test (tcase, a_door_has_a_data_channel_of_its_own);
  tcase_add_test (tcase, texts_on_a_doors_channel_are_bounded);
  tcase_add_test (tcase, the_time_that_texts_on_a_doors_channel_take_is_bounded);
  tcase_add_test (tcase, a_caller_who_falls_silent_is_given_up);
  tcase_add_test (tcase, a_wrong_fingerprint_ends_the_session_before_any_media);
  tcase_add_test (tcase, an_engine_that_fails_ends_the_call);
  tcase_add_test (tcase, an_engine_that_hangs_up_ends_the_call);
  tcase_add_test (tcase, an_active_session_may_be_dropped);
  tcase_add_test (tcase, a_handler_may_end_and_drop_the_session_as_it_becomes_active);
  tcase_add_test (tcase, the_engine_starts_with_the_connection_and_stops_with_the_call);
  tcase_add_test (tcase, an_engine_that_cannot_start_ends_the_call_and_its_reason_stays_here);
  suite_add_tcase (suite, tcase);
  return suite;
}
