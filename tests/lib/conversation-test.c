#include "conversation-test.h"

GPtrArray *
engines (void)
{
  return test_context.engine_shared.engines;
}

VgwEngineConfig *
add_engine (const char *name, const char *type)
{
  VgwEngineConfig *config = vgw_engine_config_new (name, type);

  g_ptr_array_add (engines (), config);
  return config;
}

VgwEngineConfig *
add_dead_engine (const char *name)
{
  VgwEngineConfig *config = add_engine (name, "websocket");

  set_text (&config->url, "ws://127.0.0.1:1/");
  config->grace_ms = 0;
  return config;
}

void
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

void
tear_down (void)
{
  settle ();
  vgw_media_shutdown (test_context.media);
  g_clear_object (&test_context.media);
  g_clear_pointer (&test_context.engine_shared.io, vgw_engine_io_unref);
  tear_down_context ();
}

static void
talk_add_moment (Talk *talk, const VgwMoment *moment)
{
  VgwMoment *copy = g_memdup2 (moment, sizeof *moment);

  copy->json = g_strdup (moment->json);
  g_ptr_array_add (talk->moments, copy);
}

static void
free_moment (gpointer data)
{
  VgwMoment *moment = data;

  g_free ((char *) moment->json);
  g_free (moment);
}

/* As a session does, it stops the conversation when that cannot go on. */
static gboolean
talk_on_report (const VgwConversationReport *report, gpointer user_data)
{
  Talk *talk = user_data;

  switch (report->type)
    {
    case VGW_CONVERSATION_STARTED:
      talk->n_started++;
      talk->n_events_at_start = talk->events->len;
      break;
    case VGW_CONVERSATION_ENGINE_EVENT:
      if (talk->is_full)
        return FALSE;
      g_ptr_array_add (talk->events, g_strdup (report->json));
      break;
    case VGW_CONVERSATION_NOTICE:
      g_ptr_array_add (talk->events, g_strdup (report->json));
      if (talk->stops_at != NULL && strstr (report->json, talk->stops_at) != NULL)
        vgw_conversation_stop (talk->conversation, "test");
      if (talk->sends_at != NULL && strstr (report->json, talk->sends_at) != NULL)
        vgw_conversation_handle_event (talk->conversation, "{\"a\":1}");
      break;
    case VGW_CONVERSATION_TURN:
    case VGW_CONVERSATION_SPEECH:
    case VGW_CONVERSATION_PLAYOUT:
    case VGW_CONVERSATION_KEY:
      break;
    case VGW_CONVERSATION_MOMENT:
      talk_add_moment (talk, report->moment);
      break;
    case VGW_CONVERSATION_EVENT_REFUSED:
      g_ptr_array_add (talk->errors, g_error_copy (report->error));
      break;
    case VGW_CONVERSATION_ENGINE_CHANGED:
      talk->n_changed++;
      break;
    case VGW_CONVERSATION_HUNG_UP:
      talk->n_hung_up++;
      if (!talk->stops_later)
        vgw_conversation_stop (talk->conversation, "engine");
      break;
    case VGW_CONVERSATION_FAILED:
      talk->n_failed++;
      g_clear_error (&talk->failure);
      talk->failure = g_error_copy (report->error);
      if (!talk->stops_later)
        vgw_conversation_stop (talk->conversation, "engine");
      break;
    }
  return TRUE;
}

static Talk *
talk_prepare (const char *name, VgwEngine *engine, gboolean has_moments)
{
  Talk *talk = g_new0 (Talk, 1);

  talk->events = g_ptr_array_new_with_free_func (g_free);
  talk->moments = g_ptr_array_new_with_free_func (free_moment);
  talk->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  talk->grant = make_grant ("192.0.2.1", name);
  talk->conversation = vgw_conversation_new (&test_context, talk->grant, "test", talk_on_report, talk);
  if (has_moments)
    vgw_conversation_watch_moments (talk->conversation);
  if (engine != NULL)
    vgw_conversation_use_engine (talk->conversation, engine, talk->grant->engine);
  ck_assert (vgw_conversation_prepare (talk->conversation, NULL));
  return talk;
}

Talk *
talk_new_prepared (const char *name, VgwEngine *engine)
{
  return talk_prepare (name, engine, FALSE);
}

Talk *
talk_new (const char *name)
{
  Talk *talk = talk_new_prepared (name, NULL);

  vgw_conversation_start (talk->conversation);
  return talk;
}

void
talk_free (Talk *talk)
{
  vgw_conversation_stop (talk->conversation, "client-bye");
  g_object_unref (talk->conversation);
  vgw_grant_unref (talk->grant);
  g_ptr_array_unref (talk->events);
  g_ptr_array_unref (talk->moments);
  g_ptr_array_unref (talk->errors);
  g_clear_error (&talk->failure);
  g_free (talk);
}

VgwPlayout *
talk_get_playout (Talk *talk)
{
  return vgw_bridge_get_playout (vgw_conversation_get_bridge (talk->conversation));
}

gboolean
talk_goes_on (Talk *talk)
{
  return talk->n_started == 1 && talk->n_hung_up == 0 && talk->n_failed == 0;
}

guint
count_events (Talk *talk, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < talk->events->len; i++)
    n += strstr (talk->events->pdata[i], text) != NULL;
  return n;
}

guint
count_errors (Talk *talk, int code)
{
  guint n = 0;

  for (guint i = 0; i < talk->errors->len; i++)
    n += g_error_matches (talk->errors->pdata[i], VGW_ERROR, code);
  return n;
}

G_DEFINE_FINAL_TYPE (TestKeeper, test_keeper, VGW_TYPE_ENGINE)

static gboolean
test_keeper_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  if (TEST_KEEPER (engine)->output_at_start != NULL)
    vgw_engine_emit (engine, TEST_KEEPER (engine)->output_at_start);
  return TRUE;
}

static void
test_keeper_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
}

static void
test_keeper_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  TestKeeper *self = TEST_KEEPER (engine);

  self->n_events += input->type == VGW_ENGINE_INPUT_EVENT;
  self->n_playout += input->type == VGW_ENGINE_INPUT_PLAYOUT;
  self->n_cleared += input->type == VGW_ENGINE_INPUT_PLAYOUT && input->playout->type == VGW_PLAYOUT_CLEARED;
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

Talk *
talk_new_kept (TestKeeper **keeper)
{
  Talk *talk;

  *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  talk = talk_new_prepared ("echo", VGW_ENGINE (*keeper));
  vgw_conversation_start (talk->conversation);
  return talk;
}

Talk *
talk_new_watched (TestKeeper **keeper)
{
  Talk *talk;

  *keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  talk = talk_prepare ("echo", VGW_ENGINE (*keeper), TRUE);
  vgw_conversation_start (talk->conversation);
  return talk;
}
