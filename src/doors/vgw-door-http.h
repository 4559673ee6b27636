/* What every door does with a VgwHttpRequest: describe it to access/, and refuse it. Main thread. */
#pragma once

#include "access/vgw-access.h"
#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "net/vgw-http-server.h"

/* What access/ looks at. The members point into @request and are valid while it lives and has no reply. */
VgwAccessRequest vgw_door_describe_request (VgwHttpRequest *request);

/* Sets the headers that the reply to @request has for @refusal: WWW-Authenticate with 401 (RFC 6750 section 3),
 * Retry-After with 429 and 503. Returns: the status; the reply itself, in the door's own form, is up to the caller. */
guint vgw_door_prepare_refusal (VgwHttpRequest *request, VgwRefusal refusal);

/* The same for what a session reports of an offer: @code of VGW_ERROR. */
guint vgw_door_prepare_error (VgwHttpRequest *request, VgwErrorCode code);

/* Replies with the line @message, as text. */
void vgw_door_reply_text (VgwHttpRequest *request, guint status, const char *message);

/* The body of @request, which must be of the type application/json and one object within the bounds of vgw-json.h. NULL
 * where it is not: @status (out) is for the reply. Errors: VGW_ERROR. Returns: (transfer full) */
JsonObject *vgw_door_read_json (VgwHttpRequest *request, guint *status, GError **error);

/* Replies with @object (transfer none). */
void vgw_door_reply_json (VgwHttpRequest *request, guint status, JsonObject *object);

/* Adds @routes to @server, with @door for their handlers: pages of other sites may use them, and read @exposed_headers
 * of their replies. Only those that take a body have one, of @max_body_bytes. */
void vgw_door_add_routes (VgwHttpServer *server, const VgwHttpRoute *routes, gsize n_routes, gsize max_body_bytes,
                          const char *exposed_headers, gpointer door);
