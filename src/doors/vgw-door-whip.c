#include "doors/vgw-door-whip.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "base/vgw-random.h"
#include "doors/vgw-door-http.h"
#include "doors/vgw-http-sessions.h"
#include "signaling/vgw-sdp-fragment.h"
#include "signaling/vgw-sdp-sections.h"

#define SDP "application/sdp"
#define SDP_FRAGMENT "application/trickle-ice-sdpfrag" /* RFC 8840 section 9 */
#define SESSION_PATH "/whip/session/"
#define ETAG_BYTES 8
#define EXPOSED_HEADERS                                                                                                \
  "Location, Link, ETag, Accept-Patch, Retry-After, WWW-Authenticate, X-Resume-Token, X-Resume-Status"

struct _VgwDoorWhip
{
  VgwHttpSessions *sessions;
};

/* What a session has beside itself: its ICE session (RFC 9725 section 4.3.1). */
typedef struct
{
  char *etag;  /* with its quotes; another one after each restart */
  char *ufrag; /* of the client */
  char *reply; /* (nullable) to the restart that it began with */
} Ice;

/* @ufrag (nullable) */
static Ice *
ice_new (const char *ufrag)
{
  g_autofree char *random = vgw_random_base64url (ETAG_BYTES);
  Ice *ice = g_new0 (Ice, 1);

  ice->etag = g_strdup_printf ("\"%s\"", random);
  ice->ufrag = g_strdup (ufrag);
  return ice;
}

static void
ice_free (gpointer data)
{
  Ice *ice = data;

  g_free (ice->etag);
  g_free (ice->ufrag);
  g_free (ice->reply);
  g_free (ice);
}

/* --- replies --- */

/* What access and the session refuse they have logged. */
static void
on_refused (VgwHttpRequest *request, guint status, const GError *error, gpointer user_data)
{
  vgw_door_reply_text (request, status, error->message);
}

static void
reply_error (VgwHttpRequest *request, guint status, const char *message)
{
  const char *address = vgw_http_request_get_remote_address (request);

  vgw_info_about (address, "whip: %s: %s refused with %u: %s", address, vgw_http_request_get_method (request), status,
                  message);
  vgw_door_reply_text (request, status, message);
}

/* As a quoted-string (RFC 9110 section 5.6.4). */
static void
append_quoted (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, "; %s=\"", name);
  for (; *value != '\0'; value++)
    {
      if (*value == '"' || *value == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *value);
    }
  g_string_append_c (text, '"');
}

/* RFC 9725 section 4.6 */
static void
add_ice_servers (VgwHttpRequest *request, GPtrArray *servers)
{
  for (guint i = 0; servers != NULL && i < servers->len; i++)
    {
      const VgwIceServer *server = g_ptr_array_index (servers, i);
      g_autoptr (GString) link = g_string_new (NULL);

      g_string_append_printf (link, "<%s>; rel=\"ice-server\"", server->url);
      if (server->username != NULL)
        append_quoted (link, "username", server->username);
      if (server->credential != NULL)
        {
          append_quoted (link, "credential", server->credential);
          append_quoted (link, "credential-type", "password");
        }
      vgw_http_request_add_header (request, "Link", link->str);
    }
}

/* Not of the RFC. */
static void
add_resume_token (VgwHttpRequest *request, const VgwHttpSession *session)
{
  static const char *const statuses[] = {
    [VGW_HTTP_SESSION_NEW] = "new",
    [VGW_HTTP_SESSION_RESUMED] = "resumed",
    [VGW_HTTP_SESSION_EXPIRED] = "expired",
  };

  if (session->resume_token != NULL)
    vgw_http_request_set_header (request, "X-Resume-Token", session->resume_token);
  vgw_http_request_set_header (request, "X-Resume-Status", statuses[session->origin]);
}

/* RFC 9725 section 4.4.2: no answer in part. */
static gboolean
check_answer (const char *offer, const char *answer, GError **error)
{
  if (!vgw_sdp_is_refused_in_part (offer, answer))
    return TRUE;
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_UNSUPPORTED,
                       "the gateway serves one audio and a data channel; the offer has more");
  return FALSE;
}

static void
on_answered (VgwHttpSession *session, VgwHttpRequest *request, const char *answer, gpointer user_data)
{
  g_autofree char *location = g_strconcat (SESSION_PATH, session->name, NULL);
  g_autofree char *ufrag = NULL;
  Ice *ice;

  ufrag = vgw_sdp_find_ufrag (session->offer);
  session->data = ice = ice_new (ufrag);
  vgw_http_request_set_header (request, "Location", location);
  vgw_http_request_set_header (request, "ETag", ice->etag);
  vgw_http_request_set_header (request, "Accept-Patch", SDP_FRAGMENT);
  add_ice_servers (request, session->ice_servers);
  add_resume_token (request, session);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_CREATED, SDP, answer);
}

static const VgwHttpSessionsFuncs session_funcs = {
  .door = "whip",
  .check = check_answer,
  .answered = on_answered,
  .refused = on_refused,
  .free_data = ice_free,
};

/* --- the endpoint --- */

/* The body as text, or NULL where it is none. (transfer full) */
static char *
read_text (VgwHttpRequest *request)
{
  g_autoptr (GBytes) body = vgw_http_request_get_body (request);
  gsize length;
  const char *data = g_bytes_get_data (body, &length);

  return length > 0 && memchr (data, '\0', length) == NULL ? g_strndup (data, length) : NULL;
}

static void
on_post (VgwHttpRequest *request, gpointer user_data)
{
  VgwDoorWhip *self = user_data;
  const char *capture = vgw_http_request_get_capture (request, 0);
  g_autofree char *engine = capture != NULL ? g_uri_unescape_string (capture, NULL) : NULL;
  g_autofree char *offer = read_text (request);
  VgwAccessRequest asked = vgw_door_describe_request (request);

  asked.engine = engine != NULL ? engine : capture; /* a name that cannot be decoded is one that no engine has */
  if (!vgw_http_request_has_content_type (request, SDP))
    {
      vgw_http_request_set_header (request, "Accept-Post", SDP);
      reply_error (request, VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, "the Content-Type of an offer must be " SDP);
    }
  else if (offer == NULL)
    reply_error (request, VGW_HTTP_STATUS_BAD_REQUEST, "the body is not SDP");
  else
    vgw_http_sessions_open (self->sessions, request, &asked, offer);
}

static void
on_options (VgwHttpRequest *request, gpointer user_data)
{
  vgw_http_request_set_header (request, "Accept-Post", SDP);
  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, NULL, NULL);
}

/* --- the session's address --- */

/* NULL, and @request has its reply, where there is none. A session that has no answer yet has no address. */
static VgwHttpSession *
find_session (VgwDoorWhip *self, VgwHttpRequest *request)
{
  VgwHttpSession *session = vgw_http_sessions_find (self->sessions, vgw_http_request_get_capture (request, 0));

  if (session != NULL && session->data != NULL)
    {
      if (!session->is_restored) /* else another resume token came than that of the address */
        vgw_session_confirm (session->session);
      return session;
    }
  reply_error (request, VGW_HTTP_STATUS_NOT_FOUND, "no such session");
  return NULL;
}

static void
on_get (VgwHttpRequest *request, gpointer user_data)
{
  if (find_session (user_data, request) != NULL)
    vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NO_CONTENT, NULL, NULL);
}

static void
on_delete (VgwHttpRequest *request, gpointer user_data)
{
  VgwHttpSession *session = find_session (user_data, request);

  if (session == NULL)
    return;
  vgw_session_end (session->session, VGW_END_CLIENT_BYE);
  vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_OK, NULL, NULL);
}

static void
handle_candidates (VgwHttpSession *session, const VgwSdpFragment *fragment)
{
  for (guint i = 0; i < fragment->candidates->len; i++)
    {
      const VgwSdpCandidate *candidate = g_ptr_array_index (fragment->candidates, i);
      g_autoptr (VgwMessage) message = vgw_message_new_candidate (candidate->text, candidate->mid, -1);

      vgw_session_handle (session->session, message);
    }
  if (fragment->is_complete)
    {
      g_autoptr (VgwMessage) message = vgw_message_new_candidate ("", fragment->mid, -1);

      vgw_session_handle (session->session, message);
    }
}

/* RFC 9110 section 13.1.1: one of the tags, compared strongly. */
static gboolean
has_tag (const char *if_match, const char *etag)
{
  g_auto (GStrv) tags = g_strsplit (if_match, ",", -1);

  for (char **tag = tags; *tag != NULL; tag++)
    if (strcmp (g_strstrip (*tag), etag) == 0)
      return TRUE;
  return FALSE;
}

static void
reply_restarted (VgwHttpRequest *request, const Ice *ice)
{
  vgw_http_request_set_header (request, "ETag", ice->etag);
  vgw_http_request_reply (request, VGW_HTTP_STATUS_OK, SDP_FRAGMENT, ice->reply);
}

/* RFC 9725 section 4.3.3. A restart that is not possible leaves everything as it was. */
static void
restart_ice (VgwHttpSession *session, VgwHttpRequest *request, const VgwSdpFragment *remote)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwSdpFragment) local = vgw_session_restart_ice (session->session, remote, &error);
  Ice *ice;

  if (local == NULL)
    {
      reply_error (request, vgw_door_prepare_error (request, error->code), error->message);
      return;
    }
  ice_free (session->data);
  session->data = ice = ice_new (remote->ufrag);
  handle_candidates (session, remote);
  local->mline = g_strdup (remote->mline);
  local->mid = g_strdup (remote->mid);
  ice->reply = vgw_sdp_fragment_to_text (local);
  reply_restarted (request, ice);
}

/* Candidates go with the tag of the ICE session that they are for, a restart with "*" (RFC 9725 section 4.3). A client
 * whose restart had a response that was lost sends it again. */
static void
handle_fragment (VgwHttpSession *session, VgwHttpRequest *request, const VgwSdpFragment *fragment)
{
  const Ice *ice = session->data;
  const char *if_match = vgw_http_request_get_header (request, "If-Match");
  gboolean is_any = g_strcmp0 (if_match, "*") == 0 || g_strcmp0 (if_match, "\"*\"") == 0; /* as drafts had it */
  gboolean is_restart = fragment->ufrag != NULL && g_strcmp0 (fragment->ufrag, ice->ufrag) != 0;

  if (if_match == NULL)
    reply_error (request, VGW_HTTP_STATUS_PRECONDITION_REQUIRED, "If-Match must have the session's ETag");
  else if (!is_any && !has_tag (if_match, ice->etag))
    reply_error (request, VGW_HTTP_STATUS_PRECONDITION_FAILED, "If-Match is not the session's ETag");
  else if (is_restart && !is_any)
    reply_error (request, VGW_HTTP_STATUS_UNPROCESSABLE_CONTENT, "an ICE restart needs If-Match: *");
  else if (is_restart)
    restart_ice (session, request, fragment);
  else
    {
      handle_candidates (session, fragment);
      if (is_any && fragment->ufrag != NULL && ice->reply != NULL)
        reply_restarted (request, ice);
      else
        vgw_http_request_reply_bytes (request, VGW_HTTP_STATUS_NO_CONTENT, NULL, NULL);
    }
}

static void
on_patch (VgwHttpRequest *request, gpointer user_data)
{
  VgwHttpSession *session = find_session (user_data, request);
  g_autoptr (GBytes) body = vgw_http_request_get_body (request);
  g_autoptr (VgwSdpFragment) fragment = NULL;
  g_autoptr (GError) error = NULL;

  if (session == NULL)
    return;
  if (!vgw_http_request_has_content_type (request, SDP_FRAGMENT))
    {
      vgw_http_request_set_header (request, "Accept-Patch", SDP_FRAGMENT); /* RFC 5789 section 2.2 */
      reply_error (request, VGW_HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                   "the Content-Type of candidates must be " SDP_FRAGMENT);
      return;
    }
  fragment = vgw_sdp_fragment_parse (g_bytes_get_data (body, NULL), g_bytes_get_size (body), &error);
  if (fragment != NULL)
    handle_fragment (session, request, fragment);
  else
    reply_error (request, VGW_HTTP_STATUS_BAD_REQUEST, error->message);
}

VgwDoorWhip *
vgw_door_whip_new (VgwHttpServer *server, VgwAccess *access, VgwSessionTable *table, gsize max_body_bytes)
{
  const VgwHttpRoute routes[] = {
    { "/whip", .post = on_post, .options = on_options },
    { "/whip/{engine}", .post = on_post, .options = on_options },
    { SESSION_PATH "{name}", .get = on_get, .patch = on_patch, .delete = on_delete },
  };
  VgwDoorWhip *self = g_new0 (VgwDoorWhip, 1);

  self->sessions = vgw_http_sessions_new (access, table, &session_funcs, self);
  vgw_door_add_routes (server, routes, G_N_ELEMENTS (routes), max_body_bytes, EXPOSED_HEADERS, self);
  return self;
}

void
vgw_door_whip_free (VgwDoorWhip *self)
{
  vgw_http_sessions_free (self->sessions);
  g_free (self);
}
