/* The one error domain of the project. The code is what a client sees in {"type":"error"}. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VGW_ERROR (vgw_error_quark ())

typedef enum
{
  VGW_ERROR_BAD_MESSAGE,  /* the client sent something that cannot be used: fix the message */
  VGW_ERROR_BAD_REQUEST,  /* the client asked for something that is not there for it */
  VGW_ERROR_BAD_STATE,    /* a good message at the wrong time */
  VGW_ERROR_UNAUTHORIZED, /* origin, token or fingerprint refused */
  VGW_ERROR_BUSY,         /* a session limit is reached: try later */
  VGW_ERROR_TOO_LARGE,    /* a size, count or nesting bound was passed */
  VGW_ERROR_FLOOD,        /* far more media came than a call may send, for seconds */
  VGW_ERROR_TIMEOUT,      /* something did not happen within its bound */
  VGW_ERROR_ENGINE,       /* the speech engine failed */
  VGW_ERROR_INTERNAL,     /* the gateway's own fault */
  VGW_ERROR_CONFIG,       /* configuration or pipeline file; never sent to a client */
} VgwErrorCode;

GQuark vgw_error_quark (void);

/* The wire name of @code, "bad-message" and so on (static). docs/PROTOCOL.md, table of errors. */
const char *vgw_error_code_to_string (VgwErrorCode code);

/* The wire name that a client is told for @error: its code in VGW_ERROR, else "internal". */
const char *vgw_error_to_wire (const GError *error);

G_END_DECLS
