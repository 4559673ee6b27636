/* What the tests of a conversation share: a context with media and engines, a parent that keeps the reports, and an
 * engine that keeps what it is sent. */
#pragma once

#include "session-test.h"

#include <stdlib.h>

#include "base/vgw-log.h"
#include "run-suite.h"
#include "session/vgw-conversation.h"

GPtrArray *engines (void);
VgwEngineConfig *add_engine (const char *name, const char *type);

/* A bot that is not there: nobody listens on this port, and nobody is waited for. */
VgwEngineConfig *add_dead_engine (const char *name);

void set_up (void);
void tear_down (void);

/* A conversation without a session, and what it reported. */
typedef struct
{
  VgwGrant *grant;
  VgwConversation *conversation;
  GPtrArray *events;    /* char*, for the client */
  GPtrArray *moments;   /* VgwMoment* */
  GPtrArray *errors;    /* GError*, of events of the client that were refused */
  gboolean is_full;     /* the client's queue has no room */
  const char *stops_at; /* (nullable) stops the conversation when an event with this text is reported */
  const char *sends_at; /* (nullable) sends {"a":1} when an event with this text is reported */
  gboolean stops_later; /* not when its end is reported, as a door that ends calls */
  guint n_started, n_changed, n_hung_up, n_failed;
  guint n_events_at_start; /* reported before STARTED */
  GError *failure;
} Talk;

/* With the engine @name, or with @engine (nullable, transfer full) in its place; prepared. */
Talk *talk_new_prepared (const char *name, VgwEngine *engine);

Talk *talk_new (const char *name);
void talk_free (Talk *talk);
VgwPlayout *talk_get_playout (Talk *talk);

/* Nothing was reported that ends the call. */
gboolean talk_goes_on (Talk *talk);

/* How many events for the client have @text in them. */
guint count_events (Talk *talk, const char *text);

guint count_errors (Talk *talk, int code);

/* An engine that keeps the events it is sent. */
#define TEST_TYPE_KEEPER (test_keeper_get_type ())
G_DECLARE_FINAL_TYPE (TestKeeper, test_keeper, TEST, KEEPER, VgwEngine)

struct _TestKeeper
{
  VgwEngine parent_instance;
  guint n_events;
  guint n_playout; /* notifications about its audio */
  guint n_cleared;
  const VgwEngineOutput *output_at_start; /* (nullable) emitted while it is started */
};

/* A conversation whose engine is a keeper; talk_new_watched () reports its moments. */
Talk *talk_new_kept (TestKeeper **keeper);
Talk *talk_new_watched (TestKeeper **keeper);
