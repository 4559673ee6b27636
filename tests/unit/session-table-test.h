/* What the tests of the table share with those of its listener: session-test.h, and how to fill a table. */
#pragma once

#include "session-test.h"
#include "session/vgw-session-table.h"

/* A started session of @table, which keeps the pointer. */
static inline VgwSession *
open_session (VgwSessionTable *table, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = make_grant (address, "echo");
  VgwSession *session = vgw_session_table_create (table, grant, &error);

  ck_assert_msg (session != NULL, "%s", error != NULL ? error->message : "no error");
  vgw_session_start (session);
  return session;
}

/* Ends @session, and the turn. */
static inline void
end_session (VgwSession *session, VgwEndReason reason)
{
  vgw_session_end (session, reason);
  vgw_outbox_flush (vgw_session_get_outbox (session));
}

static inline void
assert_busy (VgwSessionTable *table, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = make_grant (address, "echo");

  ck_assert_ptr_null (vgw_session_table_create (table, grant, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
}
