#include "media/vgw-talkspurt.h"

#include <gst/rtp/rtp.h>

/* Shared by the two pads of a payloader, which runs on the thread that pushes the buffer. */
typedef struct
{
  gatomicrefcount ref_count;
  gboolean is_beginning; /* streaming thread only */
} Talkspurt;

static void
talkspurt_unref (gpointer data)
{
  Talkspurt *talkspurt = data;

  if (g_atomic_ref_count_dec (&talkspurt->ref_count))
    g_free (talkspurt);
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Talkspurt *talkspurt = user_data;

  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  /* encoders set DISCONT after a pause also on a keep-alive, which begins no talkspurt */
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    talkspurt->is_beginning = TRUE;
  return GST_PAD_PROBE_OK;
}

/* Returns: (transfer full) @buffer, or a copy of it, with the marker */
static GstBuffer *
set_marker (GstBuffer *buffer)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  buffer = gst_buffer_make_writable (buffer);
  if (gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp))
    {
      gst_rtp_buffer_set_marker (&rtp, TRUE);
      gst_rtp_buffer_unmap (&rtp);
    }
  return buffer;
}

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Talkspurt *talkspurt = user_data;

  if (!talkspurt->is_beginning)
    return GST_PAD_PROBE_OK;
  talkspurt->is_beginning = FALSE;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    {
      GstBufferList *list = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));
      GstBuffer *first = gst_buffer_ref (gst_buffer_list_get (list, 0));

      gst_buffer_list_remove (list, 0, 1);
      gst_buffer_list_insert (list, 0, set_marker (first));
      GST_PAD_PROBE_INFO_DATA (info) = list;
    }
  else
    GST_PAD_PROBE_INFO_DATA (info) = set_marker (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

void
vgw_talkspurt_mark (GstElement *payloader)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (payloader, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (payloader, "src");
  Talkspurt *talkspurt;

  if (sink == NULL || src == NULL)
    return;
  talkspurt = g_new0 (Talkspurt, 1);
  g_atomic_ref_count_init (&talkspurt->ref_count);
  g_atomic_ref_count_inc (&talkspurt->ref_count);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_frame, talkspurt, talkspurt_unref);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packet, talkspurt,
                     talkspurt_unref);
}
