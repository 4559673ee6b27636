#include "engine/vgw-engine-message.h"

VgwEngineInput *
vgw_engine_input_copy (const VgwEngineInput *input)
{
  VgwEngineInput *copy = g_memdup2 (input, sizeof *input);

  switch (input->type)
    {
    case VGW_ENGINE_INPUT_EVENT:
      copy->json = g_strdup (input->json);
      break;
    case VGW_ENGINE_INPUT_PLAYOUT:
      copy->playout = vgw_playout_event_copy (input->playout);
      break;
    case VGW_ENGINE_INPUT_DTMF:
    case VGW_ENGINE_INPUT_SPEECH:
    case VGW_ENGINE_INPUT_PAUSED:
    case VGW_ENGINE_INPUT_RESUMED:
      break;
    }
  return copy;
}

void
vgw_engine_input_free (VgwEngineInput *input)
{
  switch (input->type)
    {
    case VGW_ENGINE_INPUT_EVENT:
      g_free ((char *) input->json);
      break;
    case VGW_ENGINE_INPUT_PLAYOUT:
      vgw_playout_event_free ((VgwPlayoutEvent *) input->playout);
      break;
    case VGW_ENGINE_INPUT_DTMF:
    case VGW_ENGINE_INPUT_SPEECH:
    case VGW_ENGINE_INPUT_PAUSED:
    case VGW_ENGINE_INPUT_RESUMED:
      break;
    }
  g_free (input);
}

const char *
vgw_engine_status_to_string (VgwEngineStatus status)
{
  switch (status)
    {
    case VGW_ENGINE_STATUS_CONNECTING:
      return "engine-connecting";
    case VGW_ENGINE_STATUS_CONNECTED:
      return "engine-connected";
    case VGW_ENGINE_STATUS_UNREACHABLE:
      return "engine-unreachable";
    case VGW_ENGINE_STATUS_LOST:
      return "engine-lost";
    case VGW_ENGINE_STATUS_RESTORED:
      return "engine-restored";
    }
  g_return_val_if_reached ("");
}

VgwEngineOutput *
vgw_engine_output_copy (const VgwEngineOutput *output)
{
  VgwEngineOutput *copy = g_memdup2 (output, sizeof *output);

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      copy->name = g_strdup (output->name);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      copy->json = g_strdup (output->json);
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      copy->error = g_error_copy (output->error);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_HANGUP:
      break;
    }
  return copy;
}

void
vgw_engine_output_free (VgwEngineOutput *output)
{
  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      g_free ((char *) output->name);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      g_free ((char *) output->json);
      break;
    case VGW_ENGINE_OUTPUT_FAILED:
      g_error_free ((GError *) output->error);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
    case VGW_ENGINE_OUTPUT_HOLD:
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_HANGUP:
      break;
    }
  g_free (output);
}
