/* What the tests of the table share with those of its listener: session-test.h, and how to fill a table. */
#pragma once

#include "session-test.h"
#include "session/vgw-session-table.h"

/* A started session of @table, which keeps the pointer. */
VgwSession *open_session (VgwSessionTable *table, const char *address);

/* Ends @session, and the turn. */
void end_session (VgwSession *session, VgwEndReason reason);

void assert_busy (VgwSessionTable *table, const char *address);
