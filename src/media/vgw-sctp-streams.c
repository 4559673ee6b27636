#include "media/vgw-sctp-streams.h"

#include <gst/sctp/sctpreceivemeta.h>
#include <stdio.h>

#include "base/vgw-log.h"

/* RFC 8831 section 8 and RFC 8832 sections 5.1, 8.2.1 */
#define CONTROL_PPID 50
#define MESSAGE_ACK 0x02
#define MESSAGE_OPEN 0x03
#define OPEN_HEAD_BYTES 12
#define OPEN_LABEL_LENGTH_AT 8
#define OPEN_PROTOCOL_LENGTH_AT 10

/* Refused, and not yet closed by the client: each has a pad with a thread until then. */
#define MAX_REFUSED 64

typedef struct
{
  gboolean is_refused, is_own;
  gboolean is_acknowledged;       /* the first message, the acknowledgement, has been sent */
  GstElement *src_bin, *sink_bin; /* (nullable) of the channel, in webrtcbin */
} Stream;

struct _VgwSctpStreams
{
  gatomicrefcount ref_count;
  char *session_id;
  VgwMailbox *mailbox;
  VgwMailboxFunc acknowledged;
  guint max_open;
  GMutex lock;                   /* taken alone */
  GstElement *webrtcbin;         /* guarded by lock; borrowed, NULL after close */
  GstElement *sctpdec, *sctpenc; /* guarded by lock; references, NULL after close */
  GHashTable *streams;           /* guarded by lock; id → Stream* */
  guint n_open, n_refused;       /* guarded by lock; of streams */
  gboolean is_lost;              /* guarded by lock */
  gboolean has_refused;          /* guarded by lock: and that was logged */
};

static void
stream_free (gpointer data)
{
  Stream *stream = data;
  gst_clear_object (&stream->src_bin);
  gst_clear_object (&stream->sink_bin);
  g_free (stream);
}

static void
connect_with_ref (VgwSctpStreams *self, gpointer object, const char *signal, GCallback callback, GConnectFlags flags)
{
  g_signal_connect_data (object, signal, callback, vgw_sctp_streams_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_sctp_streams_unref), flags);
}

gboolean
vgw_sctp_streams_is_good_control (const guint8 *data, gsize size)
{
  if (size > 0 && data[0] == MESSAGE_ACK)
    return TRUE;
  if (size < OPEN_HEAD_BYTES || data[0] != MESSAGE_OPEN)
    return FALSE;
  gsize label_length = GST_READ_UINT16_BE (data + OPEN_LABEL_LENGTH_AT);
  gsize protocol_length = GST_READ_UINT16_BE (data + OPEN_PROTOCOL_LENGTH_AT);
  return size >= OPEN_HEAD_BYTES + label_length + protocol_length;
}

/* The thread of the stream. */
static GstPadProbeReturn
on_message (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  const GstSctpReceiveMeta *meta = gst_sctp_buffer_get_receive_meta (buffer);
  GstMapInfo map;
  if (meta == NULL || meta->ppid != CONTROL_PPID || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_PAD_PROBE_OK;
  gboolean is_good = vgw_sctp_streams_is_good_control (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return is_good ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
drop_all (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

/* One of them, for a callback. */
typedef struct
{
  VgwSctpStreams *streams;
  guint id;
} StreamRef;

static StreamRef *
stream_ref_new (VgwSctpStreams *streams, guint id)
{
  StreamRef *ref = g_new (StreamRef, 1);
  *ref = (StreamRef){ vgw_sctp_streams_ref (streams), id };
  return ref;
}

static void
stream_ref_free (gpointer data)
{
  StreamRef *ref = data;
  vgw_sctp_streams_unref (ref->streams);
  g_free (ref);
}

/* Resets our direction of the stream, whereupon the client closes its channel and resets the other one. Not with
 * sctpdec's "reset-stream", which frees the pad that SCTP's thread may be creating. Not in the signal handler, where
 * SCTP holds a lock of its own. Main thread, and so before the pipeline is released. */
static void
handle_refusal (gpointer peer, gpointer payload)
{
  const StreamRef *refusal = payload;
  VgwSctpStreams *self = refusal->streams;
  g_mutex_lock (&self->lock);
  g_autoptr (GstElement) sctpenc = self->sctpenc != NULL && !self->is_lost ? gst_object_ref (self->sctpenc) : NULL;
  gboolean is_first = !self->has_refused;
  self->has_refused = TRUE;
  g_mutex_unlock (&self->lock);
  if (sctpenc == NULL)
    return;
  if (is_first) /* a client cannot fill the log */
    vgw_info (self->session_id, "refused one or more data channels: %u are open", self->max_open);
  g_autofree char *name = g_strdup_printf ("sink_%u", refusal->id);
  g_autoptr (GstPad) pad = gst_element_request_pad_simple (sctpenc, name);
  if (pad != NULL)
    gst_element_release_request_pad (sctpenc, pad);
}

/* Whether the stream becomes a channel; @is_new is set where it is refused for the first time. Lock held. */
static gboolean
admit (VgwSctpStreams *self, guint id, gboolean *is_new)
{
  Stream *stream = g_hash_table_lookup (self->streams, GUINT_TO_POINTER (id));
  *is_new = FALSE;
  if (stream != NULL)
    return !stream->is_refused;
  stream = g_new0 (Stream, 1);
  stream->is_refused = self->is_lost || self->webrtcbin == NULL || self->n_open >= self->max_open;
  g_hash_table_insert (self->streams, GUINT_TO_POINTER (id), stream);
  *is_new = stream->is_refused;
  if (stream->is_refused)
    self->n_refused++;
  else
    self->n_open++;
  return !stream->is_refused;
}

static gboolean
read_id (GstPad *pad, guint *id)
{
  return sscanf (GST_PAD_NAME (pad), GST_PAD_IS_SRC (pad) ? "src_%u" : "sink_%u", id) == 1;
}

/* The first message of a channel; until then no other one is sent. The thread of the channel's source. */
static GstPadProbeReturn
on_first_sent (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const StreamRef *ref = user_data;
  VgwSctpStreams *self = ref->streams;
  g_mutex_lock (&self->lock);
  Stream *stream = g_hash_table_lookup (self->streams, GUINT_TO_POINTER (ref->id));
  if (stream != NULL)
    stream->is_acknowledged = TRUE;
  g_mutex_unlock (&self->lock);
  vgw_mailbox_post_bounded (self->mailbox, 1, self->acknowledged, NULL, NULL);
  return GST_PAD_PROBE_REMOVE;
}

/* Before anything is linked to @pad. On the thread that creates the channel. */
static void
on_channel_pad_added (GstElement *sctpenc, GstPad *pad, VgwSctpStreams *self)
{
  guint id;
  if (GST_PAD_IS_SINK (pad) && read_id (pad, &id))
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_first_sent, stream_ref_new (self, id), stream_ref_free);
}

/* On the thread of SCTP, with a lock of the association held. Before webrtcbin's own handler, which creates the
 * channel. */
static void
on_stream_added (GstElement *sctpdec, GstPad *pad, VgwSctpStreams *self)
{
  guint id;
  gboolean is_new;
  if (!read_id (pad, &id))
    return;
  g_mutex_lock (&self->lock);
  gboolean is_admitted = admit (self, id, &is_new);
  gboolean is_flood = self->n_refused > MAX_REFUSED;
  g_mutex_unlock (&self->lock);
  if (is_admitted)
    {
      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_message, NULL, NULL);
      return;
    }
  g_signal_stop_emission_by_name (sctpdec, "pad-added");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, drop_all, NULL, NULL);
  if (is_flood)
    {
      g_autoptr (GstPad) sink = gst_element_get_static_pad (sctpdec, "sink");
      gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop_all, NULL, NULL);
      vgw_sctp_streams_lose (self, "the client opened too many at once");
    }
  else if (is_new)
    vgw_mailbox_post (self->mailbox, handle_refusal, stream_ref_new (self, id), stream_ref_free);
}

/* The bin that is linked to @pad. (transfer full) (nullable) */
static GstElement *
find_linked (GstPad *pad)
{
  g_autoptr (GstPad) peer = pad != NULL ? gst_pad_get_peer (pad) : NULL;
  return peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
}

/* On the same thread, after webrtcbin's own handler, which has created and linked the bin. */
static void
on_stream_linked (GstElement *sctpdec, GstPad *pad, VgwSctpStreams *self)
{
  guint id;
  if (!read_id (pad, &id))
    return;
  g_mutex_lock (&self->lock);
  g_autoptr (GstElement) sctpenc = self->sctpenc != NULL ? gst_object_ref (self->sctpenc) : NULL;
  g_mutex_unlock (&self->lock);
  g_autofree char *name = g_strdup_printf ("sink_%u", id);
  g_autoptr (GstPad) enc_pad = sctpenc != NULL ? gst_element_get_static_pad (sctpenc, name) : NULL;
  g_autoptr (GstElement) sink_bin = find_linked (pad);
  g_autoptr (GstElement) src_bin = find_linked (enc_pad);

  g_mutex_lock (&self->lock);
  Stream *stream = g_hash_table_lookup (self->streams, GUINT_TO_POINTER (id));
  if (stream != NULL && stream->sink_bin == NULL)
    {
      stream->sink_bin = g_steal_pointer (&sink_bin);
      stream->src_bin = g_steal_pointer (&src_bin);
    }
  g_mutex_unlock (&self->lock);
}

static void
on_stream_removed (GstElement *sctpdec, GstPad *pad, VgwSctpStreams *self)
{
  guint id;
  if (!read_id (pad, &id))
    return;
  g_mutex_lock (&self->lock);
  Stream *stream = g_hash_table_lookup (self->streams, GUINT_TO_POINTER (id));
  if (stream != NULL && stream->is_refused)
    {
      g_hash_table_remove (self->streams, GUINT_TO_POINTER (id));
      self->n_refused--;
    }
  g_mutex_unlock (&self->lock);
}

/* A shutdown by the client. An abort and a timeout are errors on the bus. */
static void
on_association (GstElement *sctpenc, gboolean is_established, VgwSctpStreams *self)
{
  if (!is_established)
    vgw_sctp_streams_lose (self, "the client shut SCTP down");
}

static void
remove_bus (const GValue *item, gpointer user_data)
{
  gst_element_set_bus (g_value_get_object (item), NULL);
}

void
vgw_sctp_streams_silence (GstElement *element)
{
  if (!g_str_equal (G_OBJECT_TYPE_NAME (element), "WebRTCErrorIgnoreBin"))
    return;
  g_autoptr (GstIterator) children = gst_bin_iterate_elements (GST_BIN (element));
  gst_iterator_foreach (children, remove_bus, NULL);
}

/* Main thread, or that of webrtcbin. */
static void
on_element_added (GstBin *webrtcbin, GstElement *element, VgwSctpStreams *self)
{
  vgw_sctp_streams_silence (element);
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";
  gboolean is_dec = g_str_equal (name, "sctpdec");
  if (!is_dec && !g_str_equal (name, "sctpenc"))
    return;
  g_mutex_lock (&self->lock);
  if (self->webrtcbin != NULL)
    gst_object_replace ((GstObject **) (is_dec ? &self->sctpdec : &self->sctpenc), GST_OBJECT (element));
  g_mutex_unlock (&self->lock);
  if (!is_dec)
    {
      connect_with_ref (self, element, "sctp-association-established", G_CALLBACK (on_association), 0);
      connect_with_ref (self, element, "pad-added", G_CALLBACK (on_channel_pad_added), 0);
      return;
    }
  connect_with_ref (self, element, "pad-added", G_CALLBACK (on_stream_added), 0);
  connect_with_ref (self, element, "pad-added", G_CALLBACK (on_stream_linked), G_CONNECT_AFTER);
  connect_with_ref (self, element, "pad-removed", G_CALLBACK (on_stream_removed), 0);
}

VgwSctpStreams *
vgw_sctp_streams_new (GstElement *webrtcbin, guint max_open, const char *session_id, VgwMailbox *mailbox,
                      VgwMailboxFunc acknowledged)
{
  VgwSctpStreams *self = g_new0 (VgwSctpStreams, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->session_id = g_strdup (session_id);
  self->mailbox = vgw_mailbox_ref (mailbox);
  self->acknowledged = acknowledged;
  self->max_open = max_open;
  self->webrtcbin = webrtcbin;
  self->streams = g_hash_table_new_full (NULL, NULL, NULL, stream_free);
  connect_with_ref (self, webrtcbin, "element-added", G_CALLBACK (on_element_added), 0);
  return self;
}

VgwSctpStreams *
vgw_sctp_streams_ref (VgwSctpStreams *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_sctp_streams_unref (VgwSctpStreams *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->streams);
  g_mutex_clear (&self->lock);
  vgw_mailbox_unref (self->mailbox);
  g_free (self->session_id);
  g_free (self);
}

void
vgw_sctp_streams_add_own (VgwSctpStreams *self, int id)
{
  Stream *stream = g_new0 (Stream, 1);
  stream->is_own = TRUE;
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->streams, GINT_TO_POINTER (id), stream);
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_sctp_streams_may_send (VgwSctpStreams *self, int id)
{
  g_mutex_lock (&self->lock);
  const Stream *stream = g_hash_table_lookup (self->streams, GINT_TO_POINTER (id));
  gboolean may_send = !self->is_lost && stream != NULL && (stream->is_own || stream->is_acknowledged);
  g_mutex_unlock (&self->lock);
  return may_send;
}

/* webrtcbin before 1.24.x leaves both bins, and the thread of the appsrc in one, until the session ends. */
static void
release_bin (GstElement *webrtcbin, GstElement *bin)
{
  if (bin == NULL || GST_OBJECT_PARENT (bin) != GST_OBJECT (webrtcbin))
    return;
  gst_element_set_locked_state (bin, TRUE);
  gst_element_set_state (bin, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (webrtcbin), bin);
}

void
vgw_sctp_streams_remove (VgwSctpStreams *self, int id)
{
  gpointer stolen = NULL;
  g_mutex_lock (&self->lock);
  g_autoptr (GstElement) webrtcbin = self->webrtcbin != NULL ? gst_object_ref (self->webrtcbin) : NULL;
  g_hash_table_steal_extended (self->streams, GINT_TO_POINTER (id), NULL, &stolen);
  Stream *stream = stolen;
  if (stream != NULL && !stream->is_own && !stream->is_refused)
    self->n_open--;
  g_mutex_unlock (&self->lock);
  if (stream == NULL)
    return;
  if (webrtcbin != NULL)
    {
      release_bin (webrtcbin, stream->src_bin);
      release_bin (webrtcbin, stream->sink_bin);
    }
  stream_free (stream);
}

void
vgw_sctp_streams_lose (VgwSctpStreams *self, const char *why)
{
  g_mutex_lock (&self->lock);
  gboolean is_news = !self->is_lost && self->webrtcbin != NULL;
  self->is_lost = TRUE;
  g_mutex_unlock (&self->lock);
  if (is_news)
    vgw_info (self->session_id, "the data channels are closed (%s); the call continues without them", why);
}

gboolean
vgw_sctp_streams_is_lost (VgwSctpStreams *self)
{
  g_mutex_lock (&self->lock);
  gboolean is_lost = self->is_lost;
  g_mutex_unlock (&self->lock);
  return is_lost;
}

gboolean
vgw_sctp_streams_is_source (GstObject *source)
{
  GstElementFactory *factory = GST_IS_ELEMENT (source) ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;
  return factory != NULL && g_str_has_prefix (GST_OBJECT_NAME (factory), "sctp");
}

void
vgw_sctp_streams_close (VgwSctpStreams *self)
{
  g_mutex_lock (&self->lock);
  g_autoptr (GHashTable) streams = g_steal_pointer (&self->streams);
  g_autoptr (GstElement) sctpdec = g_steal_pointer (&self->sctpdec);
  g_autoptr (GstElement) sctpenc = g_steal_pointer (&self->sctpenc);
  self->streams = g_hash_table_new_full (NULL, NULL, NULL, stream_free);
  self->webrtcbin = NULL;
  g_mutex_unlock (&self->lock);
}
