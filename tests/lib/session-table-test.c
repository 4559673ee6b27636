#include "session-table-test.h"

VgwSession *
open_session (VgwSessionTable *table, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = make_grant (address, "echo");
  VgwRefusal refusal;
  VgwSession *session = vgw_session_table_create (table, grant, &refusal, &error);

  ck_assert_msg (session != NULL, "%s", error != NULL ? error->message : "no error");
  vgw_session_start (session);
  return session;
}

void
end_session (VgwSession *session, VgwEndReason reason)
{
  vgw_session_end (session, reason);
  vgw_outbox_flush (vgw_session_get_outbox (session));
}

void
assert_busy (VgwSessionTable *table, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwGrant) grant = make_grant (address, "echo");
  VgwRefusal refusal;

  ck_assert_ptr_null (vgw_session_table_create (table, grant, &refusal, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BUSY));
}
