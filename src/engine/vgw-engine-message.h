/* Messages between a conversation and an engine, apart from audio: two tagged unions, one for each direction. Values;
 * pointers are borrowed unless copied. */
#pragma once

#include <glib.h>

#include "base/vgw-playout-event.h"

/* --- to the engine --- */

typedef enum
{
  VGW_ENGINE_INPUT_EVENT,   /* an application event from the client */
  VGW_ENGINE_INPUT_DTMF,    /* a key of the caller */
  VGW_ENGINE_INPUT_SPEECH,  /* the caller has started or stopped speaking */
  VGW_ENGINE_INPUT_PLAYOUT, /* a notification about the engine's own audio */
  VGW_ENGINE_INPUT_PAUSED,  /* the client's connection is lost: no audio comes, and none is played */
  VGW_ENGINE_INPUT_RESUMED, /* it is back */
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
    guint paused_ms;                /* RESUMED */
  };
} VgwEngineInput;

/* Deep copy. Returns: (transfer full) */
VgwEngineInput *vgw_engine_input_copy (const VgwEngineInput *input);
void vgw_engine_input_free (VgwEngineInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineInput, vgw_engine_input_free)

/* --- from the engine --- */

/* The status of a networked engine's connection. */
typedef enum
{
  VGW_ENGINE_STATUS_CONNECTING,
  VGW_ENGINE_STATUS_CONNECTED,
  VGW_ENGINE_STATUS_UNREACHABLE, /* the first attempt has failed; others follow */
  VGW_ENGINE_STATUS_LOST,
  VGW_ENGINE_STATUS_RESTORED, /* after UNREACHABLE or LOST */
} VgwEngineStatus;

/* The type of the client's event: "engine-connecting", … (static) */
const char *vgw_engine_status_to_string (VgwEngineStatus status);

typedef enum
{
  /* for the playout queue, in their order with the audio; any thread */
  VGW_ENGINE_OUTPUT_MARK,  /* a mark after the audio so far; answered with VGW_PLAYOUT_MARK or LOST */
  VGW_ENGINE_OUTPUT_CLEAR, /* drops queued audio; answered with VGW_PLAYOUT_CLEARED */
  VGW_ENGINE_OUTPUT_HOLD,  /* pauses or resumes playing */
  /* for the session; main thread */
  VGW_ENGINE_OUTPUT_EVENT,  /* an application event for the client */
  VGW_ENGINE_OUTPUT_STATUS, /* sent to the client as an event */
  VGW_ENGINE_OUTPUT_FAILED, /* the engine cannot continue: on-failure decides whether the session ends, continues
                             * without an engine, or uses another one */
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
  guint64 place; /* EVENT: vgw_engine_add_place () when it was received; 0: none */
} VgwEngineOutput;

/* Deep copy. Returns: (transfer full) */
VgwEngineOutput *vgw_engine_output_copy (const VgwEngineOutput *output);
void vgw_engine_output_free (VgwEngineOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineOutput, vgw_engine_output_free)
