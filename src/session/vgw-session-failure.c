/* What a session does when its engine is in trouble: engine.on-failure. Main thread. */
#include "session/vgw-session-private.h"

#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "base/vgw-log.h"

/* @engine (nullable) */
static void
tell_type (VgwSession *self, const char *type, const char *engine)
{
  g_autoptr (JsonObject) event = json_object_new ();
  g_autofree char *json = NULL;

  json_object_set_string_member (event, "type", type);
  if (engine != NULL)
    json_object_set_string_member (event, "engine", engine);
  json = vgw_json_object_to_text (event);
  vgw_session_tell_client (self, json);
}

void
vgw_session_take_engine_status (VgwSession *self, const char *status)
{
  vgw_info (self->id, "engine %s: %s", self->engine_config->name, status);
  tell_type (self, status, NULL);
}

/* The call goes on without an engine. */
static void
hold (VgwSession *self, const GError *error)
{
  vgw_warning (self->id, "engine %s failed (%s); the call goes on without one", self->engine_config->name,
               error->message);
  vgw_session_drop_engine (self, "engine");
  tell_type (self, "engine-failed", NULL);
}

/* Errors: those of making and starting it; the session has none then. */
static gboolean
start_fallback (VgwSession *self, const VgwEngineConfig *config, GError **error)
{
  VgwEngine *engine = vgw_engine_create (config, &self->context->engine_shared, error);

  if (engine == NULL)
    return FALSE;
  vgw_session_use_engine (self, engine, config);
  return vgw_session_start_engine (self, error);
}

/* Fallbacks end: a circle of them is refused when the configuration is loaded. */
void
vgw_session_take_engine_failure (VgwSession *self, const GError *error)
{
  g_autoptr (VgwSession) keep = g_object_ref (self); /* who hears of it may drop the session */
  g_autoptr (GError) cause = g_error_copy (error);
  const char *fallback;

  while (vgw_engine_config_get_on_failure (self->engine_config, &fallback) == VGW_ON_FAILURE_FALLBACK)
    {
      const VgwEngineConfig *next = vgw_engine_config_find (self->context->engine_shared.engines, fallback);

      if (next == NULL) /* not with a configuration that has been checked */
        break;
      vgw_warning (self->id, "engine %s failed (%s); %s takes over", self->engine_config->name, cause->message,
                   fallback);
      vgw_session_drop_engine (self, "engine");
      self->engine_config = next;
      tell_type (self, "engine-fallback", next->name);
      if (!vgw_session_is_over (self))
        vgw_session_forget_speech (self);
      if (vgw_session_is_over (self)) /* who was told has ended it */
        return;
      vgw_session_tell_manager (self);
      g_clear_error (&cause);
      if (start_fallback (self, next, &cause))
        return;
    }
  if (vgw_engine_config_get_on_failure (self->engine_config, &fallback) == VGW_ON_FAILURE_HOLD)
    hold (self, cause);
  else
    vgw_session_fail (self, VGW_END_ENGINE, cause);
}
