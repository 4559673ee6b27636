#include "media/vgw-pipeline-files.h"

#include <string.h>

#define FINISH_TIMEOUT_US (2 * G_TIME_SPAN_SECOND)
#define MAX_FILES_OF_SESSION 1000u

static gboolean
has_property (GstElement *element, const char *name, GType type)
{
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);

  return spec != NULL && spec->value_type == type;
}

/* The sinks that write files (element-type GstElement). The elements of a description are direct children. Returns:
 * (transfer container); the bin holds them */
static GPtrArray *
find_file_sinks (GstElement *pipeline)
{
  GPtrArray *sinks = g_ptr_array_new ();

  GST_OBJECT_LOCK (pipeline);
  for (GList *item = GST_BIN (pipeline)->children; item != NULL; item = item->next)
    {
      if (GST_OBJECT_FLAG_IS_SET (item->data, GST_ELEMENT_FLAG_SINK)
          && has_property (item->data, "location", G_TYPE_STRING))
        g_ptr_array_add (sinks, item->data);
    }
  GST_OBJECT_UNLOCK (pipeline);
  return sinks;
}

/* @location with the @n-th name of the session (transfer full) */
static char *
insert_name (const char *location, const char *session_id, guint n)
{
  g_autofree char *name = n > 1 ? g_strdup_printf ("%s-%u", session_id, n) : g_strdup (session_id);
  g_auto (GStrv) parts = g_strsplit (location, VGW_PIPELINE_SESSION, -1);

  return g_strjoinv (name, parts);
}

static void
name_file (GstElement *sink, const char *session_id)
{
  g_autofree char *location = NULL;
  g_autofree char *path = NULL;

  /* a sink that waits for its first buffer would prevent PLAYING */
  if (has_property (sink, "async", G_TYPE_BOOLEAN))
    g_object_set (sink, "async", FALSE, NULL);
  g_object_get (sink, "location", &location, NULL);
  if (location == NULL || strstr (location, VGW_PIPELINE_SESSION) == NULL)
    return;
  for (guint n = 1; n <= MAX_FILES_OF_SESSION; n++)
    {
      g_free (path);
      path = insert_name (location, session_id, n);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        break;
    }
  g_object_set (sink, "location", path, NULL);
}

void
vgw_pipeline_files_name (GstElement *pipeline, const char *session_id)
{
  g_autoptr (GPtrArray) sinks = find_file_sinks (pipeline);

  for (guint i = 0; i < sinks->len; i++)
    name_file (sinks->pdata[i], session_id);
}

/* --- the end; reaper thread --------------------------------------------------------------------------------------- */

typedef struct
{
  gatomicrefcount ref_count;
  GMutex lock;
  GCond ended;
  guint n_left; /* guarded by lock; sinks that have not seen the end */
} Ends;

static void
ends_unref (gpointer data)
{
  Ends *ends = data;

  if (!g_atomic_ref_count_dec (&ends->ref_count))
    return;
  g_mutex_clear (&ends->lock);
  g_cond_clear (&ends->ended);
  g_free (ends);
}

/* On the streaming thread, after all data; the sink writes the rest when it is stopped. */
static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Ends *ends = user_data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&ends->lock);
  ends->n_left--;
  g_cond_signal (&ends->ended);
  g_mutex_unlock (&ends->lock);
  return GST_PAD_PROBE_REMOVE;
}

static gboolean
is_branching (GstElement *element)
{
  return element->numsrcpads > 1;
}

/* Adds the pads where what leads to @element leaves the rest of the pipeline (element-type GstPad, sink pads) to
 * @heads.
 * @seen is a set of elements. */
static void
find_heads (GstElement *element, GPtrArray *heads, GHashTable *seen)
{
  if (!g_hash_table_add (seen, element))
    return;
  for (GList *item = element->sinkpads; item != NULL; item = item->next)
    {
      g_autoptr (GstPad) peer = gst_pad_get_peer (item->data);
      g_autoptr (GstElement) before = peer != NULL ? gst_pad_get_parent_element (peer) : NULL;

      if (before == NULL || is_branching (before) || before->numsinkpads == 0)
        g_ptr_array_add (heads, gst_object_ref (item->data));
      else
        find_heads (before, heads, seen);
    }
}

static void
watch_end (GstElement *sink, Ends *ends)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");

  if (pad == NULL || GST_PAD_IS_EOS (pad))
    return;
  ends->n_left++;
  g_atomic_ref_count_inc (&ends->ref_count);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, ends, ends_unref);
}

void
vgw_pipeline_files_finish (GstElement *pipeline)
{
  g_autoptr (GPtrArray) sinks = find_file_sinks (pipeline);
  g_autoptr (GPtrArray) heads = NULL;
  g_autoptr (GHashTable) seen = NULL;
  gint64 deadline_us = g_get_monotonic_time () + FINISH_TIMEOUT_US;
  gboolean is_sent = FALSE; /* a branch whose file cannot be written refuses it */
  Ends *ends;

  if (sinks->len == 0)
    return;
  ends = g_new0 (Ends, 1);
  g_atomic_ref_count_init (&ends->ref_count);
  g_mutex_init (&ends->lock);
  g_cond_init (&ends->ended);
  heads = g_ptr_array_new_with_free_func (gst_object_unref);
  seen = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < sinks->len; i++)
    {
      watch_end (sinks->pdata[i], ends);
      find_heads (sinks->pdata[i], heads, seen);
    }
  for (guint i = 0; i < heads->len; i++)
    is_sent |= gst_pad_send_event (heads->pdata[i], gst_event_new_eos ());
  g_mutex_lock (&ends->lock);
  while (is_sent && ends->n_left > 0 && g_cond_wait_until (&ends->ended, &ends->lock, deadline_us))
    continue;
  g_mutex_unlock (&ends->lock);
  ends_unref (ends);
}
