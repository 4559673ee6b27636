/* A jitter buffer for a receiver without playout: the engine accepts the caller's audio at any time, so packets only
 * need to be put in order. rtpjitterbuffer needs two threads and two wake-ups per packet for its timers; this one runs
 * on the thread that pushes the packet.
 *
 *   - A packet in order passes at once.
 *   - After a gap, packets wait for the missing one as long as this path reorders packets (vgw-reorder-window.h), for
 *     `latency` ms at most. On most paths that is not at all: a loss delays what follows by nothing. Time is the
 *     arrival time of later packets: with a packet each 20 ms, a packet counts as lost 0 to 20 ms after the window.
 *     Where no more packets arrive the last ones stay in the buffer until there is another; the caller is silent then.
 *   - A loss is sent downstream as GstRTPPacketLost events, as by rtpjitterbuffer: the depayloader turns them into
 *     gaps, and the decoder conceals these.
 *   - Late and duplicate packets are dropped. A jump by more than MAX_DROPOUT or MAX_MISORDER packets (RFC 3550
 *     appendix A.1) is a restart of the sender.
 *
 *   - Packets of `dtmf-payload-type` (RFC 4733) are removed in their place in the order, and reported by the signal
 *     "dtmf", once for each key: with the first packet that has the end bit, or later where all three are lost.
 *   - Packets of any other payload type than `payload-type` (comfort noise, keepalives), and those without a payload,
 *     are removed in the same way; they count as received (RFC 3550 section 5.1: a receiver must ignore unknown payload
 *     types).
 *
 * PTS of the packets: see vgw-rtp-timeline.h. No element downstream waits for it.
 *
 * rtpbin gets it by its signal "request-jitterbuffer". Of rtpjitterbuffer's interface it has what rtpbin and webrtcbin
 * use: `latency`, `stats`, `do-retransmission`, the signal "request-pt-map", the request pad sink_rtcp. */
#include "elements/vgw-jitter-buffer.h"

#include <gst/rtp/rtp.h>

#include "elements/vgw-dtmf.h"
#include "elements/vgw-reorder-window.h"
#include "elements/vgw-rtp-held.h"
#include "elements/vgw-rtp-lost.h"
#include "elements/vgw-rtp-reception.h"
#include "elements/vgw-rtp-timeline.h"

GST_DEBUG_CATEGORY_STATIC (vgw_jitter_buffer_debug);
#define GST_CAT_DEFAULT vgw_jitter_buffer_debug

#define DEFAULT_LATENCY_MS 40
#define MAX_LATENCY_MS 5000
#define MAX_DROPOUT 150  /* 3 s of packets: a larger gap is a new stream */
#define MAX_MISORDER 100 /* RFC 3550 appendix A.1 */
#define MAX_HELD 256     /* packets after a gap; 250 with the longest latency and 20 ms packets */
#define DEFAULT_CLOCK_RATE_HZ 48000

typedef VgwRtpHeldPacket Packet;

struct _VgwJitterBuffer
{
  GstElement parent_instance;

  GstPad *sink, *src; /* owned by the element */

  /* streaming thread only */
  GQueue held; /* VgwRtpHeldPacket */
  gboolean is_started;
  guint64 next_seqnum; /* extended; the one to send next */
  guint64 n_missing;   /* given up since the last audio packet */
  VgwReorderWindow window;
  VgwRtpTimeline timeline;
  gboolean is_discont;
  guint clock_rate_hz; /* 0 until requested */
  VgwRtpCodec codec;   /* of the same payload type */
  guint8 payload_type;
  VgwDtmf dtmf;
  VgwRtpReception reception; /* read by any thread */

  /* guarded by the object lock */
  guint latency_ms;
  gint audio_payload_type; /* -1 for any */
  gint dtmf_payload_type;  /* -1 for none */
  guint dtmf_clock_rate_hz;
};

G_DEFINE_FINAL_TYPE (VgwJitterBuffer, vgw_jitter_buffer, GST_TYPE_ELEMENT)

enum
{
  PROP_LATENCY = 1,
  PROP_DO_RETRANSMISSION,
  PROP_PAYLOAD_TYPE,
  PROP_DTMF_PAYLOAD_TYPE,
  PROP_DTMF_CLOCK_RATE,
  PROP_STATS,
};

enum
{
  SIGNAL_REQUEST_PT_MAP,
  SIGNAL_DTMF,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate rtcp_template =
    GST_STATIC_PAD_TEMPLATE ("sink_rtcp", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtcp"));

static void
reset (VgwJitterBuffer *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) vgw_rtp_held_packet_free);
  self->is_started = FALSE;
  self->is_discont = TRUE;
  self->n_missing = 0;
  self->timeline = (VgwRtpTimeline){ 0 };
  self->window = (VgwReorderWindow){ 0 };
  self->dtmf = (VgwDtmf){ 0 };
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void
read_caps (VgwJitterBuffer *self, const GstCaps *caps)
{
  const GstStructure *structure;
  gint rate = 0;

  if (caps == NULL || gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return;
  structure = gst_caps_get_structure (caps, 0);
  gst_structure_get_int (structure, "clock-rate", &rate);
  self->clock_rate_hz = (guint) MAX (rate, 0);
  self->codec = vgw_rtp_codec_from_name (gst_structure_get_string (structure, "encoding-name"));
}

/* The clock rate of a payload type is requested from rtpbin; the caps usually do not have it. */
static void
find_clock_rate (VgwJitterBuffer *self, guint8 payload_type)
{
  g_autoptr (GstCaps) caps = NULL;

  if (self->clock_rate_hz != 0 && self->payload_type == payload_type)
    return;
  self->payload_type = payload_type;
  self->clock_rate_hz = 0;
  self->codec = VGW_RTP_CODEC_OTHER;
  g_signal_emit (self, signals[SIGNAL_REQUEST_PT_MAP], 0, (guint) payload_type, &caps);
  read_caps (self, caps);
  if (self->clock_rate_hz == 0)
    {
      g_autoptr (GstCaps) sink_caps = gst_pad_get_current_caps (self->sink);
      read_caps (self, sink_caps);
    }
  if (self->clock_rate_hz == 0)
    self->clock_rate_hz = DEFAULT_CLOCK_RATE_HZ;
  vgw_rtp_timeline_set_clock_rate (&self->timeline, self->clock_rate_hz);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void
on_key (guint event, guint duration, gpointer user_data)
{
  VgwJitterBuffer *self = user_data;
  guint duration_ms;

  GST_OBJECT_LOCK (self);
  duration_ms = (guint) gst_util_uint64_scale_int (duration, 1000, (gint) self->dtmf_clock_rate_hz);
  GST_OBJECT_UNLOCK (self);
  g_signal_emit (self, signals[SIGNAL_DTMF], 0, event, duration_ms);
}

static gint64
arrival_us (const Packet *packet)
{
  return (gint64) (packet->arrival / GST_USECOND);
}

/* Handles @packet (transfer full), not audio, which is the next one. */
static void
handle_other (VgwJitterBuffer *self, Packet *packet)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  self->next_seqnum = packet->seqnum + 1;
  if (packet->kind == VGW_RTP_OTHER)
    vgw_rtp_reception_count (&self->reception, VGW_RTP_RECEPTION_IGNORED, 1);
  else if (gst_rtp_buffer_map (packet->buffer, GST_MAP_READ, &rtp))
    {
      vgw_dtmf_handle (&self->dtmf, packet->timestamp, packet->is_marked, gst_rtp_buffer_get_payload (&rtp),
                       gst_rtp_buffer_get_payload_len (&rtp), arrival_us (packet), on_key, self);
      gst_rtp_buffer_unmap (&rtp);
    }
  vgw_rtp_held_packet_free (packet);
}

/* --- downstream --------------------------------------------------------------------------------------------------- */

/* Sends @packet (transfer full), audio, which is the next one. */
static GstFlowReturn
send_audio (VgwJitterBuffer *self, Packet *packet)
{
  GstClockTime longest = vgw_rtp_timeline_get_duration (&self->timeline);
  g_autoptr (GstBuffer) buffer = NULL;
  GstClockTime pts, gap_begin;

  vgw_dtmf_expire (&self->dtmf, arrival_us (packet), on_key, self);
  pts = vgw_rtp_timeline_place (&self->timeline, packet->timestamp, packet->duration, self->n_missing, packet->arrival,
                                &gap_begin);
  if (self->n_missing > 0)
    {
      GST_DEBUG_OBJECT (self, "lost %" G_GUINT64_FORMAT " packets before %" G_GUINT64_FORMAT, self->n_missing,
                        packet->seqnum);
      vgw_rtp_lost_send (self->src, packet->seqnum, self->n_missing, gap_begin, pts, longest);
      self->n_missing = 0;
      self->is_discont = TRUE;
    }
  buffer = gst_buffer_make_writable (g_steal_pointer (&packet->buffer));
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (self->is_discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->is_discont = FALSE;
  self->next_seqnum = packet->seqnum + 1;
  vgw_rtp_reception_count (&self->reception, VGW_RTP_RECEPTION_PUSHED, 1);
  vgw_rtp_reception_count (&self->reception, VGW_RTP_RECEPTION_BYTES, packet->payload_length);
  vgw_rtp_held_packet_free (packet);
  return gst_pad_push (self->src, g_steal_pointer (&buffer));
}

/* Handles @packet (transfer full), which is the next one. */
static GstFlowReturn
send_packet (VgwJitterBuffer *self, Packet *packet)
{
  if (packet->kind == VGW_RTP_AUDIO)
    return send_audio (self, packet);
  handle_other (self, packet);
  return GST_FLOW_OK;
}

static void
give_up (VgwJitterBuffer *self, const Packet *packet)
{
  guint64 n_lost = packet->seqnum - self->next_seqnum;

  vgw_reorder_window_give_up (&self->window, self->next_seqnum, packet->seqnum, packet->arrival);
  vgw_rtp_reception_count (&self->reception, VGW_RTP_RECEPTION_LOST, n_lost);
  self->n_missing += n_lost;
  self->next_seqnum = packet->seqnum;
}

/* Sends the packets that are in order, or have waited for @window at time @now. */
static GstFlowReturn
send_ready (VgwJitterBuffer *self, GstClockTime now, GstClockTime window)
{
  GstFlowReturn flow = GST_FLOW_OK;
  Packet *first;

  while ((first = g_queue_peek_head (&self->held)) != NULL)
    {
      gboolean is_next = first->seqnum == self->next_seqnum;
      gboolean is_overdue = now >= first->arrival + window || self->held.length > MAX_HELD;
      if (!is_next && !is_overdue)
        break;
      if (!is_next)
        give_up (self, first);
      flow = send_packet (self, g_queue_pop_head (&self->held));
      if (flow != GST_FLOW_OK)
        break;
    }
  return flow;
}

/* --- upstream ----------------------------------------------------------------------------------------------------- */

/* Sends all held packets, and resets the sequence. */
static void
drain (VgwJitterBuffer *self)
{
  send_ready (self, G_MAXINT64, 0);
  /* packets that a failed pipeline did not accept have numbers of the old stream */
  g_queue_clear_full (&self->held, (GDestroyNotify) vgw_rtp_held_packet_free);
  vgw_dtmf_finish (&self->dtmf, on_key, self);
  self->is_started = FALSE;
}

/* @packet is the first of a stream. */
static void
start_stream (VgwJitterBuffer *self, Packet *packet)
{
  packet->seqnum |= 1 << 16; /* extended by a cycle, so that a reordered packet before the first one is not negative */
  self->is_started = TRUE;
  self->is_discont = TRUE;
  self->n_missing = 0;
  self->next_seqnum = packet->seqnum;
  vgw_reorder_window_restart (&self->window, packet->arrival);
  vgw_rtp_timeline_restart (&self->timeline);
  vgw_rtp_reception_restart (&self->reception);
}

/* @packet is not a duplicate. */
static void
learn (VgwJitterBuffer *self, const Packet *packet, GstClockTime latency)
{
  const Packet *overtaking = vgw_rtp_held_find_overtaking (&self->held, packet->seqnum);

  if (packet->seqnum < self->next_seqnum)
    vgw_reorder_window_learn_late (&self->window, packet->seqnum, packet->arrival, latency);
  else if (overtaking != NULL)
    vgw_reorder_window_learn (&self->window, overtaking->arrival, packet->arrival, latency);
}

static GstFlowReturn
handle_packet (VgwJitterBuffer *self, Packet *packet)
{
  gint16 distance = self->is_started ? (gint16) ((guint16) packet->seqnum - (guint16) self->next_seqnum) : 0;
  GstClockTime now = packet->arrival;
  GstClockTime latency;
  gboolean is_late, is_new;

  if (self->is_started && (distance > MAX_DROPOUT || distance < -MAX_MISORDER))
    drain (self);
  if (!self->is_started)
    start_stream (self, packet);
  else
    packet->seqnum = self->next_seqnum + distance;

  is_late = packet->seqnum < self->next_seqnum;
  if (packet->kind == VGW_RTP_AUDIO)
    vgw_rtp_reception_time (&self->reception, packet->timestamp, self->clock_rate_hz, now);
  is_new = vgw_rtp_reception_add (&self->reception, packet->seqnum, is_late);
  if (is_new && packet->seqnum == self->next_seqnum && self->held.length == 0)
    return send_packet (self, packet);

  GST_OBJECT_LOCK (self);
  latency = self->latency_ms * GST_MSECOND;
  GST_OBJECT_UNLOCK (self);
  if (is_new)
    learn (self, packet, latency);
  if (!is_new || is_late)
    vgw_rtp_held_packet_free (packet);
  else if (!vgw_rtp_held_add (&self->held, packet))
    vgw_rtp_reception_count (&self->reception, VGW_RTP_RECEPTION_DUPLICATES, 1);
  return send_ready (self, now, vgw_reorder_window_get (&self->window, now, latency));
}

/* The buffer's timestamp is its arrival time; without one it is now. */
static GstClockTime
find_arrival (VgwJitterBuffer *self, GstBuffer *buffer)
{
  GstClockTime arrival = GST_BUFFER_DTS_OR_PTS (buffer);

  if (GST_CLOCK_TIME_IS_VALID (arrival))
    return arrival;
  arrival = gst_element_get_current_running_time (GST_ELEMENT (self));
  return GST_CLOCK_TIME_IS_VALID (arrival) ? arrival : 0;
}

/* Fills @packet from the RTP header. FALSE where there is none. */
static gboolean
read_packet (VgwJitterBuffer *self, Packet *packet, GstBuffer *buffer)
{
  VgwRtpPacket rtp;
  GstMapInfo map;
  gboolean is_rtp;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  is_rtp = vgw_rtp_packet_parse (&rtp, map.data, map.size);
  if (is_rtp)
    {
      GST_OBJECT_LOCK (self);
      packet->kind = vgw_rtp_packet_get_kind (rtp.payload_type, rtp.payload_length, self->audio_payload_type,
                                              self->dtmf_payload_type);
      GST_OBJECT_UNLOCK (self);
      if (packet->kind == VGW_RTP_AUDIO)
        {
          find_clock_rate (self, rtp.payload_type);
          packet->duration = vgw_rtp_codec_get_duration (self->codec, rtp.payload, rtp.payload_length);
        }
      packet->seqnum = rtp.seqnum;
      packet->timestamp = rtp.timestamp;
      packet->is_marked = rtp.is_marked;
      packet->payload_length = rtp.payload_length;
    }
  gst_buffer_unmap (buffer, &map);
  return is_rtp;
}

static GstFlowReturn
on_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  VgwJitterBuffer *self = VGW_JITTER_BUFFER (parent);
  Packet *packet = g_new0 (Packet, 1);

  if (!read_packet (self, packet, buffer))
    {
      gst_buffer_unref (buffer);
      g_free (packet);
      return GST_FLOW_OK; /* not an error of the stream: anybody can send this */
    }
  packet->arrival = find_arrival (self, buffer);
  packet->buffer = buffer;
  return handle_packet (self, packet);
}

static GstFlowReturn
on_rtcp_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer); /* only needed to synchronise several streams */
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

/* --- the element -------------------------------------------------------------------------------------------------- */

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
    case PROP_PAYLOAD_TYPE:
      g_value_set_int (value, self->audio_payload_type);
      break;
    case PROP_DTMF_PAYLOAD_TYPE:
      g_value_set_int (value, self->dtmf_payload_type);
      break;
    case PROP_DTMF_CLOCK_RATE:
      g_value_set_uint (value, self->dtmf_clock_rate_hz);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, vgw_rtp_reception_to_structure (&self->reception));
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
    return; /* set by webrtcbin; a retransmission is too late for a conversation */
  GST_OBJECT_LOCK (self);
  if (id == PROP_LATENCY)
    self->latency_ms = g_value_get_uint (value);
  else if (id == PROP_PAYLOAD_TYPE)
    self->audio_payload_type = g_value_get_int (value);
  else if (id == PROP_DTMF_PAYLOAD_TYPE)
    self->dtmf_payload_type = g_value_get_int (value);
  else if (id == PROP_DTMF_CLOCK_RATE)
    self->dtmf_clock_rate_hz = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_jitter_buffer_finalize (GObject *object)
{
  g_queue_clear_full (&VGW_JITTER_BUFFER (object)->held, (GDestroyNotify) vgw_rtp_held_packet_free);
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

  g_object_class_install_property (object_class, PROP_LATENCY,
                                   g_param_spec_uint ("latency", "Latency", "Longest wait for a missing packet, in ms",
                                                      0, MAX_LATENCY_MS, DEFAULT_LATENCY_MS,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_DO_RETRANSMISSION,
                                   g_param_spec_boolean ("do-retransmission", "Do retransmission",
                                                         "Accepted for webrtcbin; retransmissions are never requested",
                                                         FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_PAYLOAD_TYPE,
                                   g_param_spec_int ("payload-type", "Payload type",
                                                     "Payload type of the audio, all others are ignored; -1 for any",
                                                     -1, 127, -1, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_DTMF_PAYLOAD_TYPE,
                                   g_param_spec_int ("dtmf-payload-type", "DTMF payload type",
                                                     "Payload type of telephone events (RFC 4733); -1 for none", -1,
                                                     127, -1, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (
      object_class, PROP_DTMF_CLOCK_RATE,
      g_param_spec_uint ("dtmf-clock-rate", "DTMF clock rate", "Clock rate of the telephone events' durations, in Hz",
                         1, 192000, DEFAULT_CLOCK_RATE_HZ, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_STATS,
                                   g_param_spec_boxed ("stats", "Statistics", "See vgw_rtp_reception_to_structure ()",
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
                                         "Orders RTP packets on the thread that pushes them",
                                         "The voice-gateway authors");
}

static void
vgw_jitter_buffer_init (VgwJitterBuffer *self)
{
  g_queue_init (&self->held);
  self->latency_ms = DEFAULT_LATENCY_MS;
  self->audio_payload_type = self->dtmf_payload_type = -1;
  self->dtmf_clock_rate_hz = DEFAULT_CLOCK_RATE_HZ;
  self->sink = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sink, on_chain);
  gst_pad_set_event_function (self->sink, on_event);
  GST_PAD_SET_PROXY_CAPS (self->sink);
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
  self->src = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->src);
  gst_element_add_pad (GST_ELEMENT (self), self->src);
}
