#include "signaling/vgw-message.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-json.h"

/* The wire names of docs/PROTOCOL.md, in the order of VgwMessageType. */
static const char *const type_names[] = {
  "unknown", "offer", "answer", "candidate", "session", "state", "track", "error", "bye", "ping", "pong", "event",
};

G_STATIC_ASSERT (G_N_ELEMENTS (type_names) == VGW_MESSAGE_EVENT + 1);

/* Text that is not UTF-8 (an engine's, a library's error) is made valid by vgw_json_object_to_text (). */
static void
set_string (JsonObject *object, const char *name, const char *value)
{
  json_object_set_string_member (object, name, value != NULL ? value : "");
}

static void
set_optional_string (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    set_string (object, name, value);
}

static void
write_sdp (JsonObject *payload, const VgwMessage *message)
{
  json_object_set_string_member (payload, "type", vgw_message_type_to_string (message->type));
  set_string (payload, "sdp", message->sdp);
}

static void
write_candidate (JsonObject *payload, const VgwMessage *message)
{
  set_string (payload, "candidate", message->candidate);
  set_optional_string (payload, "sdpMid", message->sdp_mid);
  if (message->sdp_mline_index >= 0)
    json_object_set_int_member (payload, "sdpMLineIndex", message->sdp_mline_index);
  set_optional_string (payload, "usernameFragment", message->username_fragment);
}

JsonArray *
vgw_ice_servers_to_json (const GPtrArray *servers)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; servers != NULL && i < servers->len; i++)
    {
      const VgwIceServer *server = g_ptr_array_index (servers, i);
      JsonObject *entry = json_object_new ();
      JsonArray *urls = json_array_new ();

      json_array_add_string_element (urls, server->url != NULL ? server->url : "");
      json_object_set_array_member (entry, "urls", urls);
      set_optional_string (entry, "username", server->username);
      set_optional_string (entry, "credential", server->credential);
      json_array_add_object_element (list, entry);
    }
  return list;
}

static void
write_engines (JsonObject *payload, const char *const *engines)
{
  JsonArray *list = json_array_new ();

  for (; *engines != NULL; engines++)
    json_array_add_string_element (list, *engines);
  json_object_set_array_member (payload, "engines", list);
}

static void
write_session (JsonObject *payload, const VgwMessage *message)
{
  JsonObject *limits = json_object_new ();

  set_string (payload, "id", message->session_id);
  set_optional_string (payload, "resumeToken", message->resume_token);
  if (message->is_resumed)
    json_object_set_boolean_member (payload, "resumed", TRUE);
  if (message->n_missed > 0)
    json_object_set_int_member (payload, "missed", (gint64) message->n_missed);
  json_object_set_array_member (payload, "iceServers", vgw_ice_servers_to_json (message->ice_servers));
  json_object_set_int_member (limits, "maxMessageBytes", message->limits.max_message_bytes);
  json_object_set_int_member (limits, "maxCandidates", message->limits.max_candidates);
  json_object_set_int_member (limits, "maxDataChannels", message->limits.max_data_channels);
  json_object_set_int_member (limits, "maxDurationS", message->limits.max_duration_s);
  json_object_set_object_member (payload, "limits", limits);
  set_optional_string (payload, "engine", message->engine);
  if (message->engines != NULL)
    write_engines (payload, (const char *const *) message->engines);
}

static void
write_state (JsonObject *payload, const VgwMessage *message)
{
  set_string (payload, "state", message->name);
  set_optional_string (payload, "reason", message->reason);
}

static void
write_track (JsonObject *payload, const VgwMessage *message)
{
  set_string (payload, "kind", message->kind);
  set_string (payload, "codec", message->codec);
  json_object_set_int_member (payload, "clockRate", message->clock_rate_hz);
  json_object_set_int_member (payload, "ssrc", message->ssrc);
  set_optional_string (payload, "mid", message->sdp_mid);
}

static void
write_error (JsonObject *payload, const VgwMessage *message)
{
  set_string (payload, "code", vgw_error_code_to_string (message->error_code));
  set_string (payload, "message", message->error_message);
  json_object_set_boolean_member (payload, "fatal", message->is_fatal);
  set_optional_string (payload, "about", message->about);
}

static char *
payload_to_text (const VgwMessage *message)
{
  g_autoptr (JsonObject) payload = json_object_new ();

  switch (message->type)
    {
    case VGW_MESSAGE_OFFER:
    case VGW_MESSAGE_ANSWER:
      write_sdp (payload, message);
      break;
    case VGW_MESSAGE_CANDIDATE:
      write_candidate (payload, message);
      break;
    case VGW_MESSAGE_SESSION:
      write_session (payload, message);
      break;
    case VGW_MESSAGE_STATE:
      write_state (payload, message);
      break;
    case VGW_MESSAGE_TRACK:
      write_track (payload, message);
      break;
    case VGW_MESSAGE_ERROR:
      write_error (payload, message);
      break;
    case VGW_MESSAGE_EVENT:
      return g_strdup (message->event_json != NULL ? message->event_json : "{}");
    case VGW_MESSAGE_BYE:
    case VGW_MESSAGE_PING:
    case VGW_MESSAGE_PONG:
    case VGW_MESSAGE_UNKNOWN:
      break;
    }
  return vgw_json_object_to_text (payload);
}

const char *
vgw_message_type_to_string (VgwMessageType type)
{
  return (gsize) type < G_N_ELEMENTS (type_names) ? type_names[type] : type_names[VGW_MESSAGE_UNKNOWN];
}

char *
vgw_message_to_text (const VgwMessage *message)
{
  g_autoptr (JsonObject) root = json_object_new ();
  g_autofree char *payload = payload_to_text (message);

  if (message->type == VGW_MESSAGE_UNKNOWN)
    set_string (root, "type", message->name);
  else
    set_string (root, "type", vgw_message_type_to_string (message->type));
  set_string (root, "payload", payload);
  if (message->seq > 0)
    json_object_set_int_member (root, "seq", (gint64) message->seq);
  return vgw_json_object_to_text (root);
}

void
vgw_message_free (VgwMessage *message)
{
  if (message == NULL)
    return;
  g_free (message->name);
  g_free (message->sdp);
  g_free (message->candidate);
  g_free (message->sdp_mid);
  g_free (message->username_fragment);
  g_free (message->reason);
  g_free (message->event_json);
  g_free (message->session_id);
  g_free (message->resume_token);
  g_clear_pointer (&message->ice_servers, g_ptr_array_unref);
  g_strfreev (message->engines);
  g_free (message->engine);
  g_free (message->kind);
  g_free (message->codec);
  g_free (message->error_message);
  g_free (message->about);
  g_free (message);
}

VgwMessage *
vgw_message_new (VgwMessageType type)
{
  VgwMessage *message = g_new0 (VgwMessage, 1);

  message->type = type;
  message->sdp_mline_index = -1;
  return message;
}

VgwMessage *
vgw_message_copy_input (const VgwMessage *message)
{
  VgwMessage *copy = vgw_message_new (message->type);

  copy->name = g_strdup (message->name);
  copy->sdp = g_strdup (message->sdp);
  copy->candidate = g_strdup (message->candidate);
  copy->sdp_mid = g_strdup (message->sdp_mid);
  copy->sdp_mline_index = message->sdp_mline_index;
  copy->username_fragment = g_strdup (message->username_fragment);
  copy->event_json = g_strdup (message->event_json);
  return copy;
}

VgwMessage *
vgw_message_new_sdp (VgwMessageType offer_or_answer, const char *sdp)
{
  VgwMessage *message = vgw_message_new (offer_or_answer);

  message->sdp = g_strdup (sdp);
  return message;
}

VgwMessage *
vgw_message_new_candidate (const char *candidate, const char *sdp_mid, int sdp_mline_index)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_CANDIDATE);

  message->candidate = g_strdup (candidate);
  message->sdp_mid = g_strdup (sdp_mid);
  message->sdp_mline_index = sdp_mline_index;
  return message;
}

VgwMessage *
vgw_message_new_state (const char *state, const char *reason)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_STATE);

  message->name = g_strdup (state);
  message->reason = g_strdup (reason);
  return message;
}

VgwMessage *
vgw_message_new_track (const char *kind, const char *codec, guint clock_rate_hz, guint32 ssrc, const char *mid)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_TRACK);

  message->kind = g_strdup (kind);
  message->codec = g_strdup (codec);
  message->clock_rate_hz = clock_rate_hz;
  message->ssrc = ssrc;
  message->sdp_mid = g_strdup (mid);
  return message;
}

/* What a client may read of @error. The rest names hosts, files and elements, and is for the operator: it is in the
 * log. */
static const char *
get_public_text (const GError *error)
{
  if (error->domain != VGW_ERROR || error->code == VGW_ERROR_CONFIG || error->code == VGW_ERROR_INTERNAL)
    return "internal error";
  if (error->code == VGW_ERROR_ENGINE)
    return "the speech engine failed";
  return error->message;
}

VgwMessage *
vgw_message_new_error (const GError *error, gboolean is_fatal)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_ERROR);
  gboolean is_ours = error->domain == VGW_ERROR && error->code != VGW_ERROR_CONFIG;

  message->error_code = is_ours ? error->code : VGW_ERROR_INTERNAL;
  message->error_message = g_strdup (get_public_text (error));
  message->is_fatal = is_fatal;
  return message;
}

VgwMessage *
vgw_message_new_event (const char *event_json)
{
  VgwMessage *message = vgw_message_new (VGW_MESSAGE_EVENT);

  message->event_json = g_strdup (event_json);
  return message;
}

VgwIceServer *
vgw_ice_server_new (const char *url, const char *username, const char *credential)
{
  VgwIceServer *server = g_new0 (VgwIceServer, 1);

  server->url = g_strdup (url);
  server->username = g_strdup (username);
  server->credential = g_strdup (credential);
  return server;
}

void
vgw_ice_server_free (VgwIceServer *server)
{
  if (server == NULL)
    return;
  g_free (server->url);
  g_free (server->username);
  g_free (server->credential);
  g_free (server);
}
