/* What the tests of session and table share: a context, a manager that keeps books, and a client that keeps what it is
 * told. */
#pragma once

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "session/vgw-leg.h"
#include "session/vgw-session.h"
#include "wait-until.h"

/* Turns the main loop until nothing is ready any more. */
void settle (void);

/* --- a manager that keeps books --- */

#define TEST_TYPE_BOOKS (test_books_get_type ())
G_DECLARE_FINAL_TYPE (TestBooks, test_books, TEST, BOOKS, GObject)

struct _TestBooks
{
  GObject parent_instance;
  guint n_registered, n_updated, n_deregistered;
  char *state; /* of the last call */
  char *reason;
  char *codec;
};

/* --- the context --- */

extern VgwSessionContext test_context;
extern TestBooks *books;

/* No bounds of time, so that a test has only those that it sets. */
void set_up_context (void);

/* What a caller from @address (nullable) is granted who asks for @engine_name. (transfer full) */
VgwGrant *make_grant (const char *address, const char *engine_name);

/* The one that sessions have, also those that have been made. */
VgwEngineConfig *get_engine_config (void);

void set_text (char **slot, const char *text);
void tear_down_context (void);

/* --- a client --- */

typedef struct
{
  VgwSession *session; /* (nullable) a reference, until the client lets go */
  GPtrArray *messages; /* VgwMessage, all that were emitted, in order */
  guint n_ended;
  char *reason;         /* of "ended" */
  const char *quits_at; /* (nullable) ends and drops the session inside the emission of this type */
} Client;

void client_let_go (Client *client);
Client *client_watch (VgwSession *session);

/* A session of its own, not started. */
Client *client_new (void);

/* The end of a turn of the main loop. */
void client_flush (Client *client);

/* Until @phase, and the end of the turn in which it began. */
void client_wait_for (Client *client, VgwSessionPhase phase);

Client *client_new_started (void);
void client_free (Client *client);

/* Says @text, as a WebSocket would bring it. */
void client_say (Client *client, const char *text);

/* The last message, or NULL. */
const VgwMessage *client_last (Client *client);

/* The first message of @type and, for `state`, of @name, and where it is; NULL where there is none. */
const VgwMessage *client_find (Client *client, VgwMessageType type, const char *name, guint *index);

gboolean client_got (Client *client, VgwMessageType type, const char *name);
void assert_error (const VgwMessage *message, int code, gboolean is_fatal);

/* The session is over, `state: ended` was its last word and said why, and the manager knows. */
void assert_ended (Client *client, VgwEndReason end_reason);
