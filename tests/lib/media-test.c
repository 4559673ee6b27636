#include "media-test.h"

#include <check.h>
#include <string.h>

typedef struct
{
  char *sdp;
  GError *error;
} Answer;

static char *
build_path (const char *folder, const char *name)
{
  const char *root = g_getenv ("VGW_TEST_SOURCE_ROOT");

  return g_build_filename (root != NULL ? root : ".", folder, name, NULL);
}

VgwMedia *
media_new (VgwIceAgentKind ice_agent, const char *const *pipelines, guint max_mlines)
{
  g_autofree char *dir = build_path ("pipelines", NULL);
  const VgwMediaSettings settings = {
    .ice_agent = ice_agent,
    .gather_timeout_ms = 2000,
    .pipelines = pipelines,
    .pipeline_dir = dir,
    .latency_ms = 40,
    .max_mlines = max_mlines,
    .max_data_channels = 4,
  };
  g_autoptr (GError) error = NULL;
  VgwMedia *media = vgw_media_new (&settings, &error);

  ck_assert_msg (media != NULL, "%s", error != NULL ? error->message : "no error");
  return media;
}

char *
load_offer (const char *name)
{
  g_autofree char *path = build_path ("tests/data/sdp", name);
  char *text = NULL;

  ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  return text;
}

char *
replace (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = NULL;

  ck_assert_msg (strstr (text, from) != NULL, "the text has no \"%s\"", from);
  parts = g_strsplit (text, from, -1);
  return g_strjoinv (to, parts);
}

GstSDPMessage *
parse_sdp (const char *text)
{
  GstSDPMessage *parsed = NULL;

  ck_assert_int_eq (gst_sdp_message_new_from_text (text, &parsed), GST_SDP_OK);
  return parsed;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->sdp = vgw_peer_answer_finish (VGW_PEER (source), result, &answer->error);
}

GstSDPMessage *
answer_offer (VgwPeer *peer, const char *offer)
{
  Answer answer = { NULL, NULL };
  GstSDPMessage *parsed;

  vgw_peer_answer_async (peer, offer, NULL, on_answer, &answer);
  while (answer.sdp == NULL && answer.error == NULL) /* the peer has a deadline of its own */
    g_main_context_iteration (NULL, TRUE);
  ck_assert_msg (answer.sdp != NULL, "%s", answer.error != NULL ? answer.error->message : "");
  parsed = parse_sdp (answer.sdp);
  g_free (answer.sdp);
  return parsed;
}
