#include "engine-call.h"

/* --- the call ----------------------------------------------------------------------------------------------------- */

VgwEngineIo *io;

static void
on_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  Call *call = user_data;

  g_mutex_lock (&call->lock);
  g_array_append_vals (call->heard, samples, n_samples);
  g_mutex_unlock (&call->lock);
}

guint
get_heard (Call *call)
{
  guint n;

  g_mutex_lock (&call->lock);
  n = call->heard->len;
  g_mutex_unlock (&call->lock);
  return n;
}

static void
on_output (const VgwEngineOutput *output, gpointer user_data)
{
  Call *call = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_STATUS:
      g_string_append_printf (call->statuses, "%s ", vgw_engine_status_to_string (output->status) + strlen ("engine-"));
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      g_string_append_printf (call->events, "%s\n", output->json);
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      ck_assert (g_error_matches (output->error, VGW_ERROR, VGW_ERROR_ENGINE));
      call->n_failed++;
      g_free (call->failure);
      call->failure = g_strdup (output->error->message);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      call->n_hangups++;
      break;
    case VGW_ENGINE_OUTPUT_MARK:
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
      break;
    }
}

void
replace (char **slot, char *text)
{
  g_free (*slot);
  *slot = text;
}

Call *
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

void
call_start (Call *call)
{
  const VgwEngineStart start = { .session_id = "session-1",
                                 .client_address = "192.0.2.1",
                                 .format = { call->config->sample_rate_hz } };
  const char *dialect = g_str_equal (call->config->type, "audiosocket") ? "audiosocket" : call->config->dialect;

  call->engine = vgw_engine_net_new (io, call->config, vgw_dialect_find (dialect));
  vgw_engine_set_sink (call->engine, &(VgwEngineSink){ .play = on_play, .handle = on_output }, call, NULL);
  ck_assert (vgw_engine_start (call->engine, &start, NULL));
}

void
call_speak (Call *call, gint16 value)
{
  gint16 frame[FRAME_SAMPLES];

  for (gsize i = 0; i < FRAME_SAMPLES; i++)
    frame[i] = value;
  vgw_engine_push_audio (call->engine, frame, FRAME_SAMPLES);
}

void
call_free (Call *call)
{
  if (call->engine != NULL)
    vgw_engine_stop (call->engine, "test");
  g_clear_object (&call->engine);
  vgw_engine_config_free (call->config);
  g_array_unref (call->heard);
  g_string_free (call->statuses, TRUE);
  g_string_free (call->events, TRUE);
  g_free (call->failure);
  g_mutex_clear (&call->lock);
  g_free (call);
}
