#include "doors/vgw-openai-http.h"

#include "base/vgw-log.h"
#include "doors/vgw-door-http.h"

#define INVALID "invalid_request_error"

static const struct
{
  guint status;
  const char *type, *code;
} errors[] = {
  { VGW_HTTP_STATUS_BAD_REQUEST, INVALID, "invalid_value" },
  { VGW_HTTP_STATUS_UNAUTHORIZED, INVALID, "invalid_api_key" },
  { VGW_HTTP_STATUS_FORBIDDEN, INVALID, "forbidden" },
  { VGW_HTTP_STATUS_NOT_FOUND, INVALID, "not_found" },
  { VGW_HTTP_STATUS_CONFLICT, INVALID, "conflict" },
  { VGW_HTTP_STATUS_GONE, INVALID, "gone" },
  { VGW_HTTP_STATUS_CONTENT_TOO_LARGE, INVALID, "too_large" },
  { VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, INVALID, "unsupported_content_type" },
  { VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT, INVALID, "unsupported_offer" },
  { VGW_HTTP_STATUS_TOO_MANY_REQUESTS, "requests", "rate_limit_exceeded" },
  { VGW_HTTP_STATUS_UNAVAILABLE, "server_error", "overloaded" },
};

void
vgw_openai_reply_error (VgwHttpRequest *request, guint status, const char *param, const char *message)
{
  g_autoptr (JsonObject) body = json_object_new ();
  JsonObject *error = json_object_new ();
  const char *type = "server_error", *code = "internal_error";

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    if (errors[i].status == status)
      {
        type = errors[i].type;
        code = errors[i].code;
      }
  json_object_set_string_member (error, "type", type);
  json_object_set_string_member (error, "code", code);
  json_object_set_string_member (error, "message", message);
  if (param != NULL)
    json_object_set_string_member (error, "param", param);
  else
    json_object_set_null_member (error, "param");
  json_object_set_object_member (body, "error", error);
  vgw_door_reply_json (request, status, body);
}

void
vgw_openai_refuse (VgwHttpRequest *request, guint status, const char *param, const char *message)
{
  const char *address = vgw_http_request_get_remote_address (request);

  vgw_info_about (address, "openai: %s: %s %s refused with %u: %s", address, vgw_http_request_get_method (request),
                  vgw_http_request_get_path (request), status, message);
  vgw_openai_reply_error (request, status, param, message);
}
