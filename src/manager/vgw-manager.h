/* A session manager, notified when sessions begin, change and end. Main thread; must not block. */
#pragma once

#include <gio/gio.h>

#include "base/vgw-call-stats.h"
#include "base/vgw-node-directory.h"
#include "base/vgw-turn.h"
#include "manager/vgw-verdict.h"

#define VGW_TYPE_MANAGER (vgw_manager_get_type ())
G_DECLARE_INTERFACE (VgwManager, vgw_manager, VGW, MANAGER, GObject)

typedef enum
{
  VGW_MANAGER_TYPE_LOG,
  VGW_MANAGER_TYPE_WEBHOOK,
  VGW_MANAGER_TYPE_REDIS,
  VGW_MANAGER_N_TYPES,
} VgwManagerType;

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
  const char *traceparent;    /* (nullable) of the client: W3C Trace Context */
  const char *identity;       /* (nullable) of the caller, as its access token has it */
  const VgwCallStats *stats;  /* (nullable) */
  const char *door;           /* (nullable) the name of the one that the client came to, "ws" */
  const char *origin;         /* (nullable) of the client's page */
  gboolean is_periodic;       /* of an update: nothing but the figures has changed */
} VgwSessionFacts;

/* What has become of the notifications of the managers of one type that sends them elsewhere. */
typedef struct
{
  guint64 n_delivered;
  guint64 n_retried;                          /* attempts that failed and were repeated */
  guint64 n_failed;                           /* refused by the receiver, or given up */
  guint64 n_dropped;                          /* since the queue was full, or the receiver wants none any more */
  guint n_queued;                             /* now */
  guint64 n_admitted, n_refused, n_undecided; /* sessions that it was asked about */
} VgwManagerStats;

struct _VgwManagerSettings; /* vgw-manager-settings.h */

struct _VgwManagerInterface
{
  GTypeInterface parent;

  void (*register_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*update_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*deregister_session) (VgwManager *self, const VgwSessionFacts *facts);

  /* both (nullable): whether it decides now which registered sessions may begin; and the decision: @task (transfer
   * full) returns a VgwVerdict (transfer full), within a bounded time */
  gboolean (*admits) (VgwManager *self);
  void (*admit) (VgwManager *self, const VgwSessionFacts *facts, GTask *task);

  /* (nullable) a turn of the call is over */
  void (*turn) (VgwManager *self, const VgwSessionFacts *facts, const VgwTurn *turn);

  /* (nullable) the configuration was loaded again */
  void (*reload) (VgwManager *self, const struct _VgwManagerSettings *settings);

  /* both (nullable): for a manager that keeps a queue */
  void (*get_stats) (VgwManager *self, VgwManagerStats *stats); /* adds to that of its type in @stats */
  void (*hasten) (VgwManager *self); /* the process ends: what waits is sent now, and once only */

  /* (nullable) the nodes that it knows (transfer none) */
  VgwNodeDirectory *(*get_nodes) (VgwManager *self);
};

void vgw_manager_register_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_update_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_deregister_session (VgwManager *self, const VgwSessionFacts *facts);

/* Whether sessions have to be admitted after their registration. */
gboolean vgw_manager_admits (VgwManager *self);

/* Asks for the verdict on a session that was registered; where vgw_manager_admits (). It is deregistered in each case
 * when it ends. */
void vgw_manager_admit_async (VgwManager *self, const VgwSessionFacts *facts, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);

/* Errors: G_IO_ERROR_CANCELLED only. Returns: (transfer full) */
VgwVerdict *vgw_manager_admit_finish (VgwManager *self, GAsyncResult *result, GError **error);

/* A turn of the session is over; between its registration and its end. */
void vgw_manager_turn (VgwManager *self, const VgwSessionFacts *facts, const VgwTurn *turn);

/* Applies what can change of @settings: the keys that the configuration has as reloadable. */
void vgw_manager_reload (VgwManager *self, const struct _VgwManagerSettings *settings);

/* Adds to @stats, an array with VGW_MANAGER_N_TYPES elements. */
void vgw_manager_get_stats (VgwManager *self, VgwManagerStats *stats);

/* "log", … */
const char *vgw_manager_type_to_string (VgwManagerType type);

/* The nodes that share the state of one of the managers; NULL where none has any. (transfer none) */
VgwNodeDirectory *vgw_manager_get_nodes (VgwManager *self);

/* Has what is queued sent now, and no longer repeated. */
void vgw_manager_hasten (VgwManager *self);

/* Before the end of the process, after the last session: hastens. @callback follows once nothing is queued, or after
 * @timeout_ms. */
void vgw_manager_flush_async (VgwManager *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer user_data);

/* Returns: how many notifications are left. */
guint vgw_manager_flush_finish (VgwManager *self, GAsyncResult *result);
