/* What a value must look like. Each check takes one text or one item of a list and fails with VGW_ERROR_CONFIG, "must
 * be …", never with the text itself: it may be a secret. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean vgw_config_check_not_empty (const char *text, GError **error);

/* An IP address in digits, 127.0.0.1 or ::1. */
gboolean vgw_config_check_address (const char *text, GError **error);
gboolean vgw_config_check_address_or_none (const char *text, GError **error);

/* An IP address of the loopback interface, or nothing. */
gboolean vgw_config_check_loopback_or_none (const char *text, GError **error);

/* "*", or SCHEME://HOST[:PORT] as a browser's Origin header has it (RFC 6454 section 6.2). */
gboolean vgw_config_check_origin (const char *text, GError **error);

/* stun:HOST[:PORT] (RFC 7064). */
gboolean vgw_config_check_stun_server (const char *text, GError **error);

/* turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp], or turns: (RFC 7065, with credentials put in as the gateway's own
 * extension). */
gboolean vgw_config_check_turn_server (const char *text, GError **error);

/* stun: as above, or turn:/turns: with or without USER:PASSWORD@. */
gboolean vgw_config_check_client_server (const char *text, GError **error);

/* Letters, digits, '-', '_' and '.': never a path. */
gboolean vgw_config_check_pipeline_name (const char *text, GError **error);
gboolean vgw_config_check_element_name (const char *text, GError **error);

/* A type of vgw_engine_types (). */
gboolean vgw_config_check_engine_type (const char *text, GError **error);

/* A dialect that is spoken over a WebSocket. */
gboolean vgw_config_check_dialect (const char *text, GError **error);

/* Lower-case letters, digits and single dashes, at most 32: a name that an environment variable and a query can have.
 */
gboolean vgw_config_check_engine_name (const char *text, GError **error);
gboolean vgw_config_check_engine_name_or_none (const char *text, GError **error);

/* "end", "hold" or "fallback:NAME". */
gboolean vgw_config_check_parameter_name (const char *text, GError **error);
gboolean vgw_config_check_on_failure (const char *text, GError **error);

/* The value of an HTTP header: printable ASCII, or nothing. */
gboolean vgw_config_check_header (const char *text, GError **error);

/* ws://HOST[:PORT][/PATH][?QUERY] or wss://…; tcp://HOST:PORT. */
gboolean vgw_config_check_websocket_url (const char *text, GError **error);
gboolean vgw_config_check_tcp_url (const char *text, GError **error);

/* Splits an item of ice.client-servers, which has passed its check, into what an RTCIceServer has: @url is
 * "turn:HOST:PORT?transport=udp"; @username and @credential are NULL where the item has none (all transfer full).
 * A percent sign followed by two hexadecimal digits in the credentials stands for that byte. FALSE where @text is no
 * such item. */
gboolean vgw_config_split_server (const char *text, char **url, char **username, char **credential);

G_END_DECLS
