/* The body of a form, multipart/form-data (RFC 7578). Not libsoup's parser: its releases up to 3.6.4 read beyond
 * the end of a malformed body (CVE-2025-32914, CVE-2025-4948, CVE-2025-4969). Pure. Any thread. */
#pragma once

#include <glib.h>

#define VGW_HTTP_MULTIPART_MAX_PARTS 16

typedef struct
{
  char *name;         /* of Content-Disposition */
  char *content_type; /* (nullable) without its parameters, "application/sdp" */
  char *text;         /* the body, terminated; a NUL in it is not refused here */
  gsize length;
} VgwHttpPart;

/* The parts of @body, of which @content_type has the boundary: VgwHttpPart, in order. Errors: VGW_ERROR_BAD_MESSAGE
 * for a body that is not such a form, one without its last boundary included; VGW_ERROR_TOO_LARGE for too many
 * parts. Returns: (transfer full) */
GPtrArray *vgw_http_multipart_parse (const char *content_type, const char *body, gsize length, GError **error);

/* The first part called @name, or NULL. (transfer none) */
const VgwHttpPart *vgw_http_multipart_find (GPtrArray *parts, const char *name);
