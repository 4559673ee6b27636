/* A jitter buffer for a receiver that does not play: the engine takes the caller's voice as it comes, so there is no
 * playout time to wait for, only order to keep. rtpjitterbuffer costs two threads and two wake-ups per packet for its
 * timers; this one works in the thread that brings the packet.
 *
 *   - A packet in order passes at once.
 *   - Behind a gap, packets wait for the missing one, for `latency` ms at most. The clock is the arrival time of later
 *     packets: with one packet each 20 ms, a loss is given up 0 to 20 ms after `latency`. Where nothing more arrives
 *     the last packets wait for the next one; then nobody speaks.
 *   - What is given up goes downstream as GstRTPPacketLost events, as rtpjitterbuffer does it: the depayloader makes
 *     gaps of them, the decoder conceals.
 *   - Late and repeated packets are dropped. A jump by more than MAX_DROPOUT or MAX_MISORDER packets (RFC 3550
 *     appendix A.1) is a sender that started again.
 *
 *   - Packets of `dtmf-payload-type` (RFC 4733) are taken out where it is their turn, and become the signal "dtmf", once
 *     for each key: at the packet with the end bit, or at the next other packet where all three of those were lost.
 *
 * PTS of the packets: arrival of the first one, plus what the RTP timestamps say since then. Nothing downstream waits
 * for it.
 *
 * rtpbin takes it by its signal "request-jitterbuffer"; of rtpjitterbuffer's interface it has what rtpbin and webrtcbin
 * ask for: `latency`, `stats`, `do-retransmission`, the signal "request-pt-map", the request pad sink_rtcp. */
#include "elements/vgw-jitter-buffer.h"

#include <gst/rtp/rtp.h>

#include "elements/vgw-dtmf.h"

GST_DEBUG_CATEGORY_STATIC (vgw_jitter_buffer_debug);
#define GST_CAT_DEFAULT vgw_jitter_buffer_debug

#define DEFAULT_LATENCY_MS 40
#define MAX_LATENCY_MS 5000
#define MAX_DROPOUT 150  /* 3 s of packets: more missing than that is a new stream */
#define MAX_MISORDER 100 /* RFC 3550 appendix A.1 */
#define MAX_HELD 256     /* packets behind a gap; at the longest latency and 20 ms there are 250 */
#define DEFAULT_CLOCK_RATE_HZ 48000
#define MAX_LOST_EVENTS 50 /* of one gap, 1 s; the last one has the rest of the time */

typedef struct
{
  GstBuffer *buffer;
  guint64 seqnum;    /* extended */
  guint32 timestamp; /* RTP */
  GstClockTime arrival;
  gboolean is_dtmf;
} Packet;

struct _VgwJitterBuffer
{
  GstElement parent_instance;

  GstPad *sink, *src; /* owned by the element */

  /* streaming thread only */
  GQueue held;          /* Packet*, by seqnum */
  gboolean is_started;
  guint64 next_seqnum;  /* extended; the one to send next */
  guint32 last_timestamp; /* RTP, of the last packet sent */
  guint64 ext_timestamp;  /* extended, of the same */
  guint64 base_timestamp; /* extended; stands for base_pts */
  GstClockTime base_pts;
  GstClockTime last_pts;
  gboolean is_discont;
  guint clock_rate_hz; /* 0 until asked for */
  guint8 payload_type;
  VgwDtmf dtmf;

  /* guarded by the object lock */
  guint latency_ms;
  gint dtmf_payload_type; /* -1 for none */
  guint64 n_pushed, n_lost, n_late, n_duplicates;
};

G_DEFINE_FINAL_TYPE (VgwJitterBuffer, vgw_jitter_buffer, GST_TYPE_ELEMENT)

enum
{
  PROP_LATENCY = 1,
  PROP_DO_RETRANSMISSION,
  PROP_DTMF_PAYLOAD_TYPE,
  PROP_STATS,
};

enum
{
  SIGNAL_REQUEST_PT_MAP,
  SIGNAL_DTMF,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template
    = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template
    = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate rtcp_template
    = GST_STATIC_PAD_TEMPLATE ("sink_rtcp", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtcp"));

static void
packet_free (Packet *packet)
{
  gst_clear_buffer (&packet->buffer);
  g_free (packet);
}

static void
count (VgwJitterBuffer *self, guint64 *counter, guint64 n)
{
  GST_OBJECT_LOCK (self);
  *counter += n;
  GST_OBJECT_UNLOCK (self);
}

static void
reset (VgwJitterBuffer *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) packet_free);
  self->is_started = FALSE;
  self->is_discont = TRUE;
  self->last_pts = GST_CLOCK_TIME_NONE;
  self->dtmf = (VgwDtmf){ 0 };
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static guint
read_clock_rate (const GstCaps *caps)
{
  gint rate = 0;

  if (caps == NULL || gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return 0;
  gst_structure_get_int (gst_caps_get_structure (caps, 0), "clock-rate", &rate);
  return MAX (rate, 0);
}

/* rtpbin knows the clock rate of a payload type; our own caps usually do not have it. */
static void
find_clock_rate (VgwJitterBuffer *self, guint8 payload_type)
{
  g_autoptr (GstCaps) caps = NULL;

  if (self->clock_rate_hz != 0 && self->payload_type == payload_type)
    return;
  self->payload_type = payload_type;
  g_signal_emit (self, signals[SIGNAL_REQUEST_PT_MAP], 0, (guint) payload_type, &caps);
  self->clock_rate_hz = read_clock_rate (caps);
  if (self->clock_rate_hz == 0)
    {
      g_autoptr (GstCaps) sink_caps = gst_pad_get_current_caps (self->sink);
      self->clock_rate_hz = read_clock_rate (sink_caps);
    }
  if (self->clock_rate_hz == 0)
    self->clock_rate_hz = DEFAULT_CLOCK_RATE_HZ;
}

/* The PTS of RTP time @timestamp, never before the last one. */
static GstClockTime
compute_pts (VgwJitterBuffer *self, guint32 timestamp)
{
  gint32 step = (gint32) (timestamp - self->last_timestamp);
  guint64 ext_timestamp = self->ext_timestamp + step;
  GstClockTime pts = self->base_pts;

  if (ext_timestamp > self->base_timestamp)
    pts += gst_util_uint64_scale_int (ext_timestamp - self->base_timestamp, GST_SECOND, self->clock_rate_hz);
  return GST_CLOCK_TIME_IS_VALID (self->last_pts) ? MAX (pts, self->last_pts) : pts;
}

/* @packet is the first of a stream: time goes on from its arrival. */
static void
start_stream (VgwJitterBuffer *self, const Packet *packet)
{
  self->is_started = TRUE;
  self->is_discont = TRUE;
  self->next_seqnum = packet->seqnum;
  self->last_timestamp = packet->timestamp;
  self->ext_timestamp = (G_GUINT64_CONSTANT (1) << 32) | packet->timestamp;
  self->base_timestamp = self->ext_timestamp;
  self->base_pts = packet->arrival;
  if (GST_CLOCK_TIME_IS_VALID (self->last_pts))
    self->base_pts = MAX (self->base_pts, self->last_pts);
}

/* --- keys ----------------------------------------------------------------------------------------------------------- */

static void
on_key (guint event, guint duration, gpointer user_data)
{
  VgwJitterBuffer *self = user_data;
  guint duration_ms = (guint) gst_util_uint64_scale_int (duration, 1000, MAX (self->clock_rate_hz, 1));

  g_signal_emit (self, signals[SIGNAL_DTMF], 0, event, duration_ms);
}

/* Takes @packet, a telephone event whose turn it is. */
static void
take_dtmf (VgwJitterBuffer *self, Packet *packet)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  self->next_seqnum = packet->seqnum + 1;
  if (gst_rtp_buffer_map (packet->buffer, GST_MAP_READ, &rtp))
    {
      vgw_dtmf_take (&self->dtmf, packet->timestamp, gst_rtp_buffer_get_payload (&rtp),
                     gst_rtp_buffer_get_payload_len (&rtp), on_key, self);
      gst_rtp_buffer_unmap (&rtp);
    }
  packet_free (packet);
}

/* --- downstream ----------------------------------------------------------------------------------------------------- */

/* Takes @packet, which is the next one. */
static GstFlowReturn
send_packet (VgwJitterBuffer *self, Packet *packet)
{
  GstClockTime pts;
  g_autoptr (GstBuffer) buffer = NULL;

  if (packet->is_dtmf)
    {
      take_dtmf (self, packet);
      return GST_FLOW_OK;
    }
  vgw_dtmf_finish (&self->dtmf, on_key, self);
  pts = compute_pts (self, packet->timestamp);
  buffer = gst_buffer_make_writable (g_steal_pointer (&packet->buffer));

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (self->is_discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->is_discont = FALSE;
  self->last_pts = pts;
  self->ext_timestamp += (gint32) (packet->timestamp - self->last_timestamp);
  self->last_timestamp = packet->timestamp;
  self->next_seqnum = packet->seqnum + 1;
  packet_free (packet);
  count (self, &self->n_pushed, 1);
  return gst_pad_push (self->src, g_steal_pointer (&buffer));
}

static void
send_lost_event (VgwJitterBuffer *self, guint64 seqnum, GstClockTime pts, GstClockTime duration)
{
  GstStructure *structure
      = gst_structure_new ("GstRTPPacketLost", "seqnum", G_TYPE_UINT, (guint) (seqnum & 0xffff), "timestamp",
                           G_TYPE_UINT64, pts, "duration", G_TYPE_UINT64, duration, "retry", G_TYPE_UINT, 0, NULL);

  gst_pad_push_event (self->src, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, structure));
}

/* Gives up what is missing before @packet. The time between the packets on both sides is shared out evenly. */
static void
send_lost (VgwJitterBuffer *self, const Packet *packet)
{
  guint64 n_lost = packet->seqnum - self->next_seqnum;
  guint64 n_events = MIN (n_lost, MAX_LOST_EVENTS);
  GstClockTime end = compute_pts (self, packet->timestamp);
  GstClockTime begin = GST_CLOCK_TIME_IS_VALID (self->last_pts) ? self->last_pts : end;
  GstClockTime spacing = (end - begin) / (n_lost + 1);

  GST_DEBUG_OBJECT (self, "lost %" G_GUINT64_FORMAT " packets from %" G_GUINT64_FORMAT, n_lost, self->next_seqnum);
  for (guint64 i = 0; i < n_events && end > begin; i++)
    {
      GstClockTime pts = begin + (i + 1) * spacing;
      send_lost_event (self, self->next_seqnum + i, pts, i + 1 < n_events ? spacing : end - pts);
    }
  count (self, &self->n_lost, n_lost);
  self->next_seqnum = packet->seqnum;
  self->is_discont = TRUE;
}

/* Sends what is in order now, and what has waited long enough at time @now. */
static GstFlowReturn
send_ready (VgwJitterBuffer *self, GstClockTime now, GstClockTime latency)
{
  GstFlowReturn flow = GST_FLOW_OK;
  Packet *first;

  while ((first = g_queue_peek_head (&self->held)) != NULL)
    {
      gboolean is_next = first->seqnum == self->next_seqnum;
      gboolean is_overdue = now >= first->arrival + latency || self->held.length > MAX_HELD;
      if (!is_next && !is_overdue)
        break;
      if (!is_next)
        send_lost (self, first);
      flow = send_packet (self, g_queue_pop_head (&self->held));
      if (flow != GST_FLOW_OK)
        break;
    }
  return flow;
}

/* --- upstream ------------------------------------------------------------------------------------------------------- */

/* Puts @packet (transfer full) among those that wait. FALSE, and it is gone, where it is there already. */
static gboolean
hold_packet (VgwJitterBuffer *self, Packet *packet)
{
  GList *after = self->held.tail;

  while (after != NULL && ((Packet *) after->data)->seqnum > packet->seqnum)
    after = after->prev;
  if (after != NULL && ((Packet *) after->data)->seqnum == packet->seqnum)
    {
      packet_free (packet);
      return FALSE;
    }
  g_queue_insert_after (&self->held, after, packet);
  return TRUE;
}

/* Sends all that waits, however long it has, and forgets the sequence. */
static void
drain (VgwJitterBuffer *self)
{
  send_ready (self, G_MAXINT64, 0);
  self->is_started = FALSE;
}

static GstFlowReturn
take_packet (VgwJitterBuffer *self, Packet *packet)
{
  gint16 distance = self->is_started ? (gint16) ((guint16) packet->seqnum - (guint16) self->next_seqnum) : 0;
  GstClockTime now = packet->arrival;
  GstClockTime latency;

  if (self->is_started && (distance > MAX_DROPOUT || distance < -MAX_MISORDER))
    drain (self);
  if (!self->is_started)
    {
      packet->seqnum |= 1 << 16; /* extended, so that a reordered first packet has one below it */
      start_stream (self, packet);
    }
  else
    packet->seqnum = self->next_seqnum + distance;

  if (packet->seqnum < self->next_seqnum)
    {
      count (self, &self->n_late, 1);
      packet_free (packet);
    }
  else if (packet->seqnum == self->next_seqnum && g_queue_is_empty (&self->held))
    return send_packet (self, packet);
  else if (!hold_packet (self, packet))
    count (self, &self->n_duplicates, 1);

  GST_OBJECT_LOCK (self);
  latency = self->latency_ms * GST_MSECOND;
  GST_OBJECT_UNLOCK (self);
  return send_ready (self, now, latency);
}

/* The buffer's own time is when it arrived; without one it is now. */
static GstClockTime
find_arrival (VgwJitterBuffer *self, GstBuffer *buffer)
{
  GstClockTime arrival = GST_BUFFER_DTS_OR_PTS (buffer);

  if (GST_CLOCK_TIME_IS_VALID (arrival))
    return arrival;
  arrival = gst_element_get_current_running_time (GST_ELEMENT (self));
  return GST_CLOCK_TIME_IS_VALID (arrival) ? arrival : 0;
}

static gboolean
is_dtmf (VgwJitterBuffer *self, guint8 payload_type)
{
  gboolean result;

  GST_OBJECT_LOCK (self);
  result = self->dtmf_payload_type == payload_type;
  GST_OBJECT_UNLOCK (self);
  return result;
}

static GstFlowReturn
on_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  VgwJitterBuffer *self = VGW_JITTER_BUFFER (parent);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  Packet *packet;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READ, &rtp))
    {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK; /* anybody can send this; it is not the stream's end */
    }
  packet = g_new0 (Packet, 1);
  packet->is_dtmf = is_dtmf (self, gst_rtp_buffer_get_payload_type (&rtp));
  if (!packet->is_dtmf)
    find_clock_rate (self, gst_rtp_buffer_get_payload_type (&rtp));
  packet->seqnum = gst_rtp_buffer_get_seq (&rtp);
  packet->timestamp = gst_rtp_buffer_get_timestamp (&rtp);
  packet->arrival = find_arrival (self, buffer);
  gst_rtp_buffer_unmap (&rtp);
  packet->buffer = buffer;
  return take_packet (self, packet);
}

static GstFlowReturn
on_rtcp_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer); /* for synchronising several streams; a call has one */
  return GST_FLOW_OK;
}

static gboolean
on_rtcp_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  VgwJitterBuffer *self = VGW_JITTER_BUFFER (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    drain (self);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    reset (self);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    self->clock_rate_hz = 0;
  return gst_pad_event_default (pad, parent, event);
}

/* --- the element ---------------------------------------------------------------------------------------------------- */

static GstPad *
vgw_jitter_buffer_request_new_pad (GstElement *element, GstPadTemplate *template, const char *name, const GstCaps *caps)
{
  GstPad *pad = gst_pad_new_from_static_template (&rtcp_template, "sink_rtcp");

  gst_pad_set_chain_function (pad, on_rtcp_chain);
  gst_pad_set_event_function (pad, on_rtcp_event);
  gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (element, pad);
  return pad;
}

static void
vgw_jitter_buffer_release_pad (GstElement *element, GstPad *pad)
{
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

static GstStateChangeReturn
vgw_jitter_buffer_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn result = GST_ELEMENT_CLASS (vgw_jitter_buffer_parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    reset (VGW_JITTER_BUFFER (element));
  return result;
}

static void
vgw_jitter_buffer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VgwJitterBuffer *self = VGW_JITTER_BUFFER (object);

  GST_OBJECT_LOCK (self);
  switch (id)
    {
    case PROP_LATENCY:
      g_value_set_uint (value, self->latency_ms);
      break;
    case PROP_DO_RETRANSMISSION:
      g_value_set_boolean (value, FALSE);
      break;
    case PROP_DTMF_PAYLOAD_TYPE:
      g_value_set_int (value, self->dtmf_payload_type);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, gst_structure_new ("application/x-rtp-jitterbuffer-stats", "num-pushed", G_TYPE_UINT64,
                                                    self->n_pushed, "num-lost", G_TYPE_UINT64, self->n_lost, "num-late",
                                                    G_TYPE_UINT64, self->n_late, "num-duplicates", G_TYPE_UINT64,
                                                    self->n_duplicates, NULL));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_jitter_buffer_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VgwJitterBuffer *self = VGW_JITTER_BUFFER (object);

  if (id == PROP_DO_RETRANSMISSION)
    return; /* webrtcbin sets it; a packet that is sent again comes too late for a conversation */
  GST_OBJECT_LOCK (self);
  if (id == PROP_LATENCY)
    self->latency_ms = g_value_get_uint (value);
  else if (id == PROP_DTMF_PAYLOAD_TYPE)
    self->dtmf_payload_type = g_value_get_int (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_jitter_buffer_finalize (GObject *object)
{
  g_queue_clear_full (&VGW_JITTER_BUFFER (object)->held, (GDestroyNotify) packet_free);
  G_OBJECT_CLASS (vgw_jitter_buffer_parent_class)->finalize (object);
}

static void
vgw_jitter_buffer_class_init (VgwJitterBufferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (vgw_jitter_buffer_debug, "vgwjitterbuffer", 0, "voice-gateway jitter buffer");
  object_class->get_property = vgw_jitter_buffer_get_property;
  object_class->set_property = vgw_jitter_buffer_set_property;
  object_class->finalize = vgw_jitter_buffer_finalize;
  element_class->request_new_pad = vgw_jitter_buffer_request_new_pad;
  element_class->release_pad = vgw_jitter_buffer_release_pad;
  element_class->change_state = vgw_jitter_buffer_change_state;

  g_object_class_install_property (
      object_class, PROP_LATENCY,
      g_param_spec_uint ("latency", "Latency", "How long a packet waits for one that is missing before it, in ms", 0,
                         MAX_LATENCY_MS, DEFAULT_LATENCY_MS, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_DO_RETRANSMISSION,
                                   g_param_spec_boolean ("do-retransmission", "Do retransmission",
                                                         "Accepted for webrtcbin; nothing is requested again", FALSE,
                                                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_DTMF_PAYLOAD_TYPE,
                                   g_param_spec_int ("dtmf-payload-type", "DTMF payload type",
                                                     "Payload type of telephone events (RFC 4733); -1 for none", -1, 127,
                                                     -1, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_STATS,
                                   g_param_spec_boxed ("stats", "Statistics",
                                                       "num-pushed, num-lost, num-late, num-duplicates",
                                                       GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  signals[SIGNAL_REQUEST_PT_MAP] = g_signal_new ("request-pt-map", VGW_TYPE_JITTER_BUFFER, G_SIGNAL_RUN_LAST, 0, NULL,
                                                 NULL, NULL, GST_TYPE_CAPS, 1, G_TYPE_UINT);
  /* (guint event, guint duration_ms), on the streaming thread */
  signals[SIGNAL_DTMF] = g_signal_new ("dtmf", VGW_TYPE_JITTER_BUFFER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_add_static_pad_template (element_class, &rtcp_template);
  gst_element_class_set_static_metadata (element_class, "Jitter buffer without threads", "Filter/Network/RTP",
                                         "Puts RTP packets into order in the thread that brings them",
                                         "The voice-gateway authors");
}

static void
vgw_jitter_buffer_init (VgwJitterBuffer *self)
{
  g_queue_init (&self->held);
  self->latency_ms = DEFAULT_LATENCY_MS;
  self->dtmf_payload_type = -1;
  self->last_pts = GST_CLOCK_TIME_NONE;
  self->sink = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sink, on_chain);
  gst_pad_set_event_function (self->sink, on_event);
  GST_PAD_SET_PROXY_CAPS (self->sink);
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
  self->src = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->src);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}
