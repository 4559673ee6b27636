#include "admin/vgw-admin-nodes.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/vgw-json-scan.h"
#include "base/vgw-json.h"
#include "base/vgw-time.h"
#include "net/vgw-http-client.h"
#include "net/vgw-http-hop.h"

#define MAX_ASKED 100                /* other nodes */
#define MAX_CONNECTIONS 32           /* each may take a thread of GLib's, for TLS or a name */
#define MAX_ANSWER_BYTES (4 << 20)   /* of one node: the list of 10,000 sessions */
#define MAX_ANSWERS_BYTES (32 << 20) /* of all of them */
#define MAX_REASON_BYTES 200         /* of a refusal's text that is passed on */

struct _VgwAdminNodes
{
  const VgwNodeIds *ids;       /* (nullable) these three: without others */
  VgwNodeDirectory *directory; /* (nullable) */
  VgwHttpClient *client;       /* (nullable) */
};

/* A request for all nodes. References: the caller's, and those of the requests to nodes. */
typedef struct
{
  VgwHttpRequest *request;
  const char *member; /* static */
  GPtrArray *answers; /* Answer, this node first */
  guint n_missing;
  gsize n_bytes;
} Question;

typedef struct
{
  VgwNode *node; /* as it has reported itself */
  gboolean is_this;
  char *error;   /* (nullable) */
  char *content; /* (nullable) JSON */
} Answer;

/* What a request to a node returns to. */
typedef struct
{
  Question *question; /* referenced */
  Answer *answer;     /* of it */
} Asked;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  vgw_node_free (answer->node);
  g_free (answer->error);
  g_free (answer->content);
  g_free (answer);
}

static void
question_clear (gpointer data)
{
  Question *question = data;

  g_object_unref (question->request);
  g_ptr_array_unref (question->answers);
}

/* --- the answer to the client --- */

static JsonObject *
describe (const Answer *answer)
{
  JsonObject *object = json_object_new ();
  const VgwNode *node = answer->node;
  g_autofree char *started = node->started_at_us > 0 ? vgw_time_to_text (node->started_at_us) : NULL;

  json_object_set_string_member (object, "name", node->name);
  json_object_set_boolean_member (object, "is_this", answer->is_this);
  json_object_set_string_member (object, "error", answer->error);
  json_object_set_string_member (object, "state", node->state);
  if (node->state != NULL)
    json_object_set_double_member (object, "load", node->load);
  else
    json_object_set_null_member (object, "load");
  json_object_set_string_member (object, "version", node->version);
  json_object_set_string_member (object, "started", started);
  return object;
}

static void
reply (Question *question)
{
  g_autoptr (GString) text = g_string_new ("{\"nodes\":[");

  for (guint i = 0; i < question->answers->len; i++)
    {
      const Answer *answer = question->answers->pdata[i];
      g_autoptr (JsonObject) object = describe (answer);
      g_autofree char *described = vgw_json_object_to_text (object);

      if (i > 0)
        g_string_append_c (text, ',');
      g_string_append_len (text, described, (gssize) strlen (described) - 1); /* without the closing brace */
      g_string_append_printf (text, ",\"%s\":", question->member);
      g_string_append (text, answer->content != NULL ? answer->content : "null");
      g_string_append_c (text, '}');
    }
  g_string_append (text, "]}");
  vgw_http_request_reply (question->request, VGW_HTTP_STATUS_OK, VGW_HTTP_JSON, text->str);
}

/* --- the answers of the others --- */

/* Whether @text, an array or an object, is one value of JSON, and can be passed on. In an array no second one could
 * have a name, and in an object no second one could have none. */
static gboolean
is_sound (const char *text, gsize length)
{
  g_autofree char *in_object = NULL, *in_array = NULL;

  if (length < 2 || !g_utf8_validate_len (text, length, NULL))
    return FALSE;
  if (!(text[0] == '[' && text[length - 1] == ']') && !(text[0] == '{' && text[length - 1] == '}'))
    return FALSE;
  in_object = g_strdup_printf ("{\"x\":%s}", text);
  in_array = g_strdup_printf ("{\"x\":[%s]}", text);
  return vgw_json_scan (in_object, strlen (in_object), VGW_JSON_MAX_DEPTH, NULL)
         && vgw_json_scan (in_array, strlen (in_array), VGW_JSON_MAX_DEPTH, NULL);
}

/* The first line of a refusal. (transfer full) */
static char *
describe_refusal (guint status, const char *text)
{
  g_autofree char *line = g_strndup (text, MIN (strcspn (text, "\r\n"), MAX_REASON_BYTES));
  g_autofree char *valid = g_utf8_make_valid (line, -1);

  return g_strdup_printf ("it has answered %u: %s", status, valid);
}

static void
take_answer (Question *question, Answer *answer, guint status, GBytes *body)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (body, &length);
  g_autofree char *text = g_strndup (data != NULL ? data : "", length);

  if (status != VGW_HTTP_STATUS_OK)
    answer->error = describe_refusal (status, text);
  else if (length > MAX_ANSWER_BYTES || question->n_bytes + length > MAX_ANSWERS_BYTES)
    answer->error = g_strdup ("its answer is too long");
  else if (!is_sound (text, length))
    answer->error = g_strdup ("its answer is not JSON");
  else
    {
      question->n_bytes += length;
      answer->content = g_steal_pointer (&text);
    }
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Asked *asked = user_data;
  Question *question = asked->question;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  guint retry_after_s;
  guint status = vgw_http_client_send_finish (result, &retry_after_s, &body, &error);

  if (error != NULL)
    asked->answer->error = g_strdup (error->message);
  else
    take_answer (question, asked->answer, status, body);
  if (--question->n_missing == 0)
    reply (question);
  g_rc_box_release_full (question, question_clear);
}

static void
ask (VgwAdminNodes *self, Question *question, Answer *answer, const char *path)
{
  const char *token = vgw_http_request_get_header (question->request, "Authorization");
  g_autofree char *line = g_strconcat ("GET /", path, NULL);
  g_autofree char *url = g_strconcat (answer->node->admin_url, "/", path, NULL);
  g_autofree char *mark = vgw_http_hop_make_mark (self->ids, line, answer->node->name, TRUE,
                                                  vgw_http_request_get_remote_address (question->request),
                                                  g_get_real_time () / G_USEC_PER_SEC);
  const char *const headers[] = { VGW_HTTP_HOP_HEADER, mark, token != NULL ? "Authorization" : NULL, token, NULL };
  const VgwHttpClientRequest request = { .url = url, .headers = headers, .max_reply_bytes = MAX_ANSWER_BYTES + 1 };
  Asked *asked = g_new (Asked, 1);

  *asked = (Asked){ g_rc_box_acquire (question), answer };
  question->n_missing++;
  vgw_http_client_send_async (self->client, &request, on_answered, asked);
}

/* @node: (transfer full) */
static Answer *
add_answer (Question *question, VgwNode *node, gboolean is_this)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->node = node;
  answer->is_this = is_this;
  g_ptr_array_add (question->answers, answer);
  return answer;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const VgwNode *const *) a)->name, (*(const VgwNode *const *) b)->name);
}

static void
ask_others (VgwAdminNodes *self, Question *question, GPtrArray *nodes, const char *path)
{
  for (guint i = 0; i < nodes->len; i++)
    {
      const VgwNode *node = nodes->pdata[i];
      Answer *answer;

      if (g_str_equal (node->name, vgw_admin_nodes_get_name (self)))
        continue;
      answer = add_answer (question, vgw_node_copy (node), FALSE);
      if (question->answers->len > MAX_ASKED + 1)
        answer->error = g_strdup_printf ("it is not asked: there are more than %d nodes", MAX_ASKED);
      else if (node->admin_url == NULL || *node->admin_url == '\0')
        answer->error = g_strdup ("it has no address of its admin listener; see node.admin-url");
      else
        ask (self, question, answer, path);
    }
}

/* What this node reports of itself. (transfer full) */
static VgwNode *
find_own (VgwAdminNodes *self, GPtrArray *nodes)
{
  const VgwNode own = { .name = (char *) vgw_admin_nodes_get_name (self) };

  for (guint i = 0; i < nodes->len; i++)
    if (g_strcmp0 (((const VgwNode *) nodes->pdata[i])->name, own.name) == 0)
      return vgw_node_copy (nodes->pdata[i]);
  return vgw_node_copy (&own);
}

/* --- public --- */

gboolean
vgw_admin_nodes_serve (VgwAdminNodes *self, VgwHttpRequest *request, const char *path, const char *member,
                       char *(*own) (gpointer user_data), gpointer user_data)
{
  g_autofree char *value = vgw_http_request_get_parameter (request, "nodes");
  g_autoptr (GPtrArray) nodes = NULL;
  Question *question;

  if (value == NULL)
    return FALSE;
  if (!g_str_equal (value, "all") || vgw_http_request_get_header (request, VGW_HTTP_HOP_HEADER) != NULL)
    {
      vgw_http_request_reply (request, VGW_HTTP_STATUS_BAD_REQUEST, VGW_HTTP_TEXT_PLAIN,
                              "nodes is \"all\", and not for a request of another node\n");
      return TRUE;
    }
  nodes = self->directory != NULL ? vgw_node_directory_list (self->directory) : g_ptr_array_new ();
  g_ptr_array_sort (nodes, compare_names);
  question = g_rc_box_new0 (Question);
  question->request = g_object_ref (request);
  question->member = member;
  question->answers = g_ptr_array_new_with_free_func (answer_free);
  question->n_missing = 1;
  add_answer (question, find_own (self, nodes), TRUE)->content = own (user_data);
  ask_others (self, question, nodes, path);
  if (--question->n_missing == 0)
    reply (question);
  g_rc_box_release_full (question, question_clear);
  return TRUE;
}

const char *
vgw_admin_nodes_get_name (VgwAdminNodes *self)
{
  return self->ids != NULL ? vgw_node_ids_get_name (self->ids) : NULL;
}

void
vgw_admin_nodes_set (VgwAdminNodes *self, const VgwNodeIds *ids, VgwNodeDirectory *directory, GTlsDatabase *authorities)
{
  self->ids = ids;
  self->directory = g_object_ref (directory);
  self->client =
      vgw_http_client_new (&(VgwHttpClientSettings){ VGW_ADMIN_NODES_TIMEOUT_MS, MAX_CONNECTIONS, authorities });
}

VgwAdminNodes *
vgw_admin_nodes_new (void)
{
  return g_new0 (VgwAdminNodes, 1);
}

void
vgw_admin_nodes_free (VgwAdminNodes *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->client, vgw_http_client_free);
  g_clear_object (&self->directory);
  g_free (self);
}
