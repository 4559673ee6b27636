/* Plays a recorded exchange of tests/data/dialects against a dialect, and compares what comes out, line by line. The
 * format is described in tests/data/dialects/README. */
#pragma once

#include <check.h>

#include "engine/dialects/vgw-dialect.h"

/* Runs @file ("twilio/marks.txt") with the dialect called @dialect; fails the test at the first difference, with the
 * number of the line of the action. */
void dialect_script_run (const char *dialect, const char *file);

#define SCRIPT_TEST(name, dialect)                                                                                     \
  START_TEST (name##_is_as_recorded)                                                                                   \
  {                                                                                                                    \
    dialect_script_run (dialect, dialect "/" #name ".txt");                                                            \
  }                                                                                                                    \
  END_TEST

/* --- for tests that need more than a script: one dialect, and what came out as lines of the same form --- */

typedef struct _DialectPlayer DialectPlayer;

DialectPlayer *dialect_player_new (const char *dialect, guint rate_hz);
void dialect_player_free (DialectPlayer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DialectPlayer, dialect_player_free)

const VgwDialect *dialect_player_dialect (DialectPlayer *self);
gpointer dialect_player_state (DialectPlayer *self);
VgwDialectCall *dialect_player_call (DialectPlayer *self); /* what the state looks at */

/* A frame of the bot; what was said against it is a line "error …". */
void dialect_player_receive (DialectPlayer *self, gboolean is_text, const guint8 *data, gsize length);

/* The lines since the last call, joined by newlines; (transfer full) */
char *dialect_player_take (DialectPlayer *self);

/* "10 01*320": bytes in hexadecimal, *n for n times the same. (transfer full) */
GByteArray *dialect_parse_bytes (const char *text);
