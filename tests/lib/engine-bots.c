#include "engine-bots.h"

/* --- a bot with manners ------------------------------------------------------------------------------------------- */

static void
peer_send_bytes (Peer *peer, gconstpointer data, gsize length)
{
  if (!peer->is_closed)
    g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (peer->connection)), data, length, NULL, NULL,
                               NULL);
}

void
peer_send (Peer *peer, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  vgw_ws_frame_append (frame, opcode, data, length, NULL);
  peer_send_bytes (peer, frame->data, frame->len);
}

void
peer_send_text (Peer *peer, const char *text)
{
  peer_send (peer, VGW_WS_TEXT, text, strlen (text));
}

void
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
  answer = ws_make_handshake_answer (peer->head->str, BOT_PROTOCOL);
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

      if (vgw_ws_parser_read (peer->parser, data + at, n - at, &n_taken, &message, NULL) == VGW_WS_MESSAGE)
        peer_handle (peer, &message);
      ck_assert_uint_eq (vgw_ws_parser_get_close_code (peer->parser), 0); /* the gateway makes no such mistakes */
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
  vgw_ws_parser_free (peer->parser);
  g_free (peer);
}

static gboolean
on_bot_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, Bot *bot)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->bot = bot;
  peer->connection = g_object_ref (connection);
  peer->head = g_string_new (NULL);
  peer->parser = vgw_ws_parser_new (TRUE, 4 * VGW_BOT_CHANNEL_MIN_FRAME_BYTES, 4 * VGW_BOT_CHANNEL_MIN_FRAME_BYTES);
  peer->source = g_socket_create_source (g_socket_connection_get_socket (connection), G_IO_IN, NULL);
  g_source_set_callback (peer->source, G_SOURCE_FUNC (on_peer_readable), peer, NULL);
  g_source_attach (peer->source, NULL);
  g_ptr_array_add (bot->peers, peer);
  return FALSE;
}

void
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

void
bot_stop_listening (Bot *bot)
{
  g_socket_service_stop (bot->service);
  g_socket_listener_close (G_SOCKET_LISTENER (bot->service));
  g_clear_object (&bot->service);
}

Bot *
bot_new (void)
{
  Bot *bot = g_new0 (Bot, 1);

  bot->peers = g_ptr_array_new_with_free_func (peer_free);
  bot->audio = g_byte_array_new ();
  bot->texts = g_string_new (NULL);
  bot_listen (bot);
  return bot;
}

Call *
call_new_to (Bot *bot)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/call?a=b%%20c", bot->port);

  return call_new ("websocket", url);
}

Peer *
bot_last (Bot *bot)
{
  return bot->peers->len > 0 ? bot->peers->pdata[bot->peers->len - 1] : NULL;
}

gboolean
bot_forgets (Bot *bot)
{
  for (guint i = bot->peers->len; i > 0; i--)
    {
      if (((Peer *) bot->peers->pdata[i - 1])->is_closed)
        g_ptr_array_remove_index_fast (bot->peers, i - 1);
    }
  return bot->peers->len == 0;
}

void
bot_free (Bot *bot)
{
  if (bot->service != NULL)
    bot_stop_listening (bot);
  g_ptr_array_unref (bot->peers);
  g_byte_array_unref (bot->audio);
  g_string_free (bot->texts, TRUE);
  g_free (bot);
}

/* --- a bot without: a raw socket ---------------------------------------------------------------------------------- */

Raw *
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
  raw->url =
      g_strdup_printf ("%s://127.0.0.1:%u", scheme, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return raw;
}

gboolean
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

gboolean
raw_read (Raw *raw)
{
  guint8 data[65536];
  gssize n;

  while ((n = recv (g_socket_get_fd (raw->socket), data, sizeof data, MSG_DONTWAIT)) > 0)
    g_byte_array_append (raw->received, data, n);
  return n < 0 && errno == EAGAIN;
}

gboolean
raw_has (Raw *raw, const char *text)
{
  raw_read (raw);
  return raw->received->len > 0 && memmem (raw->received->data, raw->received->len, text, strlen (text)) != NULL;
}

gboolean
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

gboolean
raw_send_text (Raw *raw, const char *text)
{
  return raw_send (raw, text, strlen (text));
}

void
raw_send_frame (Raw *raw, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  vgw_ws_frame_append (frame, opcode, data, length, NULL);
  ck_assert (raw_send (raw, frame->data, frame->len));
}

void
raw_open (Raw *raw)
{
  g_autofree char *head = NULL;
  g_autofree char *answer = NULL;

  WAIT_UNTIL (raw_accept (raw));
  WAIT_UNTIL (raw_has (raw, "\r\n\r\n"));
  head = g_strndup ((const char *) raw->received->data, raw->received->len);
  answer = ws_make_handshake_answer (head, BOT_PROTOCOL);
  g_byte_array_set_size (raw->received, 0);
  ck_assert (raw_send_text (raw, answer));
}

void
raw_reset (Raw *raw)
{
  const struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (raw->socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  g_socket_close (raw->socket, NULL);
  g_clear_object (&raw->socket);
}

void
raw_free (Raw *raw)
{
  g_object_unref (raw->listener);
  g_clear_object (&raw->socket);
  g_byte_array_unref (raw->received);
  g_free (raw->url);
  g_free (raw);
}

void
set_up (void)
{
  io = vgw_engine_io_new ();
}

void
tear_down (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&io, vgw_engine_io_unref);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

Suite *
engine_suite (const char *name, TCase *const *cases, guint n_cases)
{
  Suite *suite = suite_create (name);

  vgw_log_init (VGW_LOG_TEXT, G_LOG_LEVEL_CRITICAL);
  for (guint i = 0; i < n_cases; i++)
    {
      tcase_add_checked_fixture (cases[i], set_up, tear_down);
      tcase_set_timeout (cases[i], 120);
      suite_add_tcase (suite, cases[i]);
    }
  return suite;
}
