/* What a conversation and an engine send each other besides audio: two tagged unions, one for each direction. Values;
 * what they point to is borrowed unless copied. */
#pragma once

#include <glib.h>

#include "base/vgw-playout-event.h"

G_BEGIN_DECLS

/* --- to the engine --- */

typedef enum
{
  VGW_ENGINE_INPUT_EVENT,   /* an application event from the client */
  VGW_ENGINE_INPUT_DTMF,    /* the caller has pressed a key */
  VGW_ENGINE_INPUT_SPEECH,  /* the caller has begun or ended to speak */
  VGW_ENGINE_INPUT_PLAYOUT, /* what became of the engine's own audio */
} VgwEngineInputType;

typedef struct
{
  VgwEngineInputType type;
  union
  {
    const char *json; /* EVENT */
    struct
    {
      char digit; /* '0'-'9', '*', '#', 'A'-'D' */
      guint duration_ms;
    } dtmf;
    gboolean is_speaking;           /* SPEECH */
    const VgwPlayoutEvent *playout; /* PLAYOUT */
  };
} VgwEngineInput;

/* Deep copy. Returns: (transfer full) */
VgwEngineInput *vgw_engine_input_copy (const VgwEngineInput *input);
void vgw_engine_input_free (VgwEngineInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineInput, vgw_engine_input_free)

/* --- from the engine --- */

/* Of the connection of an engine behind a network. */
typedef enum
{
  VGW_ENGINE_STATUS_CONNECTING,
  VGW_ENGINE_STATUS_CONNECTED,
  VGW_ENGINE_STATUS_UNREACHABLE, /* the first attempt has failed, others follow */
  VGW_ENGINE_STATUS_LOST,
  VGW_ENGINE_STATUS_RESTORED, /* after UNREACHABLE or LOST */
} VgwEngineStatus;

/* The type of the client's event: "engine-connecting", … (static) */
const char *vgw_engine_status_to_string (VgwEngineStatus status);

typedef enum
{
  /* for the playout queue, in their order with the audio; any thread */
  VGW_ENGINE_OUTPUT_MARK,  /* a mark behind what was played so far; answered with VGW_PLAYOUT_MARK, or LOST */
  VGW_ENGINE_OUTPUT_CLEAR, /* drops what waits; answered with VGW_PLAYOUT_CLEARED */
  VGW_ENGINE_OUTPUT_HOLD,  /* what waits stays, and is not played; or playing goes on */
  /* for the session; main thread */
  VGW_ENGINE_OUTPUT_EVENT,  /* an application event for the client */
  VGW_ENGINE_OUTPUT_STATUS, /* for the client as well */
  VGW_ENGINE_OUTPUT_FAILED, /* the engine cannot go on: on-failure decides whether the session ends, goes on without an
                             * engine, or has another one */
  VGW_ENGINE_OUTPUT_HANGUP, /* the engine ends the call */
} VgwEngineOutputType;

typedef struct
{
  VgwEngineOutputType type;
  union
  {
    const char *name;       /* MARK */
    gboolean is_held;       /* HOLD */
    const char *json;       /* EVENT */
    VgwEngineStatus status; /* STATUS */
    const GError *error;    /* FAILED */
  };
} VgwEngineOutput;

/* Deep copy. Returns: (transfer full) */
VgwEngineOutput *vgw_engine_output_copy (const VgwEngineOutput *output);
void vgw_engine_output_free (VgwEngineOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineOutput, vgw_engine_output_free)

G_END_DECLS
