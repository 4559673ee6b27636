/* What the tests of a session's engine share: a context with media and engines, and an engine that keeps what it is
 * told. */
#pragma once

#include "session-test.h"

#include <stdlib.h>

#include "base/vgw-log.h"
#include "run-suite.h"
#include "session/vgw-session-private.h"
#include "session/vgw-session-table.h"

static inline GPtrArray *
engines (void)
{
  return test_context.engine_shared.engines;
}

static inline VgwEngineConfig *
add_engine (const char *name, const char *type)
{
  VgwEngineConfig *config = vgw_engine_config_new (name, type);

  g_ptr_array_add (engines (), config);
  return config;
}

/* A bot that is not there: nobody listens on this port, and nobody is waited for. */
static inline VgwEngineConfig *
add_dead_engine (const char *name)
{
  VgwEngineConfig *config = add_engine (name, "websocket");

  set_text (&config->url, "ws://127.0.0.1:1/");
  config->grace_ms = 0;
  return config;
}

static inline void
set_up (void)
{
  g_autofree char *dir = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "pipelines", NULL);
  const char *const pipelines[] = { "opus", NULL };
  const VgwMediaSettings settings = { .ice_agent = VGW_ICE_AGENT_MUX, .pipelines = pipelines, .pipeline_dir = dir };
  g_autoptr (GError) error = NULL;

  set_up_context ();
  test_context.engine_shared.io = vgw_engine_io_new ();
  test_context.media = vgw_media_new (&settings, &error);
  ck_assert_msg (test_context.media != NULL, "%s", error != NULL ? error->message : "no error");
}

static inline void
tear_down (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  g_clear_object (&test_context.media);
  g_clear_pointer (&test_context.engine_shared.io, vgw_engine_io_unref);
  tear_down_context ();
}

/* A session that talks to the engine @name, or to @engine (nullable, transfer full) in its place, as if its peer were
 * connected. */
static inline Client *
client_new_talking_to (const char *name, VgwEngine *engine)
{
  g_autoptr (VgwGrant) grant = make_grant ("192.0.2.1", name);
  g_autoptr (VgwSession) session = vgw_session_new (&test_context, grant);
  Client *client = client_watch (session);

  vgw_session_start (session);
  if (engine != NULL)
    vgw_conversation_use_engine (session->conversation, engine, vgw_engine_config_find (engines (), name));
  ck_assert (vgw_conversation_prepare (session->conversation, NULL));
  ck_assert (vgw_session_advance (session, VGW_INPUT_OFFER, NULL));
  ck_assert (vgw_session_advance (session, VGW_INPUT_ANSWERED, NULL));
  ck_assert (vgw_session_advance (session, VGW_INPUT_CONNECTED, NULL));
  return client;
}

static inline Client *
client_new_talking (const char *name)
{
  return client_new_talking_to (name, NULL);
}

/* How many events for the client have @text in them. */
static inline guint
count_events (Client *client, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];
      n += message->type == VGW_MESSAGE_EVENT && strstr (message->event_json, text) != NULL;
    }
  return n;
}

static inline guint
count_errors (Client *client, int code)
{
  guint n = 0;

  for (guint i = 0; i < client->messages->len; i++)
    {
      const VgwMessage *message = client->messages->pdata[i];
      n += message->type == VGW_MESSAGE_ERROR && message->error_code == code && !message->is_fatal;
    }
  return n;
}

/* An engine that keeps the events it is sent. */
#define TEST_TYPE_KEEPER (test_keeper_get_type ())
G_DECLARE_FINAL_TYPE (TestKeeper, test_keeper, TEST, KEEPER, VgwEngine)

struct _TestKeeper
{
  VgwEngine parent_instance;
  guint n_events;
};

G_DEFINE_FINAL_TYPE (TestKeeper, test_keeper, VGW_TYPE_ENGINE)

static gboolean
test_keeper_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  return TRUE;
}

static void
test_keeper_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
}

static void
test_keeper_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  TEST_KEEPER (engine)->n_events += input->type == VGW_ENGINE_INPUT_EVENT;
}

static void
test_keeper_class_init (TestKeeperClass *klass)
{
  VGW_ENGINE_CLASS (klass)->start = test_keeper_start;
  VGW_ENGINE_CLASS (klass)->push_audio = test_keeper_push_audio;
  VGW_ENGINE_CLASS (klass)->handle = test_keeper_handle;
}

static void
test_keeper_init (TestKeeper *self)
{
}

/* A session whose engine is a keeper. */
static inline Client *
client_new_kept (TestKeeper **keeper)
{
  *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  return client_new_talking_to ("echo", VGW_ENGINE (*keeper));
}
