/* The session manager, notified when sessions begin, change and end. Main thread; must not block. */
#pragma once

#include <glib-object.h>

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

struct _VgwManagerInterface
{
  GTypeInterface parent;

  void (*register_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*update_session) (VgwManager *self, const VgwSessionFacts *facts);
  void (*deregister_session) (VgwManager *self, const VgwSessionFacts *facts);
};

void vgw_manager_register_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_update_session (VgwManager *self, const VgwSessionFacts *facts);
void vgw_manager_deregister_session (VgwManager *self, const VgwSessionFacts *facts);
