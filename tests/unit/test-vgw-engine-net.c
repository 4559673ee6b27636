/* The networked engine and bots of every kind, over loopback sockets: good ones, slow ones, hostile ones. The bot lives in
 * the main loop of the test, the engine's connection on its own thread, as in the gateway. */
#include "engine/vgw-engine-net.h"

#include <check.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-ws-guard.h"
#include "engine/vgw-engine-link.h"
#include "run-suite.h"

#define RATE_HZ 16000
#define FRAME_SAMPLES (RATE_HZ * VGW_FRAME_MS / 1000)
#define DEADLINE_US (30 * G_USEC_PER_SEC)
#define TICK_MS 2
#define N_CYCLES 200
#define N_CALLS 100
#define N_FLOOD_FRAMES 1000

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Turns the main loop until @condition holds, which is not looked at again then. */
#define WAIT_UNTIL(condition)                                                                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 deadline_us = g_get_monotonic_time () + DEADLINE_US;                                                        \
    guint tick_id = g_timeout_add (TICK_MS, on_tick, NULL);                                                            \
    gboolean holds;                                                                                                    \
    while (!(holds = (condition)) && g_get_monotonic_time () < deadline_us)                                            \
      g_main_context_iteration (NULL, TRUE);                                                                           \
    g_source_remove (tick_id);                                                                                         \
    ck_assert_msg (holds, "waited in vain for: %s", #condition);                                                       \
  }                                                                                                                    \
  G_STMT_END

/* --- the call ------------------------------------------------------------------------------------------------------- */

static VgwEngineIo *io;

typedef struct
{
  VgwEngineConfig *config;
  VgwEngine *engine;
  GMutex lock;
  GArray *heard; /* guarded by lock; gint16, the bot's voice */
  GString *statuses;
  GString *events;
  guint n_failed, n_hangups;
  char *failure;
} Call;

static void
on_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Call *call = user_data;

  g_mutex_lock (&call->lock);
  g_array_append_vals (call->heard, samples, n_samples);
  g_mutex_unlock (&call->lock);
}

static guint
get_heard (Call *call)
{
  guint n;

  g_mutex_lock (&call->lock);
  n = call->heard->len;
  g_mutex_unlock (&call->lock);
  return n;
}

static void
on_status (VgwEngine *engine, const char *status, Call *call)
{
  g_string_append_printf (call->statuses, "%s ", status + strlen ("engine-"));
}

static void
on_event (VgwEngine *engine, const char *json, Call *call)
{
  g_string_append_printf (call->events, "%s\n", json);
}

static void
on_failed (VgwEngine *engine, const GError *error, Call *call)
{
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_ENGINE));
  call->n_failed++;
  g_free (call->failure);
  call->failure = g_strdup (error->message);
}

static void
on_hangup (VgwEngine *engine, Call *call)
{
  call->n_hangups++;
}

static void
replace (char **slot, char *text)
{
  g_free (*slot);
  *slot = text;
}

/* Not started: a test may change the configuration before. */
static Call *
call_new (const char *type, const char *url)
{
  Call *call = g_new0 (Call, 1);

  g_mutex_init (&call->lock);
  call->config = vgw_engine_config_new ("bot", type);
  replace (&call->config->url, g_strdup (url));
  call->heard = g_array_new (FALSE, FALSE, sizeof (gint16));
  call->statuses = g_string_new (NULL);
  call->events = g_string_new (NULL);
  return call;
}

static void
call_start (Call *call)
{
  const VgwEngineStart start = { "session-1", "192.0.2.1", { RATE_HZ } };
  const char *dialect = g_str_equal (call->config->type, "audiosocket") ? "audiosocket" : "native";

  call->engine = vgw_engine_net_new (io, call->config, vgw_dialect_find (dialect));
  vgw_engine_set_output (call->engine, &(VgwEngineOutput){ .play = on_play }, call, NULL);
  g_signal_connect (call->engine, "status", G_CALLBACK (on_status), call);
  g_signal_connect (call->engine, "event", G_CALLBACK (on_event), call);
  g_signal_connect (call->engine, "failed", G_CALLBACK (on_failed), call);
  g_signal_connect (call->engine, "hangup", G_CALLBACK (on_hangup), call);
  ck_assert (vgw_engine_start (call->engine, &start, NULL));
}

/* 20 ms whose samples all have @value. */
static void
call_speak (Call *call, gint16 value)
{
  gint16 frame[FRAME_SAMPLES];

  for (gsize i = 0; i < FRAME_SAMPLES; i++)
    frame[i] = value;
  vgw_engine_push_audio (call->engine, frame, FRAME_SAMPLES);
}

static void
call_free (Call *call)
{
  if (call->engine != NULL)
    {
      g_signal_handlers_disconnect_by_data (call->engine, call);
      vgw_engine_stop (call->engine, "test");
    }
  g_clear_object (&call->engine);
  vgw_engine_config_free (call->config);
  g_array_unref (call->heard);
  g_string_free (call->statuses, TRUE);
  g_string_free (call->events, TRUE);
  g_free (call->failure);
  g_mutex_clear (&call->lock);
  g_free (call);
}

/* --- a bot with manners ------------------------------------------------------------------------------------------------ */

/* The value that the server's end of the handshake is made of: RFC 6455 section 4.2.2 (transfer full). */
static char *
make_handshake_answer (const char *head)
{
  g_autofree char *key = NULL;
  g_autofree char *accept = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;
  const char *at = strstr (head, "Sec-WebSocket-Key: ");

  ck_assert_ptr_nonnull (at);
  at += strlen ("Sec-WebSocket-Key: ");
  key = g_strndup (at, strcspn (at, "\r"));
  g_checksum_update (checksum, (const guint8 *) key, -1);
  g_checksum_update (checksum, (const guint8 *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (checksum, digest, &length);
  accept = g_base64_encode (digest, length);
  return g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: voice-gateway.v1\r\n\r\n",
                          accept);
}

typedef struct
{
  GSocketService *service; /* NULL while it does not listen */
  guint16 port;
  GPtrArray *peers;  /* Peer, all there ever were and are not forgotten */
  GByteArray *audio; /* that came in, over all connections */
  GString *texts;
  gboolean is_echoing;
} Bot;

/* One connection of a bot. */
typedef struct
{
  Bot *bot;
  GSocketConnection *connection;
  GSource *source;
  GString *head;
  gboolean is_open, is_closed;
  guint close_code; /* that came */
  VgwWsGuard *guard;
} Peer;

static void
peer_send_bytes (Peer *peer, gconstpointer data, gsize length)
{
  if (!peer->is_closed)
    g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (peer->connection)), data, length, NULL, NULL,
                               NULL);
}

static void
peer_send (Peer *peer, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GBytes) frame = vgw_ws_frame_new (opcode, data, length);

  peer_send_bytes (peer, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

static void
peer_send_text (Peer *peer, const char *text)
{
  peer_send (peer, VGW_WS_TEXT, text, strlen (text));
}

/* 0: without a code. */
static void
peer_close (Peer *peer, guint16 code)
{
  const guint8 payload[] = { code >> 8, code & 0xff };

  peer_send (peer, VGW_WS_CLOSE, payload, code != 0 ? sizeof payload : 0);
}

static void
peer_end (Peer *peer)
{
  peer->is_closed = TRUE;
  g_io_stream_close (G_IO_STREAM (peer->connection), NULL, NULL);
}

static void
peer_handle (Peer *peer, const VgwWsMessage *message)
{
  switch (message->opcode)
    {
    case VGW_WS_TEXT:
      g_string_append_printf (peer->bot->texts, "%.*s\n", (int) message->length, (const char *) message->data);
      break;
    case VGW_WS_BINARY:
      g_byte_array_append (peer->bot->audio, message->data, message->length);
      if (peer->bot->is_echoing)
        peer_send (peer, VGW_WS_BINARY, message->data, message->length);
      break;
    case VGW_WS_CLOSE:
      peer->close_code = message->length >= 2 ? message->data[0] << 8 | message->data[1] : 0;
      peer_send (peer, VGW_WS_CLOSE, message->data, MIN (message->length, 2));
      peer_end (peer);
      break;
    case VGW_WS_PING:
    case VGW_WS_PONG:
      break;
    }
}

/* Nothing follows the head of a request before it is answered. */
static void
peer_take_head (Peer *peer, const char *data, gsize length)
{
  g_autofree char *answer = NULL;

  g_string_append_len (peer->head, data, length);
  if (!g_str_has_suffix (peer->head->str, "\r\n\r\n"))
    return;
  answer = make_handshake_answer (peer->head->str);
  peer_send_bytes (peer, answer, strlen (answer));
  peer->is_open = TRUE;
}

static gboolean
on_peer_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Peer *peer = user_data;
  guint8 data[65536];
  gssize n = g_socket_receive_with_blocking (socket, (char *) data, sizeof data, FALSE, NULL, NULL);

  if (n <= 0)
    {
      peer_end (peer);
      return G_SOURCE_REMOVE;
    }
  if (!peer->is_open)
    {
      peer_take_head (peer, (const char *) data, n);
      return G_SOURCE_CONTINUE;
    }
  for (gsize at = 0, n_taken; at < (gsize) n && !peer->is_closed; at += n_taken)
    {
      VgwWsMessage message;

      if (vgw_ws_guard_read (peer->guard, data + at, n - at, &n_taken, &message, NULL) == VGW_WS_MESSAGE)
        peer_handle (peer, &message);
      ck_assert_uint_eq (vgw_ws_guard_get_close_code (peer->guard), 0); /* the gateway makes no such mistakes */
    }
  return peer->is_closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
peer_free (gpointer data)
{
  Peer *peer = data;

  g_source_destroy (peer->source);
  g_source_unref (peer->source);
  g_object_unref (peer->connection);
  g_string_free (peer->head, TRUE);
  vgw_ws_guard_free (peer->guard);
  g_free (peer);
}

static gboolean
on_bot_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, Bot *bot)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->bot = bot;
  peer->connection = g_object_ref (connection);
  peer->head = g_string_new (NULL);
  peer->guard = vgw_ws_guard_new (4 * VGW_ENGINE_LINK_MAX_FRAME_BYTES);
  peer->source = g_socket_create_source (g_socket_connection_get_socket (connection), G_IO_IN, NULL);
  g_source_set_callback (peer->source, G_SOURCE_FUNC (on_peer_readable), peer, NULL);
  g_source_attach (peer->source, NULL);
  g_ptr_array_add (bot->peers, peer);
  return FALSE;
}

static void
bot_listen (Bot *bot)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, bot->port);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  bot->service = g_socket_service_new ();
  ck_assert_msg (g_socket_listener_add_address (G_SOCKET_LISTENER (bot->service), wanted, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &address, &error),
                 "%s", error != NULL ? error->message : "");
  bot->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_signal_connect (bot->service, "incoming", G_CALLBACK (on_bot_incoming), bot);
}

static void
bot_stop_listening (Bot *bot)
{
  g_socket_service_stop (bot->service);
  g_socket_listener_close (G_SOCKET_LISTENER (bot->service));
  g_clear_object (&bot->service);
}

static Bot *
bot_new (void)
{
  Bot *bot = g_new0 (Bot, 1);

  bot->peers = g_ptr_array_new_with_free_func (peer_free);
  bot->audio = g_byte_array_new ();
  bot->texts = g_string_new (NULL);
  bot_listen (bot);
  return bot;
}

static Call *
call_new_to (Bot *bot)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/call?a=b%%20c", bot->port);

  return call_new ("websocket", url);
}

static Peer *
bot_last (Bot *bot)
{
  return bot->peers->len > 0 ? bot->peers->pdata[bot->peers->len - 1] : NULL;
}

/* Drops what the bot keeps of connections that are over. Returns whether there is no other. */
static gboolean
bot_forgets (Bot *bot)
{
  for (guint i = bot->peers->len; i > 0; i--)
    {
      if (((Peer *) bot->peers->pdata[i - 1])->is_closed)
        g_ptr_array_remove_index_fast (bot->peers, i - 1);
    }
  return bot->peers->len == 0;
}

static void
bot_free (Bot *bot)
{
  if (bot->service != NULL)
    bot_stop_listening (bot);
  g_ptr_array_unref (bot->peers);
  g_byte_array_unref (bot->audio);
  g_string_free (bot->texts, TRUE);
  g_free (bot);
}

/* --- a bot without: a raw socket -------------------------------------------------------------------------------------- */

typedef struct
{
  GSocket *listener;
  char *url;
  GSocket *socket; /* of the last connection; blocking writes, polled reads */
  GByteArray *received;
} Raw;

static Raw *
raw_new (const char *scheme)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  Raw *raw = g_new0 (Raw, 1);

  raw->received = g_byte_array_new ();
  raw->listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  ck_assert (g_socket_bind (raw->listener, any, TRUE, NULL));
  ck_assert (g_socket_listen (raw->listener, NULL));
  g_socket_set_blocking (raw->listener, FALSE);
  address = g_socket_get_local_address (raw->listener, NULL);
  raw->url = g_strdup_printf ("%s://127.0.0.1:%u", scheme, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return raw;
}

static gboolean
raw_accept (Raw *raw)
{
  GSocket *socket = g_socket_accept (raw->listener, NULL, NULL);

  if (socket == NULL)
    return FALSE;
  g_clear_object (&raw->socket);
  raw->socket = socket;
  g_byte_array_set_size (raw->received, 0);
  return TRUE;
}

/* Takes what has come. FALSE at the end of the stream. */
static gboolean
raw_read (Raw *raw)
{
  guint8 data[65536];
  gssize n;

  while ((n = recv (g_socket_get_fd (raw->socket), data, sizeof data, MSG_DONTWAIT)) > 0)
    g_byte_array_append (raw->received, data, n);
  return n < 0 && errno == EAGAIN;
}

static gboolean
raw_has (Raw *raw, const char *text)
{
  raw_read (raw);
  return raw->received->len > 0 &&
         memmem (raw->received->data, raw->received->len, text, strlen (text)) != NULL;
}

/* Returns whether the other end still takes it. */
static gboolean
raw_send (Raw *raw, gconstpointer data, gsize length)
{
  gsize n_sent = 0;

  while (n_sent < length)
    {
      gssize n = send (g_socket_get_fd (raw->socket), (const char *) data + n_sent, length - n_sent,
                       MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN)
        return FALSE;
      n_sent += MAX (n, 0);
      if (n < 0)
        g_main_context_iteration (NULL, FALSE);
    }
  return TRUE;
}

static gboolean
raw_send_text (Raw *raw, const char *text)
{
  return raw_send (raw, text, strlen (text));
}

static void
raw_send_frame (Raw *raw, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GBytes) frame = vgw_ws_frame_new (opcode, data, length);

  ck_assert (raw_send (raw, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame)));
}

/* Accepts, and answers the handshake. */
static void
raw_open (Raw *raw)
{
  g_autofree char *head = NULL;
  g_autofree char *answer = NULL;

  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (raw_has (raw, "\r\n\r\n"));
  head = g_strndup ((const char *) raw->received->data, raw->received->len);
  answer = make_handshake_answer (head);
  g_byte_array_set_size (raw->received, 0);
  ck_assert (raw_send_text (raw, answer));
}

/* The connection is gone without a word: RST. */
static void
raw_reset (Raw *raw)
{
  const struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (raw->socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  g_socket_close (raw->socket, NULL);
  g_clear_object (&raw->socket);
}

static void
raw_free (Raw *raw)
{
  g_object_unref (raw->listener);
  g_clear_object (&raw->socket);
  g_byte_array_unref (raw->received);
  g_free (raw->url);
  g_free (raw);
}

static void
set_up (void)
{
  io = vgw_engine_io_new ();
}

static void
tear_down (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&io, vgw_engine_io_unref);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* --- good calls ------------------------------------------------------------------------------------------------------- */

START_TEST (a_bot_hears_and_is_heard)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  replace (&call->config->authorization, g_strdup ("Bearer hunter2"));
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "GET /call?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:"));
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "\r\nAuthorization: Bearer hunter2\r\n"));
  ck_assert_ptr_nonnull (strstr (bot_last (bot)->head->str, "\r\nSec-WebSocket-Protocol: voice-gateway.v1\r\n"));
  for (gint16 i = 0; i < 50; i++)
    call_speak (call, i);
  WAIT_UNTIL (get_heard (call) == 50 * FRAME_SAMPLES);
  for (guint i = 0; i < call->heard->len; i++)
    ck_assert_int_eq (g_array_index (call->heard, gint16, i), i / FRAME_SAMPLES);
  ck_assert_str_eq (call->statuses->str, "connecting ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  WAIT_UNTIL (bot_last (bot)->is_closed);
  ck_assert_uint_eq (bot_last (bot)->close_code, 1000);
  bot_free (bot);
}
END_TEST

START_TEST (events_pass_both_ways)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  vgw_engine_send_event (call->engine, "{\"hello\":1}");
  vgw_engine_send_dtmf (call->engine, '5', 100);
  vgw_engine_speech_changed (call->engine, TRUE);
  WAIT_UNTIL (strstr (bot->texts->str, "hello") != NULL && strstr (bot->texts->str, "dtmf") != NULL &&
              strstr (bot->texts->str, "speech-started") != NULL);
  peer_send_text (bot_last (bot), "{\"type\":\"event\",\"data\":{\"from\":\"bot\"}}");
  WAIT_UNTIL (call->events->len > 0);
  ck_assert_ptr_nonnull (strstr (call->events->str, "\"from\":\"bot\""));
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_hears_that_the_call_is_over_also_when_the_gateway_ends)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  call_speak (call, 1);
  call_free (call);
  g_clear_pointer (&io, vgw_engine_io_unref); /* the thread has ended, and said goodbye before */
  WAIT_UNTIL (strstr (bot->texts->str, "\"stop\"") != NULL);
  ck_assert_uint_eq (bot->audio->len, FRAME_SAMPLES * sizeof (gint16));
  WAIT_UNTIL (bot_last (bot)->is_closed);
  ck_assert_uint_eq (bot_last (bot)->close_code, 1000);
  bot_free (bot);
}
END_TEST

static const int good_codes[] = { 1000, 0 };

START_TEST (a_bot_that_closes_in_good_order_has_hung_up)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  peer_close (bot_last (bot), good_codes[_i]);
  WAIT_UNTIL (call->n_hangups > 0);
  call_speak (call, 1); /* into nowhere */
  ck_assert_uint_eq (call->n_hangups, 1);
  ck_assert_uint_eq (call->n_failed, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_hangs_up_without_end_hangs_up_once)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    peer_send_text (bot_last (bot), "{\"type\":\"hangup\"}");
  call_speak (call, 1);
  WAIT_UNTIL (get_heard (call) > 0);
  WAIT_UNTIL (call->n_hangups > 0);
  ck_assert_uint_eq (call->n_hangups, 1);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_over_tcp_hangs_up_with_the_stream)
{
  Raw *raw = raw_new ("tcp");
  Call *call = call_new ("audiosocket", raw->url);
  guint8 voice[3 + 640] = { 0x12, 640 >> 8, 640 & 0xff };

  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL ((raw_read (raw), raw->received->len >= 19)); /* the UUID */
  ck_assert_uint_eq (raw->received->data[0], 0x01);
  ck_assert (raw_send (raw, voice, sizeof voice));
  WAIT_UNTIL (get_heard (call) == 320);
  ck_assert (raw_send (raw, voice, 100)); /* in mid-word */
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
  WAIT_UNTIL (call->n_hangups == 1);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- no connection ---------------------------------------------------------------------------------------------------- */

START_TEST (a_bot_that_is_not_there_is_tried_again_until_the_grace_is_over)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  gint64 begin_us = g_get_monotonic_time ();

  bot_stop_listening (bot);
  call->config->grace_ms = 700;
  call_start (call);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_int_ge (g_get_monotonic_time () - begin_us, 600 * 1000);
  ck_assert_uint_eq (call->n_failed, 1);
  ck_assert_str_eq (call->statuses->str, "connecting ");
  ck_assert_ptr_nonnull (strstr (call->failure, "engine bot, ws://127.0.0.1:"));
  ck_assert_ptr_null (strstr (call->failure, "a=b")); /* a query may be a secret */
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_comes_within_the_grace_gets_the_call)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot_stop_listening (bot);
  call_start (call);
  call_speak (call, 7);
  WAIT_UNTIL (call->statuses->len > 0);
  bot_listen (bot);
  WAIT_UNTIL (bot->audio->len == FRAME_SAMPLES * sizeof (gint16));
  ck_assert_str_eq (call->statuses->str, "connecting ");
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (a_bot_that_does_not_answer_the_handshake_is_given_up)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->connect_timeout_ms = 100;
  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "no answer in time"));
  WAIT_UNTIL (!raw_read (raw)); /* and the socket is closed */
  call_free (call);
  raw_free (raw);
}
END_TEST

static const struct
{
  const char *text, *words;
} bad_answers[] = {
  { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "cannot connect: the answer is 200 OK" },
  { "HTTP/1.1 404 Not Found\r\n\r\n", "cannot connect: the answer is 404 Not Found" },
  { "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "cannot connect: the answer is 301" },
  { "HTTP/1.1 101 Switching Protocols\r\n\r\n", "cannot connect: the answer is no upgrade" },
  { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    "cannot connect: the answer is not to this request" },
  { "garbage\r\n\r\n", "cannot connect: the answer is not HTTP" },
  { "\r\n\r\n", "cannot connect: the answer is not HTTP" },
  { "\xff\xfe\r\n\r\n\r\n\r\n", "cannot connect: the answer is not HTTP" },
  { "\x15\x03\x01\x02\x02\x32", "cannot connect: the bot speaks TLS" }, /* an alert, as rustls and GnuTLS send it */
};

START_TEST (an_answer_that_is_no_upgrade_is_no_connection)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (raw_has (raw, "\r\n\r\n"));
  raw_send_text (raw, bad_answers[_i].text);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_msg (strstr (call->failure, bad_answers[_i].words) != NULL, "%s", call->failure);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_head_without_end_is_no_connection)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  g_autofree char *filling = g_strnfill (100000, 'x');

  call->config->grace_ms = 0;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw));
  raw_send_text (raw, "HTTP/1.1 101 Switching Protocols\r\nX: ");
  raw_send_text (raw, filling);
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "too long"));
  call_free (call);
  raw_free (raw);
}
END_TEST

static const char *const secure_schemes[] = { "wss", "WSS" };

/* The socket is encrypted or there is none: nothing in the clear, whether GLib can do TLS here or not. */
START_TEST (a_secure_url_is_never_spoken_to_in_the_clear)
{
  Raw *raw = raw_new (secure_schemes[_i]);
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 0;
  call->config->connect_timeout_ms = 1000;
  call_start (call);
  WAIT_UNTIL (raw_accept (raw) || call->n_failed > 0);
  if (raw->socket != NULL)
    raw_send_text (raw, "HTTP/1.1 400 Bad Request\r\n\r\n");
  WAIT_UNTIL (call->n_failed > 0);
  ck_assert_ptr_nonnull (strstr (call->failure, "cannot connect"));
  ck_assert (raw->socket == NULL || !raw_has (raw, "GET "));
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- lost and found --------------------------------------------------------------------------------------------------- */

static const guint kept_ms[] = { 500, 20000 };

START_TEST (what_the_caller_says_meanwhile_is_kept_and_the_newest_delivered)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  const guint buffer_ms = kept_ms[_i];
  const gint16 *samples;
  guint n_kept;

  call->config->buffer_ms = buffer_ms;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  bot_stop_listening (bot);
  peer_close (bot_last (bot), 1011);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  g_byte_array_set_size (bot->audio, 0);
  for (guint i = 0; i < 2 * buffer_ms / VGW_FRAME_MS; i++)
    call_speak (call, i);
  bot_listen (bot);
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  n_kept = buffer_ms * RATE_HZ / 1000;
  WAIT_UNTIL (bot->audio->len >= n_kept * sizeof (gint16));
  ck_assert_uint_eq (bot->audio->len, n_kept * sizeof (gint16));
  samples = (const gint16 *) bot->audio->data;
  for (guint i = 0; i < n_kept; i++)
    ck_assert_int_eq (samples[i], buffer_ms / VGW_FRAME_MS + i / FRAME_SAMPLES);
  ck_assert_str_eq (call->statuses->str, "connecting lost restored ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

static void
lose_by_fin (Raw *raw)
{
  g_socket_shutdown (raw->socket, FALSE, TRUE, NULL);
}

static void
lose_by_garbage (Raw *raw)
{
  raw_send_text (raw, "this is no frame at all, and never was one");
}

static void
lose_by_a_masked_frame (Raw *raw)
{
  const guint8 frame[] = { 0x82, 0x82, 1, 2, 3, 4, 5, 6 };

  raw_send (raw, frame, sizeof frame);
}

static void
lose_by_bad_utf8 (Raw *raw)
{
  raw_send_frame (raw, VGW_WS_TEXT, "\xff\xff", 2);
}

static void
lose_by_an_error_code (Raw *raw)
{
  raw_send_frame (raw, VGW_WS_CLOSE, "\x03\xf3", 2); /* 1011 */
}

/* One byte more than is taken; only the header is needed. */
static void
lose_by_a_frame_too_large (Raw *raw)
{
  const guint8 header[] = { 0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1 };

  raw_send (raw, header, sizeof header);
}

/* No frame is too large, but all of them together. */
static void
lose_by_fragments (Raw *raw)
{
  g_autofree guint8 *piece = g_malloc0 (100 * 1024);
  guint8 header[] = { 0x02, 127, 0, 0, 0, 0, 0, 0x01, 0x90, 0 }; /* 102400 */

  for (guint i = 0; i < 30; i++)
    {
      if (!raw_send (raw, header, sizeof header) || !raw_send (raw, piece, 100 * 1024))
        return;
      header[0] = 0;
    }
}

static void
lose_in_mid_word (Raw *raw)
{
  const guint8 header[] = { 0x82, 126, 0x10, 0 }; /* 4096 bytes of voice, of which 3 come */

  raw_send (raw, header, sizeof header);
  raw_send (raw, "abc", 3);
  raw_reset (raw);
}

static const struct
{
  void (*lose) (Raw *raw);
} losses[] = { { lose_by_fin },           { lose_by_garbage },           { lose_by_a_masked_frame }, { lose_by_bad_utf8 },
               { lose_by_an_error_code }, { lose_by_a_frame_too_large }, { lose_by_fragments },      { lose_in_mid_word } };

START_TEST (a_broken_connection_is_lost_and_made_anew)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  gint16 voice[320] = { 0 };

  call_start (call);
  raw_open (raw);
  WAIT_UNTIL (raw_has (raw, "\x81")); /* the start, masked */
  losses[_i].lose (raw);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  raw_open (raw);
  WAIT_UNTIL (strstr (call->statuses->str, "restored") != NULL);
  raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == G_N_ELEMENTS (voice));
  ck_assert_str_eq (call->statuses->str, "connecting lost restored ");
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_bot_that_drops_every_call_at_once_has_failed_when_the_grace_is_over)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->grace_ms = 1000;
  call_start (call);
  while (call->n_failed == 0)
    {
      WAIT_UNTIL (call->n_failed > 0 || g_socket_condition_check (raw->listener, G_IO_IN) != 0);
      if (call->n_failed > 0)
        break;
      raw_open (raw);
      raw_reset (raw);
    }
  ck_assert_uint_eq (call->n_failed, 1);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_bot_that_never_reads_is_lost)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call->config->stall_ms = 300;
  call_start (call);
  raw_open (raw);
  /* faster than a caller speaks, or the kernel's buffers would take minutes */
  WAIT_UNTIL ((call_speak (call, 1), call_speak (call, 2), strstr (call->statuses->str, "lost") != NULL));
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  raw_free (raw);
}
END_TEST

/* --- floods ----------------------------------------------------------------------------------------------------------- */

START_TEST (many_frames_at_once_are_all_heard)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  gint16 voice[FRAME_SAMPLES] = { 0 };

  call_start (call);
  raw_open (raw);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == N_FLOOD_FRAMES * FRAME_SAMPLES);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (a_frame_of_a_mebibyte_is_heard)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  g_autofree guint8 *voice = g_malloc0 (VGW_ENGINE_LINK_MAX_FRAME_BYTES);

  call_start (call);
  raw_open (raw);
  raw_send_frame (raw, VGW_WS_BINARY, voice, VGW_ENGINE_LINK_MAX_FRAME_BYTES);
  WAIT_UNTIL (get_heard (call) == VGW_ENGINE_LINK_MAX_FRAME_BYTES / sizeof (gint16));
  call_free (call);
  raw_free (raw);
}
END_TEST

/* Sends without end, from a thread, as fast as it is taken. */
static gpointer
flood (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);
  g_autofree guint8 *data = g_malloc0 (65536 + 4);

  data[0] = 0x82;
  data[1] = 126;
  data[2] = 0xff;
  data[3] = 0xfe;
  while (send (fd, data, 65534 + 4, MSG_NOSIGNAL) > 0)
    continue;
  return NULL;
}

START_TEST (a_bot_that_floods_is_read_no_faster_than_allowed_and_the_others_do_not_notice)
{
  Raw *raw = raw_new ("ws");
  Call *flooded = call_new ("websocket", raw->url);
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);
  gint64 begin_us = g_get_monotonic_time ();
  guint max_bytes;
  GThread *thread;

  bot->is_echoing = TRUE;
  call_start (flooded);
  raw_open (raw);
  g_socket_set_blocking (raw->socket, TRUE);
  fcntl (g_socket_get_fd (raw->socket), F_SETFL, 0);
  thread = g_thread_new ("flood", flood, GINT_TO_POINTER (g_socket_get_fd (raw->socket)));
  WAIT_UNTIL (get_heard (flooded) * sizeof (gint16) > VGW_ENGINE_LINK_MAX_BURST_BYTES - 65536);
  call_start (call);
  for (gint16 i = 0; i < 50; i++)
    {
      call_speak (call, i);
      WAIT_UNTIL (get_heard (call) >= (i + 1u) * FRAME_SAMPLES);
    }
  max_bytes = VGW_ENGINE_LINK_MAX_BURST_BYTES + 2 * 65536 +
              (g_get_monotonic_time () - begin_us) * VGW_ENGINE_LINK_MAX_BYTES_PER_S / G_USEC_PER_SEC;
  ck_assert_uint_le (get_heard (flooded) * sizeof (gint16), max_bytes);
  ck_assert_uint_eq (flooded->n_failed, 0);
  call_free (flooded);
  g_socket_shutdown (raw->socket, TRUE, TRUE, NULL);
  g_thread_join (thread);
  call_free (call);
  bot_free (bot);
  raw_free (raw);
}
END_TEST

START_TEST (pings_without_end_are_answered_within_bounds)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);
  guint8 ping[125] = { 0 };
  gint16 voice[320] = { 0 };

  call_start (call);
  raw_open (raw);
  for (guint i = 0; i < 20000; i++) /* none of the answers is read */
    raw_send_frame (raw, VGW_WS_PING, ping, sizeof ping);
  raw_send_frame (raw, VGW_WS_BINARY, voice, sizeof voice);
  WAIT_UNTIL (get_heard (call) == G_N_ELEMENTS (voice) || strstr (call->statuses->str, "lost") != NULL);
  call_free (call);
  raw_free (raw);
}
END_TEST

START_TEST (nonsense_is_dropped_and_the_call_goes_on)
{
  static const char *const nonsense[] = { "", "no json", "{}", "[]", "{\"type\":1}", "{\"type\":\"klingon\"}",
                                          "{\"type\":\"mark\"}", "{\"type\":\"event\"}" };
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < 100; i++)
    {
      peer_send_text (bot_last (bot), nonsense[i % G_N_ELEMENTS (nonsense)]);
      peer_send (bot_last (bot), VGW_WS_BINARY, "abc", 3);
    }
  call_speak (call, 9);
  WAIT_UNTIL (get_heard (call) >= FRAME_SAMPLES);
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

START_TEST (events_of_a_bot_that_floods_are_bounded)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  bot->is_echoing = TRUE;
  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  for (guint i = 0; i < N_FLOOD_FRAMES; i++)
    peer_send_text (bot_last (bot), "{\"type\":\"event\",\"data\":{\"a\":1}}");
  call_speak (call, 9);
  WAIT_UNTIL (get_heard (call) >= FRAME_SAMPLES);
  ck_assert_uint_eq (call->n_failed + call->n_hangups, 0);
  call_free (call);
  bot_free (bot);
}
END_TEST

/* --- ends ------------------------------------------------------------------------------------------------------------- */

START_TEST (a_call_may_end_while_it_connects)
{
  Raw *raw = raw_new ("ws");
  Call *call = call_new ("websocket", raw->url);

  call_start (call);
  if (_i > 0)
    WAIT_UNTIL (raw_accept (raw));
  call_free (call);
  if (_i == 0)
    WAIT_UNTIL (raw_accept (raw) || TRUE);
  else
    WAIT_UNTIL (!raw_read (raw));
  raw_free (raw);
}
END_TEST

START_TEST (a_call_may_end_during_the_backoff)
{
  Bot *bot = bot_new ();
  Call *call = call_new_to (bot);

  call_start (call);
  WAIT_UNTIL (strstr (bot->texts->str, "\"start\"") != NULL);
  bot_stop_listening (bot);
  peer_close (bot_last (bot), 1011);
  WAIT_UNTIL (strstr (call->statuses->str, "lost") != NULL);
  call_free (call);
  bot_free (bot);
}
END_TEST

static guint
count_files (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

START_TEST (many_calls_leave_nothing_behind)
{
  Bot *bot = bot_new ();
  guint n_fds = 0, n_threads = 0;

  for (guint i = 0; i < N_CYCLES; i++)
    {
      Call *call = call_new_to (bot);

      call_start (call);
      if (i % 3 != 0)
        WAIT_UNTIL (bot->peers->len > 0);
      call_speak (call, 1);
      call_free (call);
      WAIT_UNTIL (i % 3 == 0 || bot_forgets (bot));
      if (i != 10)
        continue;
      WAIT_UNTIL (bot_forgets (bot));
      n_fds = count_files ("/proc/self/fd");
      n_threads = count_files ("/proc/self/task");
    }
  WAIT_UNTIL ((bot_forgets (bot), count_files ("/proc/self/fd") <= n_fds));
  WAIT_UNTIL (count_files ("/proc/self/task") <= n_threads);
  bot_free (bot);
}
END_TEST

static gboolean
have_all_heard (Call **calls, guint n_samples)
{
  for (guint i = 0; i < N_CALLS; i++)
    {
      if (get_heard (calls[i]) < n_samples)
        return FALSE;
    }
  return TRUE;
}

START_TEST (many_calls_share_one_thread)
{
  Bot *bot = bot_new ();
  Call *calls[N_CALLS];
  guint n_threads = count_files ("/proc/self/task");

  bot->is_echoing = TRUE;
  for (guint i = 0; i < N_CALLS; i++)
    {
      calls[i] = call_new_to (bot);
      call_start (calls[i]);
    }
  WAIT_UNTIL (bot->peers->len == N_CALLS);
  for (gint16 frame = 0; frame < 25; frame++)
    {
      for (guint i = 0; i < N_CALLS; i++)
        call_speak (calls[i], frame);
    }
  WAIT_UNTIL (have_all_heard (calls, 25 * FRAME_SAMPLES));
  ck_assert_uint_le (count_files ("/proc/self/task"), n_threads + 12); /* GLib's resolver pool, and none for each call */
  for (guint i = 0; i < N_CALLS; i++)
    call_free (calls[i]);
  bot_free (bot);
}
END_TEST

static void
add_tests (Suite *suite)
{
  TCase *good = tcase_create ("good"), *absent = tcase_create ("absent"), *lost = tcase_create ("lost");
  TCase *floods = tcase_create ("floods"), *ends = tcase_create ("ends");
  TCase *all[] = { good, absent, lost, floods, ends };

  tcase_add_test (good, a_bot_hears_and_is_heard);
  tcase_add_test (good, events_pass_both_ways);
  tcase_add_test (good, a_bot_hears_that_the_call_is_over_also_when_the_gateway_ends);
  tcase_add_loop_test (good, a_bot_that_closes_in_good_order_has_hung_up, 0, G_N_ELEMENTS (good_codes));
  tcase_add_test (good, a_bot_that_hangs_up_without_end_hangs_up_once);
  tcase_add_test (good, a_bot_over_tcp_hangs_up_with_the_stream);
  tcase_add_test (absent, a_bot_that_is_not_there_is_tried_again_until_the_grace_is_over);
  tcase_add_test (absent, a_bot_that_comes_within_the_grace_gets_the_call);
  tcase_add_test (absent, a_bot_that_does_not_answer_the_handshake_is_given_up);
  tcase_add_loop_test (absent, an_answer_that_is_no_upgrade_is_no_connection, 0, G_N_ELEMENTS (bad_answers));
  tcase_add_test (absent, a_head_without_end_is_no_connection);
  tcase_add_loop_test (absent, a_secure_url_is_never_spoken_to_in_the_clear, 0, G_N_ELEMENTS (secure_schemes));
  tcase_add_loop_test (lost, what_the_caller_says_meanwhile_is_kept_and_the_newest_delivered, 0, G_N_ELEMENTS (kept_ms));
  tcase_add_loop_test (lost, a_broken_connection_is_lost_and_made_anew, 0, G_N_ELEMENTS (losses));
  tcase_add_test (lost, a_bot_that_drops_every_call_at_once_has_failed_when_the_grace_is_over);
  tcase_add_test (lost, a_bot_that_never_reads_is_lost);
  tcase_add_test (floods, many_frames_at_once_are_all_heard);
  tcase_add_test (floods, a_frame_of_a_mebibyte_is_heard);
  tcase_add_test (floods, a_bot_that_floods_is_read_no_faster_than_allowed_and_the_others_do_not_notice);
  tcase_add_test (floods, pings_without_end_are_answered_within_bounds);
  tcase_add_test (floods, nonsense_is_dropped_and_the_call_goes_on);
  tcase_add_test (floods, events_of_a_bot_that_floods_are_bounded);
  tcase_add_loop_test (ends, a_call_may_end_while_it_connects, 0, 2);
  tcase_add_test (ends, a_call_may_end_during_the_backoff);
  tcase_add_test (ends, many_calls_leave_nothing_behind);
  tcase_add_test (ends, many_calls_share_one_thread);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      tcase_add_checked_fixture (all[i], set_up, tear_down);
      tcase_set_timeout (all[i], 120);
      suite_add_tcase (suite, all[i]);
    }
}

int
main (void)
{
  Suite *suite = suite_create ("vgw-engine-net");

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  add_tests (suite);
  return run_suite (suite);
}
