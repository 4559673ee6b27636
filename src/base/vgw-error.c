#include "base/vgw-error.h"

G_DEFINE_QUARK (vgw - error, vgw_error)

const char *
vgw_error_code_to_string (VgwErrorCode code)
{
  switch (code)
    {
    case VGW_ERROR_BAD_MESSAGE:
    case VGW_ERROR_UNSUPPORTED:
      return "bad-message";
    case VGW_ERROR_BAD_REQUEST:
      return "bad-request";
    case VGW_ERROR_BAD_STATE:
      return "bad-state";
    case VGW_ERROR_UNAUTHORIZED:
      return "unauthorized";
    case VGW_ERROR_GONE:
      return "gone";
    case VGW_ERROR_BUSY:
      return "busy";
    case VGW_ERROR_TOO_LARGE:
      return "too-large";
    case VGW_ERROR_FLOOD:
      return "flood";
    case VGW_ERROR_TIMEOUT:
      return "timeout";
    case VGW_ERROR_ENGINE:
      return "engine";
    case VGW_ERROR_INTERNAL:
    case VGW_ERROR_CONFIG: /* not for clients: the message may have paths */
      return "internal";
    }
  return "internal";
}

const char *
vgw_error_to_wire (const GError *error)
{
  if (error == NULL || error->domain != VGW_ERROR)
    return "internal";
  return vgw_error_code_to_string ((VgwErrorCode) error->code);
}
