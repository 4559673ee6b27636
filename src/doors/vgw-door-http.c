#include "doors/vgw-door-http.h"

#define RETRY_AFTER_S "5"
#define CHALLENGE "Bearer realm=\"voice-gateway\""

/* The status, and the headers that come with it; each (nullable). */
typedef struct
{
  guint status;
  const char *challenge; /* WWW-Authenticate */
  const char *retry_after_s;
} Refusal;

static Refusal
describe (VgwRefusal refusal)
{
  switch (refusal)
    {
    case VGW_REFUSAL_SHUTDOWN:
    case VGW_REFUSAL_MAX_SESSIONS:
      return (Refusal){ VGW_HTTP_STATUS_UNAVAILABLE, NULL, RETRY_AFTER_S };
    case VGW_REFUSAL_MAX_SESSIONS_PER_ADDRESS:
    case VGW_REFUSAL_RATE:
      return (Refusal){ VGW_HTTP_STATUS_TOO_MANY_REQUESTS, NULL, RETRY_AFTER_S };
    case VGW_REFUSAL_ORIGIN:
      return (Refusal){ VGW_HTTP_STATUS_FORBIDDEN, NULL, NULL };
    case VGW_REFUSAL_NO_TOKEN:
      return (Refusal){ VGW_HTTP_STATUS_UNAUTHORIZED, CHALLENGE, NULL };
    case VGW_REFUSAL_TOKEN:
      return (Refusal){ VGW_HTTP_STATUS_UNAUTHORIZED, CHALLENGE ", error=\"invalid_token\"", NULL };
    case VGW_REFUSAL_ENGINE:
      return (Refusal){ VGW_HTTP_STATUS_NOT_FOUND, NULL, NULL };
    case VGW_REFUSAL_RESUME:
      return (Refusal){ VGW_HTTP_STATUS_GONE, NULL, NULL };
    }
  return (Refusal){ VGW_HTTP_STATUS_INTERNAL_ERROR, NULL, NULL };
}

static guint
status_of (VgwErrorCode code)
{
  switch (code)
    {
    case VGW_ERROR_BAD_MESSAGE:
      return VGW_HTTP_STATUS_BAD_REQUEST;
    case VGW_ERROR_UNSUPPORTED:
      return VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT;
    case VGW_ERROR_BAD_REQUEST:
      return VGW_HTTP_STATUS_NOT_FOUND;
    case VGW_ERROR_BAD_STATE:
      return VGW_HTTP_STATUS_CONFLICT;
    case VGW_ERROR_UNAUTHORIZED:
      return VGW_HTTP_STATUS_FORBIDDEN;
    case VGW_ERROR_GONE:
      return VGW_HTTP_STATUS_GONE;
    case VGW_ERROR_TOO_LARGE:
      return VGW_HTTP_STATUS_CONTENT_TOO_LARGE;
    case VGW_ERROR_BUSY:
    case VGW_ERROR_ENGINE:
      return VGW_HTTP_STATUS_UNAVAILABLE;
    case VGW_ERROR_FLOOD:
    case VGW_ERROR_TIMEOUT:
    case VGW_ERROR_INTERNAL:
    case VGW_ERROR_CONFIG:
      return VGW_HTTP_STATUS_INTERNAL_ERROR;
    }
  return VGW_HTTP_STATUS_INTERNAL_ERROR;
}

VgwAccessRequest
vgw_door_describe_request (VgwHttpRequest *request)
{
  return (VgwAccessRequest){
    .address = vgw_http_request_get_remote_address (request),
    .host = vgw_http_request_get_header (request, "Host"),
    .origin = vgw_http_request_get_header (request, "Origin"),
    .user_agent = vgw_http_request_get_header (request, "User-Agent"),
    .traceparent = vgw_http_request_get_header (request, "traceparent"),
    .authorization = vgw_http_request_get_header (request, "Authorization"),
    .subprotocols = vgw_http_request_get_header (request, "Sec-WebSocket-Protocol"),
    .query = vgw_http_request_get_query (request),
  };
}

guint
vgw_door_prepare_refusal (VgwHttpRequest *request, VgwRefusal refusal)
{
  const Refusal described = describe (refusal);

  if (described.challenge != NULL)
    vgw_http_request_set_header (request, "WWW-Authenticate", described.challenge);
  if (described.retry_after_s != NULL)
    vgw_http_request_set_header (request, "Retry-After", described.retry_after_s);
  return described.status;
}

guint
vgw_door_prepare_error (VgwHttpRequest *request, VgwErrorCode code)
{
  guint status = status_of (code);

  if (status == VGW_HTTP_STATUS_UNAVAILABLE)
    vgw_http_request_set_header (request, "Retry-After", RETRY_AFTER_S);
  return status;
}

void
vgw_door_reply_text (VgwHttpRequest *request, guint status, const char *message)
{
  g_autofree char *text = g_strconcat (message, "\n", NULL);

  vgw_http_request_reply (request, status, VGW_HTTP_TEXT_PLAIN, text);
}

JsonObject *
vgw_door_read_json (VgwHttpRequest *request, guint *status, GError **error)
{
  g_autoptr (GBytes) body = NULL;
  GError *cause = NULL;
  JsonObject *object;

  if (!vgw_http_request_has_content_type (request, VGW_HTTP_JSON))
    {
      *status = VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the Content-Type must be " VGW_HTTP_JSON);
      return NULL;
    }
  body = vgw_http_request_get_body (request);
  object = vgw_json_parse_object (g_bytes_get_data (body, NULL), g_bytes_get_size (body), &cause);
  if (object == NULL)
    {
      *status = status_of (cause->code);
      g_propagate_error (error, cause);
    }
  return object;
}

void
vgw_door_reply_json (VgwHttpRequest *request, guint status, JsonObject *object)
{
  g_autofree char *text = vgw_json_object_to_text (object);

  vgw_http_request_reply (request, status, VGW_HTTP_JSON, text);
}

void
vgw_door_add_routes (VgwHttpServer *server, const VgwHttpRoute *routes, gsize n_routes, gsize max_body_bytes,
                     const char *exposed_headers, gpointer door)
{
  for (gsize i = 0; i < n_routes; i++)
    {
      VgwHttpRoute route = routes[i];

      route.max_body_bytes = route.post != NULL || route.patch != NULL ? max_body_bytes : 0;
      route.has_cors = TRUE;
      route.exposed_headers = exposed_headers;
      vgw_http_server_add_route (server, &route, door);
    }
}
