/* The error domain of the project. The code is sent to clients in {"type":"error"}. */
#pragma once

#include <glib.h>

#define VGW_ERROR (vgw_error_quark ())

typedef enum
{
  VGW_ERROR_BAD_MESSAGE,  /* malformed or unusable message */
  VGW_ERROR_BAD_REQUEST,  /* the client asked for something that does not exist, or not for it */
  VGW_ERROR_BAD_STATE,    /* a valid message at the wrong time */
  VGW_ERROR_UNAUTHORIZED, /* origin, token or fingerprint refused */
  VGW_ERROR_GONE,         /* a session that a client wants to resume is not there for it (any more) */
  VGW_ERROR_BUSY,         /* a limit of sessions or resources is reached: try later */
  VGW_ERROR_TOO_LARGE,    /* a limit of size, count or nesting is exceeded */
  VGW_ERROR_FLOOD,        /* the client sent far too much media for seconds */
  VGW_ERROR_TIMEOUT,      /* something did not happen in time */
  VGW_ERROR_ENGINE,       /* the speech engine failed */
  VGW_ERROR_INTERNAL,     /* internal error of the gateway */
  VGW_ERROR_UNSUPPORTED,  /* BAD_MESSAGE on the wire: a well-formed offer with nothing that is served */
  VGW_ERROR_CONFIG,       /* configuration or pipeline file; never sent to a client */
} VgwErrorCode;

GQuark vgw_error_quark (void);

/* The wire name of @code, "bad-message" and so on (static). docs/PROTOCOL.md, table of errors. */
const char *vgw_error_code_to_string (VgwErrorCode code);

/* The wire name of @error: that of its code in VGW_ERROR, else "internal". */
const char *vgw_error_to_wire (const GError *error);
