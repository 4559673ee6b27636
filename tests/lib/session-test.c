#include "session-test.h"

/* --- waiting --- */

void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* --- a manager that keeps books --- */

static void
test_books_note (TestBooks *self, const VgwSessionFacts *facts)
{
  g_free (self->state);
  g_free (self->reason);
  g_free (self->codec);
  self->state = g_strdup (facts->state);
  self->reason = g_strdup (facts->reason);
  self->codec = g_strdup (facts->codec);
  ck_assert_ptr_nonnull (facts->session_id);
  ck_assert_ptr_nonnull (facts->engine);
  ck_assert_int_gt (facts->started_at_us, 0);
  ck_assert_int_ge (facts->duration_ms, 0);
}

static void
test_books_register (VgwManager *manager, const VgwSessionFacts *facts)
{
  TEST_BOOKS (manager)->n_registered++;
  test_books_note (TEST_BOOKS (manager), facts);
}

static void
test_books_update (VgwManager *manager, const VgwSessionFacts *facts)
{
  TEST_BOOKS (manager)->n_updated++;
  test_books_note (TEST_BOOKS (manager), facts);
}

static void
test_books_deregister (VgwManager *manager, const VgwSessionFacts *facts)
{
  TEST_BOOKS (manager)->n_deregistered++;
  test_books_note (TEST_BOOKS (manager), facts);
}

static void
test_books_iface_init (VgwManagerInterface *iface)
{
  iface->register_session = test_books_register;
  iface->update_session = test_books_update;
  iface->deregister_session = test_books_deregister;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBooks, test_books, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VGW_TYPE_MANAGER, test_books_iface_init))

static void
test_books_finalize (GObject *object)
{
  TestBooks *self = TEST_BOOKS (object);

  g_free (self->state);
  g_free (self->reason);
  g_free (self->codec);
  G_OBJECT_CLASS (test_books_parent_class)->finalize (object);
}

static void
test_books_class_init (TestBooksClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_books_finalize;
}

static void
test_books_init (TestBooks *self)
{
}

/* --- the context --- */

VgwSessionContext test_context;
TestBooks *books;

void
set_up_context (void)
{
  books = g_object_new (TEST_TYPE_BOOKS, NULL);
  test_context = (VgwSessionContext){
    .manager = VGW_MANAGER (books),
    .engine_shared = { .engines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_engine_config_free) },
    .limits = { .max_candidates = 64, .max_data_channels = 4, .max_message_bytes = VGW_MESSAGE_MAX_BYTES },
  };
  g_ptr_array_add (test_context.engine_shared.engines, vgw_engine_config_new ("echo", "echo"));
}

VgwGrant *
make_grant (const char *address, const char *engine_name)
{
  const VgwEngineConfig *engine = vgw_engine_config_find (test_context.engine_shared.engines, engine_name);
  const char *const names[] = { engine_name, NULL };

  return vgw_grant_new (address, engine, g_strdupv ((char **) names));
}

VgwEngineConfig *
get_engine_config (void)
{
  return test_context.engine_shared.engines->pdata[0];
}

void
set_text (char **slot, const char *text)
{
  g_free (*slot);
  *slot = g_strdup (text);
}

void
tear_down_context (void)
{
  g_clear_pointer (&test_context.engine_shared.engines, g_ptr_array_unref);
  g_clear_pointer (&test_context.client_ice_servers, g_ptr_array_unref);
  g_clear_object (&books);
}

/* --- a client --- */

void
client_let_go (Client *client)
{
  if (client->session == NULL)
    return;
  g_signal_handlers_disconnect_by_data (client->session, client);
  g_clear_object (&client->session);
}

static void
client_on_outgoing (VgwSession *session, const VgwMessage *message, Client *client)
{
  g_autofree char *text = vgw_message_to_text (message);
  g_autoptr (GError) error = NULL;
  VgwMessage *copy = vgw_message_parse (text, strlen (text), &error);

  ck_assert_msg (copy != NULL, "%s: %s", text, error != NULL ? error->message : "");
  ck_assert_uint_eq (client->n_ended, 0);
  g_ptr_array_add (client->messages, copy);
  if (g_strcmp0 (client->quits_at, vgw_message_type_to_string (message->type)) == 0)
    {
      vgw_session_end (session, VGW_END_WEBSOCKET_CLOSED);
      client_let_go (client);
    }
}

static void
client_on_ended (VgwSession *session, VgwEndReason reason, Client *client)
{
  client->n_ended++;
  g_free (client->reason);
  client->reason = g_strdup (vgw_end_reason_to_string (reason));
}

Client *
client_watch (VgwSession *session)
{
  Client *client = g_new0 (Client, 1);

  client->session = g_object_ref (session);
  client->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_message_free);
  g_signal_connect (session, "outgoing", G_CALLBACK (client_on_outgoing), client);
  g_signal_connect (session, "ended", G_CALLBACK (client_on_ended), client);
  return client;
}

Client *
client_new (void)
{
  g_autoptr (VgwGrant) grant = make_grant ("192.0.2.1", "echo");
  g_autoptr (VgwSession) session = vgw_session_new (&test_context, grant);

  return client_watch (session);
}

void
client_flush (Client *client)
{
  if (client->session != NULL)
    vgw_outbox_flush (vgw_session_get_outbox (client->session));
}

void
client_wait_for (Client *client, VgwSessionPhase phase)
{
  WAIT_UNTIL (vgw_session_get_phase (client->session) == phase);
  client_flush (client);
}

Client *
client_new_started (void)
{
  Client *client = client_new ();

  vgw_session_start (client->session);
  client_flush (client);
  return client;
}

void
client_free (Client *client)
{
  client_let_go (client);
  g_ptr_array_unref (client->messages);
  g_free (client->reason);
  g_free (client);
}

void
client_say (Client *client, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwMessage) message = vgw_message_parse (text, strlen (text), &error);

  if (message != NULL)
    vgw_session_handle (client->session, message);
  else
    vgw_session_handle_bad_message (client->session, error, FALSE);
  client_flush (client);
}

const VgwMessage *
client_last (Client *client)
{
  return client->messages->len > 0 ? client->messages->pdata[client->messages->len - 1] : NULL;
}

const VgwMessage *
client_find (Client *client, VgwMessageType type, const char *name, guint *index)
{
  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];

      if (message->type != type || (name != NULL && g_strcmp0 (message->name, name) != 0))
        continue;
      if (index != NULL)
        *index = i;
      return message;
    }
  return NULL;
}

gboolean
client_got (Client *client, VgwMessageType type, const char *name)
{
  return client_find (client, type, name, NULL) != NULL;
}

void
assert_error (const VgwMessage *message, int code, gboolean is_fatal)
{
  ck_assert_ptr_nonnull (message);
  ck_assert_int_eq (message->type, VGW_MESSAGE_ERROR);
  ck_assert_str_eq (vgw_error_code_to_string (message->error_code), vgw_error_code_to_string (code));
  ck_assert_int_eq (message->is_fatal, is_fatal);
}

void
assert_ended (Client *client, VgwEndReason end_reason)
{
  const char *reason = vgw_end_reason_to_string (end_reason);
  const VgwMessage *last;

  client_flush (client);
  last = client_last (client);
  ck_assert_uint_eq (client->n_ended, 1);
  ck_assert_str_eq (client->reason, reason);
  ck_assert_int_eq (vgw_session_get_phase (client->session), VGW_PHASE_ENDED);
  ck_assert_ptr_nonnull (last);
  ck_assert_int_eq (last->type, VGW_MESSAGE_STATE);
  ck_assert_str_eq (last->name, "ended");
  ck_assert_str_eq (last->reason, reason);
  ck_assert_uint_eq (books->n_deregistered, books->n_registered);
  ck_assert_str_eq (books->state, "ended");
  ck_assert_str_eq (books->reason, reason);
}
