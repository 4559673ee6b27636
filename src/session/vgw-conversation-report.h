/* What a conversation reports. Values; pointers are borrowed. */
#pragma once

#include "base/vgw-playout-event.h"
#include "base/vgw-turn.h"
#include "media/vgw-voice.h"
#include "session/vgw-moment.h"

typedef enum
{
  VGW_CONVERSATION_STARTED,        /* the engine runs, or the call goes on without one; once, before any held event */
  VGW_CONVERSATION_NOTICE,         /* json: an event for the client, of the gateway itself */
  VGW_CONVERSATION_ENGINE_EVENT,   /* json: an event of the engine for the client */
  VGW_CONVERSATION_EVENT_REFUSED,  /* error: an event of the client was dropped, and the client is to be notified */
  VGW_CONVERSATION_ENGINE_CHANGED, /* another engine takes over */
  VGW_CONVERSATION_HUNG_UP,        /* the engine has hung up, and what it said before has been heard */
  VGW_CONVERSATION_FAILED,         /* error: the engine has failed, and the call cannot go on */
  VGW_CONVERSATION_TURN,           /* turn: it is over; the receiver adds its heard_ms. The last ones come in stop () */
  VGW_CONVERSATION_SPEECH,  /* speech: the caller has begun or ended to speak, in each call where that is detected */
  VGW_CONVERSATION_PLAYOUT, /* playout: STARTED, DRAINED or CLEARED of the engine's audio, where they are recorded */
  VGW_CONVERSATION_KEY,     /* a key of the caller, for the engine */
  VGW_CONVERSATION_MOMENT, /* moment: the caller, the bot or ENGINE_HEARD; only after vgw_conversation_watch_moments (),
                            * and then there is no NOTICE of speech and playout */
} VgwConversationReportType;

typedef struct
{
  VgwConversationReportType type;
  union
  {
    const char *json;
    const GError *error;
    const VgwMoment *moment;
    VgwTurn *turn;
    const VgwVoice *speech;
    const VgwPlayoutEvent *playout;
  };
} VgwConversationReport;

/* May stop the conversation. Returns: FALSE where the client's queue has no room for an ENGINE_EVENT, else TRUE. */
typedef gboolean (*VgwConversationFunc) (const VgwConversationReport *report, gpointer user_data);
