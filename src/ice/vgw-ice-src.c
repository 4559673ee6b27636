/* There are two ways into webrtcbin, whose TransportReceiveBin has a capsfilter, a queue and dtlssrtpdec after this
 * element.
 *
 * Through the queue, at first: its pads are blocked until ICE is connected, and a DTLS handshake takes milliseconds of
 * RSA, for which the thread that serves all sessions must not wait.
 *
 * Around the queue, once vgw_ice_src_go_direct () was called and the queue is empty: packets are pushed to the pad
 * after it. A packet that the queue's thread has just dequeued may be overtaken; it is UDP. After RETIRE_AFTER_PACKETS
 * the queue's idle thread is ended. The queue itself stays, since webrtcbin continues to set its properties. */
#include "ice/vgw-ice-src.h"

#include "ice/vgw-ice-mux.h"

#define GST_CAT_DEFAULT vgw_ice_debug

/* The default of webrtcbin's receive queue is 5 MB: minutes of audio. This is a second of the busiest call. */
#define QUEUE_MAX_BYTES (128 * 1024)
#define QUEUE_LEAKS_DOWNSTREAM 2 /* GST_QUEUE_LEAK_DOWNSTREAM of the queue element: the oldest goes */
#define RETIRE_AFTER_PACKETS 50u

struct _VgwIceSrc
{
  VgwPushSrc parent_instance;

  GstElement *queue; /* (nullable) owned; constant once linked */
  gint wants_direct; /* atomic */

  /* pushing thread only */
  GstPad *direct; /* (nullable) owned; the pad behind the queue, once packets go there */
  guint n_direct; /* packets that went there, until the queue's thread is ended */
};

G_DEFINE_FINAL_TYPE (VgwIceSrc, vgw_ice_src, VGW_TYPE_PUSH_SRC)

static void
on_leaky_changed (GstElement *queue, GParamSpec *pspec, gpointer user_data)
{
  gint leaky;

  g_object_get (queue, "leaky", &leaky, NULL);
  if (leaky != QUEUE_LEAKS_DOWNSTREAM)
    g_object_set (queue, "leaky", QUEUE_LEAKS_DOWNSTREAM, NULL);
}

/* The element behind the pad that @element's source pad is linked to. Returns: (transfer full) (nullable) */
static GstElement *
get_next_element (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  g_autoptr (GstPad) peer = pad != NULL ? gst_pad_get_peer (pad) : NULL;

  return peer != NULL ? gst_pad_get_parent_element (peer) : NULL;
}

/* The thread that pushes serves many sessions and must not block. The queue decouples it from elements that block; but
 * webrtcbin switches its leaking off once ICE is connected, and a push into the full queue would block. Dropping the
 * oldest packets is right for live audio in any case. */
static void
keep_queue_leaky (GstPad *pad, GstPad *peer, VgwIceSrc *self)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (peer);
  GstElementFactory *factory;

  while (element != NULL)
    {
      g_autoptr (GstElement) next = NULL;

      factory = gst_element_get_factory (element);
      if (factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "queue"))
        {
          g_object_set (element, "max-size-bytes", QUEUE_MAX_BYTES, "leaky", QUEUE_LEAKS_DOWNSTREAM, NULL);
          g_signal_connect (element, "notify::leaky", G_CALLBACK (on_leaky_changed), NULL);
          g_set_object (&self->queue, element);
          return;
        }
      next = get_next_element (element);
      g_set_object (&element, next);
    }
  GST_WARNING_OBJECT (self, "no queue follows: one blocked session can block the others");
}

static void
vgw_ice_src_dispose (GObject *object)
{
  VgwIceSrc *self = VGW_ICE_SRC (object);

  g_clear_object (&self->direct);
  g_clear_object (&self->queue);
  G_OBJECT_CLASS (vgw_ice_src_parent_class)->dispose (object);
}

static void
vgw_ice_src_class_init (VgwIceSrcClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = vgw_ice_src_dispose;
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "ICE source", "Source/Network",
                                         "Packets of one session from the shared UDP port", "voice-gateway");
}

static void
vgw_ice_src_init (VgwIceSrc *self)
{
  g_signal_connect (vgw_push_src_get_pad (VGW_PUSH_SRC (self)), "linked", G_CALLBACK (keep_queue_leaky), self);
}

GstElement *
vgw_ice_src_new (void)
{
  return g_object_new (VGW_TYPE_ICE_SRC, NULL);
}

void
vgw_ice_src_go_direct (VgwIceSrc *self)
{
  g_return_if_fail (VGW_IS_ICE_SRC (self));
  g_atomic_int_set (&self->wants_direct, TRUE);
}

/* Whether packets are pushed around the queue now. Pushing thread. */
static gboolean
try_direct (VgwIceSrc *self)
{
  g_autoptr (GstPad) src = NULL;
  guint n_queued;

  if (self->direct != NULL)
    return TRUE;
  if (!g_atomic_int_get (&self->wants_direct) || self->queue == NULL)
    return FALSE;
  g_object_get (self->queue, "current-level-buffers", &n_queued, NULL);
  if (n_queued > 0)
    return FALSE;
  src = gst_element_get_static_pad (self->queue, "src");
  self->direct = gst_pad_get_peer (src);
  GST_DEBUG_OBJECT (self, "pushing around the queue");
  return self->direct != NULL;
}

/* Ends the queue's thread, which was idle for a second. The queue's state is not changed elsewhere meanwhile: the route
 * is stopped, which waits for the pushing thread, before the pipeline is set to NULL. */
static void
retire_queue (VgwIceSrc *self)
{
  gst_element_set_locked_state (self->queue, TRUE);
  gst_element_set_state (self->queue, GST_STATE_NULL);
}

void
vgw_ice_src_push (VgwIceSrc *self, const guint8 *data, gsize length)
{
  GstBuffer *buffer;
  GstFlowReturn flow;

  /* An audio packet has some 150 bytes. Copying them takes less time than a buffer pool, and a buffer of the exact size
   * makes the queue's limit in bytes exact. */
  buffer = gst_buffer_new_memdup (data, length);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = gst_element_get_current_running_time (GST_ELEMENT (self));
  if (!try_direct (self))
    flow = vgw_push_src_push (VGW_PUSH_SRC (self), buffer);
  else
    {
      flow = gst_pad_chain (self->direct, buffer);
      if (self->n_direct < RETIRE_AFTER_PACKETS && ++self->n_direct == RETIRE_AFTER_PACKETS)
        retire_queue (self);
    }
  if (flow != GST_FLOW_OK)
    GST_LOG_OBJECT (self, "dropped %" G_GSIZE_FORMAT " bytes: %s", length, gst_flow_get_name (flow));
}
