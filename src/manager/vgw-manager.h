/* A session manager, notified when sessions begin, change and end. Main thread; must not block. */
#pragma once

#include <gio/gio.h>

#define VGW_TYPE_MANAGER (vgw_manager_get_type ())
G_DECLARE_INTERFACE (VgwManager, vgw_manager, VGW, MANAGER, GObject)

/* Facts of a session. Strings are valid during the call only; nullable ones are marked. */
typedef struct
{
  const char *session_id;
  const char *client_address; /* (nullable) */
  const char *engine;         /* type or name of its engine */
  const char *state;          /* "new" … "ended" */
  const char *codec;          /* (nullable) once negotiated */
  const char *reason;         /* (nullable) at the end only */
  gint64 started_at_us;       /* g_get_real_time () */
  gint64 duration_ms;         /* since then */
  const char *identity;       /* (nullable) of the caller, as its access token has it */
} VgwSessionFacts;

/* What has become of the notifications of a manager that sends them elsewhere. */
typedef struct
{
  guint64 n_delivered;
  guint64 n_retried; /* attempts that failed and were repeated */
  guint64 n_failed;  /* refused by the receiver, or given up */
  guint64 n_dropped; /* since the queue was full, or the receiver wants none any more */
  guint n_queued;    /* now */
} VgwManagerStats;

struct _VgwManagerSettings; /* vgw-manager-settings.h */

struct _VgwManagerInterface
{
  GTypeInterface parent;

  void (*register_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*update_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*deregister_session) (VgwManager *self, const VgwSessionFacts *facts);

  /* (nullable) the configuration was loaded again */
  void (*reload) (VgwManager *self, const struct _VgwManagerSettings *settings);

  /* both (nullable): for a manager that keeps a queue */
  void (*get_stats) (VgwManager *self, VgwManagerStats *stats); /* adds to @stats */
  void (*hasten) (VgwManager *self); /* the process ends: what waits is sent now, and once only */
};

void vgw_manager_register_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_update_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_deregister_session (VgwManager *self, const VgwSessionFacts *facts);

/* Applies what can change of @settings: the keys that the configuration has as reloadable. */
void vgw_manager_reload (VgwManager *self, const struct _VgwManagerSettings *settings);

/* Of all managers together. */
void vgw_manager_get_stats (VgwManager *self, VgwManagerStats *stats);

/* Has what is queued sent now, and no longer repeated. */
void vgw_manager_hasten (VgwManager *self);

/* Before the end of the process, after the last session: hastens. @callback follows once nothing is queued, or after
 * @timeout_ms. */
void vgw_manager_flush_async (VgwManager *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer user_data);

/* Returns: how many notifications are left. */
guint vgw_manager_flush_finish (VgwManager *self, GAsyncResult *result);
