/* Checks of values. Any thread. */
#pragma once

#include <glib.h>

/* _OR_NONE: an empty text is valid, too. */
typedef enum
{
  VGW_CONFIG_CHECK_NONE,
  VGW_CONFIG_CHECK_NOT_EMPTY,
  VGW_CONFIG_CHECK_ADDRESS, /* an IP address in digits, 127.0.0.1 or ::1 */
  VGW_CONFIG_CHECK_ADDRESS_OR_NONE,
  VGW_CONFIG_CHECK_ADDRESS_OR_PREFIX, /* or "10.0.0.0/8" */
  VGW_CONFIG_CHECK_ADVERTISED,        /* an IP address or a host name, with or without a port */
  VGW_CONFIG_CHECK_LOOPBACK_OR_NONE,  /* an IP address of the loopback interface */
  VGW_CONFIG_CHECK_ORIGIN,            /* as in a browser's Origin header (RFC 6454 section 6.2), or "*" */
  VGW_CONFIG_CHECK_STUN_SERVER,       /* RFC 7064 */
  VGW_CONFIG_CHECK_TURN_SERVER,       /* RFC 7065, with USER:PASSWORD@ as an extension */
  VGW_CONFIG_CHECK_CLIENT_SERVER,     /* either of them, with or without credentials */
  VGW_CONFIG_CHECK_PIPELINE_NAME,     /* not a path */
  VGW_CONFIG_CHECK_ELEMENT_NAME,
  VGW_CONFIG_CHECK_ENGINE_TYPE, /* one of vgw_engine_types () */
  VGW_CONFIG_CHECK_ENGINE_NAME, /* valid in an environment variable and in a query */
  VGW_CONFIG_CHECK_ENGINE_NAME_OR_NONE,
  VGW_CONFIG_CHECK_DIALECT,        /* for a WebSocket */
  VGW_CONFIG_CHECK_ON_FAILURE,     /* "end", "hold" or "fallback:NAME" */
  VGW_CONFIG_CHECK_PARAMETER_NAME, /* and no secret's */
  VGW_CONFIG_CHECK_HEADER,         /* the value of an HTTP header, or nothing */
  VGW_CONFIG_CHECK_TOKEN_KEY,      /* one line of vgw_token_read_keys () */
  VGW_CONFIG_CHECK_ADMIN_TOKEN,
  VGW_CONFIG_CHECK_MANAGER_TYPE,   /* one of vgw_manager_list_types () */
  VGW_CONFIG_CHECK_WEBHOOK_SECRET, /* see vgw_webhook_secret_parse () */
  VGW_CONFIG_CHECK_HTTP_URL_OR_NONE,
  VGW_CONFIG_CHECK_NODE_NAME_OR_NONE,
  VGW_CONFIG_CHECK_NODE_URL_OR_NONE, /* without a path */
  VGW_CONFIG_CHECK_NODE_KEY,
  VGW_CONFIG_CHECK_NODE_PEER,         /* "NAME=URL", "NAME=URL,URL" */
  VGW_CONFIG_CHECK_REDIS_URL_OR_NONE, /* see vgw_redis_url_check () */
  VGW_CONFIG_CHECK_WEBSOCKET_URL,
  VGW_CONFIG_CHECK_TCP_URL,
} VgwConfigCheck;

/* Whether @text, or one item of a list, passes @check. Errors: VGW_ERROR_CONFIG, "must be …", without the text, which
 * may be a secret. */
gboolean vgw_config_check (VgwConfigCheck check, const char *text, GError **error);

/* Splits an item of ice.client-servers into the members of an RTCIceServer: @url is "turn:HOST:PORT?transport=udp";
 * @username and @credential are NULL where the item has none (all transfer full). The credentials are percent-decoded.
 * FALSE where @text is not valid. */
gboolean vgw_config_split_server (const char *text, char **url, char **username, char **credential);
