/* Opus with plain opus_decode () calls. The multistream calls of opusdec query the CPU's features for every packet,
 * which takes more time than decoding where CPUID traps, that is, on virtual machines.
 *
 * Loss: the jitter buffer reports a lost packet, the depayloader turns that into a GAP event, and the base class passes
 * it on as an empty frame. With in-band FEC the packet after the gap has a coarse copy of the frame before it. So a gap
 * is held until the next input:
 *   a packet:      the end of the gap is decoded from its FEC data; the rest, or all where it has none, is concealed;
 *   another gap:   the first one is concealed, the second one is held;
 *   drain, caps:   the held gap is concealed.
 * This adds no delay: the jitter buffer detects a loss by a later packet, which follows the last gap at once. One gap
 * is held at most. That is the difference to opusdec's use-inband-fec, which delays every frame by one.
 *
 * A packet that libopus refuses is concealed like a lost one, and counted; it is not an error of the stream, since
 * anybody who can send RTP can send such a packet. */
#include "elements/vgw-opus-dec.h"

#include <opus.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (vgw_opus_dec_debug);
#define GST_CAT_DEFAULT vgw_opus_dec_debug

#define DEFAULT_RATE_HZ 48000
#define DEFAULT_CHANNELS 1 /* libopus downmixes stereo packets */
#define DEFAULT_FRAME_MS 20
#define MAX_DTX_BYTES 2           /* opus_encode (): such a packet "does not need to be transmitted" */
#define MAX_PACKET_MS 120         /* RFC 6716 section 3.2.5 */
#define UNITS_PER_SECOND 400      /* libopus conceals in steps of 2.5 ms */
#define FIRST_CELT_ONLY_CONFIG 16 /* RFC 6716 table 2: from here on there is no SILK layer, hence no FEC */

struct _VgwOpusDec
{
  GstAudioDecoder parent_instance;

  /* streaming thread only */
  OpusDecoder *decoder; /* NULL until caps are known */
  gint rate_hz;
  gint n_channels;
  gint n_last_samples; /* per channel, of the last good packet; 0 before the first one */
  gboolean has_gap;    /* the base class's oldest frame is a gap that is held back */
  gint n_gap_samples;

  /* guarded by the object lock */
  gboolean use_inband_fec;
  guint64 n_packets, n_corrupt, n_concealed, n_recovered;
  GstClockTime concealed_time, recovered_time;
};

G_DEFINE_TYPE (VgwOpusDec, vgw_opus_dec, GST_TYPE_AUDIO_DECODER)

enum
{
  PROP_USE_INBAND_FEC = 1,
  PROP_STATS,
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-opus, channel-mapping-family = (int) 0"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                             GST_STATIC_CAPS ("audio/x-raw, format = (string) " GST_AUDIO_NE (
                                 S16) ", layout = (string) interleaved, "
                                      "rate = (int) { 48000, 24000, 16000, 12000, 8000 }, channels = (int) [ 1, 2 ]"));

static void
count (VgwOpusDec *self, guint64 *counter)
{
  GST_OBJECT_LOCK (self);
  (*counter)++;
  GST_OBJECT_UNLOCK (self);
}

static gsize
bytes_of (const VgwOpusDec *self, gint n_samples)
{
  return (gsize) n_samples * (gsize) self->n_channels * sizeof (gint16);
}

/* The number of samples to conceal for @duration: whole steps of libopus, at least one, and at most the longest packet,
 * after which concealment is silence. */
static gint
gap_samples (const VgwOpusDec *self, GstClockTime duration)
{
  gint n_per_unit = self->rate_hz / UNITS_PER_SECOND;
  gint n_max = self->rate_hz * MAX_PACKET_MS / 1000;
  guint64 n_samples;

  if (!GST_CLOCK_TIME_IS_VALID (duration) || duration == 0)
    return self->n_last_samples;
  n_samples = gst_util_uint64_scale (duration, (guint64) self->rate_hz, GST_SECOND) + (guint64) n_per_unit / 2;
  n_samples = n_samples / (guint64) n_per_unit * (guint64) n_per_unit;
  return (gint) CLAMP (n_samples, (guint64) n_per_unit, (guint64) n_max);
}

/* Whether the packet's first frame has a copy of the frame before it: the LBRR flag of RFC 6716 section 4.2.3, after
 * one voice activity flag for each SILK frame. The first bits of a range coder with even odds can be read directly. */
static gboolean
has_fec (const guint8 *data, gint size)
{
  const unsigned char *frames[48];
  opus_int16 sizes[48];
  gint n_silk_frames, n_opus_frames;
  gboolean is_set;

  if (data[0] >> 3 >= FIRST_CELT_ONLY_CONFIG)
    return FALSE;
  n_opus_frames = opus_packet_parse (data, size, NULL, frames, sizes, NULL);
  if (n_opus_frames <= 0 || sizes[0] <= 0)
    return FALSE;
  n_silk_frames = MAX (opus_packet_get_samples_per_frame (data, 1000) / DEFAULT_FRAME_MS, 1);
  is_set = (frames[0][0] >> (7 - n_silk_frames)) & 1;
  if (opus_packet_get_nb_channels (data) == 2)
    is_set = is_set || ((frames[0][0] >> (6 - 2 * n_silk_frames)) & 1);
  return is_set;
}

/* Decodes @n_samples per channel from @data (NULL: conceals) and sends them downstream for the oldest frame. Conceals
 * where libopus refuses the data. A packet without audio is the first of a pause of the sender. */
static GstFlowReturn
output (VgwOpusDec *self, const guint8 *data, gint size, gint n_samples, gboolean is_fec)
{
  GstAudioDecoder *base = GST_AUDIO_DECODER (self);
  GstBuffer *buffer = gst_audio_decoder_allocate_output_buffer (base, bytes_of (self, n_samples));
  GstMapInfo map;
  gint n_decoded;

  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_WRITE))
    {
      gst_clear_buffer (&buffer);
      return gst_audio_decoder_finish_frame (base, NULL, 1);
    }
  n_decoded = opus_decode (self->decoder, data, size, (opus_int16 *) map.data, n_samples, is_fec);
  if (n_decoded < 0 && data != NULL)
    {
      GST_DEBUG_OBJECT (self, "packet of %d bytes refused: %s", size, opus_strerror (n_decoded));
      if (!is_fec)
        count (self, &self->n_corrupt);
      n_decoded = opus_decode (self->decoder, NULL, 0, (opus_int16 *) map.data, n_samples, 0);
    }
  if (n_decoded < 0)
    {
      memset (map.data, 0, map.size);
      n_decoded = n_samples;
    }
  gst_buffer_unmap (buffer, &map);
  gst_buffer_set_size (buffer, (gssize) bytes_of (self, n_decoded));
  if (data != NULL && size <= MAX_DTX_BYTES)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  return gst_audio_decoder_finish_frame (base, buffer, 1);
}

/* Outputs the held gap, if there is one, with the FEC data of the packet after it (@data NULL: without). */
static GstFlowReturn
release_gap (VgwOpusDec *self, const guint8 *data, gint size)
{
  GstClockTime duration;
  gboolean is_fec;

  if (!self->has_gap)
    return GST_FLOW_OK;
  self->has_gap = FALSE;
  duration = gst_util_uint64_scale_int ((guint64) self->n_gap_samples, GST_SECOND, self->rate_hz);
  GST_OBJECT_LOCK (self);
  is_fec = self->use_inband_fec && data != NULL && has_fec (data, size);
  self->n_recovered += is_fec;
  self->n_concealed += !is_fec;
  self->recovered_time += is_fec ? duration : 0;
  self->concealed_time += is_fec ? 0 : duration;
  GST_OBJECT_UNLOCK (self);
  GST_LOG_OBJECT (self, "%s %d samples", is_fec ? "recovering" : "concealing", self->n_gap_samples);
  return output (self, is_fec ? data : NULL, is_fec ? size : 0, self->n_gap_samples, is_fec);
}

static GstFlowReturn
hold_gap (VgwOpusDec *self, GstClockTime duration)
{
  GstFlowReturn flow = release_gap (self, NULL, 0);

  if (self->n_last_samples == 0)
    return gst_audio_decoder_finish_frame (GST_AUDIO_DECODER (self), NULL, 1); /* nothing to conceal from */
  self->n_gap_samples = gap_samples (self, duration);
  self->has_gap = TRUE;
  return flow;
}

static GstFlowReturn
decode_packet (VgwOpusDec *self, const guint8 *data, gint size)
{
  gint n_samples = opus_packet_get_nb_samples (data, size, self->rate_hz); /* refuses more than 120 ms */
  GstFlowReturn flow;

  count (self, &self->n_packets);
  if (n_samples <= 0)
    {
      gint n_guess = self->n_last_samples > 0 ? self->n_last_samples : self->rate_hz * DEFAULT_FRAME_MS / 1000;

      count (self, &self->n_corrupt);
      flow = release_gap (self, NULL, 0);
      return flow == GST_FLOW_OK ? output (self, NULL, 0, n_guess, FALSE) : flow;
    }
  flow = release_gap (self, data, size);
  if (flow != GST_FLOW_OK)
    return flow;
  self->n_last_samples = n_samples;
  return output (self, data, size, n_samples, FALSE);
}

static GstFlowReturn
vgw_opus_dec_handle_frame (GstAudioDecoder *base, GstBuffer *buffer)
{
  VgwOpusDec *self = VGW_OPUS_DEC (base);
  GstFlowReturn flow;
  GstMapInfo map;

  if (buffer == NULL)
    return release_gap (self, NULL, 0);
  if (self->decoder == NULL)
    return gst_audio_decoder_finish_frame (base, NULL, 1);
  if (gst_buffer_get_size (buffer) == 0)
    return hold_gap (self, GST_BUFFER_DURATION (buffer));
  /* finish_frame () drops the frame while it is still mapped here */
  gst_buffer_ref (buffer);
  if (gst_buffer_map (buffer, &map, GST_MAP_READ))
    {
      flow = decode_packet (self, map.data, (gint) MIN (map.size, G_MAXINT32));
      gst_buffer_unmap (buffer, &map);
    }
  else
    flow = gst_audio_decoder_finish_frame (base, NULL, 1);
  gst_buffer_unref (buffer);
  return flow;
}

/* Selects rate and channels by downstream's preference, and sets the output format. */
static gboolean
negotiate_output (VgwOpusDec *self)
{
  GstAudioDecoder *base = GST_AUDIO_DECODER (self);
  g_autoptr (GstCaps) caps = gst_pad_get_allowed_caps (GST_AUDIO_DECODER_SRC_PAD (base));
  GstStructure *structure;
  GstAudioInfo info;

  if (caps == NULL)
    caps = gst_pad_get_pad_template_caps (GST_AUDIO_DECODER_SRC_PAD (base));
  if (gst_caps_is_empty (caps))
    return FALSE;
  caps = gst_caps_truncate (g_steal_pointer (&caps));
  caps = gst_caps_make_writable (g_steal_pointer (&caps));
  structure = gst_caps_get_structure (caps, 0);
  gst_structure_fixate_field_nearest_int (structure, "rate", DEFAULT_RATE_HZ);
  gst_structure_fixate_field_nearest_int (structure, "channels", DEFAULT_CHANNELS);
  if (!gst_structure_get_int (structure, "rate", &self->rate_hz)
      || !gst_structure_get_int (structure, "channels", &self->n_channels))
    return FALSE;
  gst_audio_info_init (&info);
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16, self->rate_hz, self->n_channels, NULL);
  return gst_audio_decoder_set_output_format (base, &info);
}

static gboolean
vgw_opus_dec_set_format (GstAudioDecoder *base, GstCaps *caps)
{
  VgwOpusDec *self = VGW_OPUS_DEC (base);
  int status = OPUS_OK;

  release_gap (self, NULL, 0);
  g_clear_pointer (&self->decoder, opus_decoder_destroy);
  self->n_last_samples = 0;
  if (!negotiate_output (self))
    return FALSE;
  self->decoder = opus_decoder_create (self->rate_hz, self->n_channels, &status);
  if (self->decoder == NULL)
    {
      GST_ELEMENT_ERROR (self, LIBRARY, INIT, (NULL), ("opus_decoder_create: %s", opus_strerror (status)));
      return FALSE;
    }
  GST_INFO_OBJECT (self, "decoding to %d Hz, %d channels", self->rate_hz, self->n_channels);
  return TRUE;
}

static gboolean
vgw_opus_dec_start (GstAudioDecoder *base)
{
  VgwOpusDec *self = VGW_OPUS_DEC (base);

  gst_audio_decoder_set_plc_aware (base, TRUE);
  GST_OBJECT_LOCK (self);
  self->n_packets = self->n_corrupt = self->n_concealed = self->n_recovered = 0;
  self->concealed_time = self->recovered_time = 0;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
vgw_opus_dec_stop (GstAudioDecoder *base)
{
  VgwOpusDec *self = VGW_OPUS_DEC (base);

  g_clear_pointer (&self->decoder, opus_decoder_destroy);
  self->has_gap = FALSE;
  self->n_last_samples = 0;
  return TRUE;
}

static void
vgw_opus_dec_flush (GstAudioDecoder *base, gboolean is_hard)
{
  VgwOpusDec *self = VGW_OPUS_DEC (base);

  /* the base class drops its frames now, including the held gap */
  self->has_gap = FALSE;
  if (is_hard && self->decoder != NULL)
    {
      opus_decoder_ctl (self->decoder, OPUS_RESET_STATE);
      self->n_last_samples = 0;
    }
}

static void
vgw_opus_dec_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *pspec)
{
  VgwOpusDec *self = VGW_OPUS_DEC (object);

  if (property_id != PROP_USE_INBAND_FEC)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      return;
    }
  GST_OBJECT_LOCK (self);
  self->use_inband_fec = g_value_get_boolean (value);
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_opus_dec_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  VgwOpusDec *self = VGW_OPUS_DEC (object);

  GST_OBJECT_LOCK (self);
  if (property_id == PROP_USE_INBAND_FEC)
    g_value_set_boolean (value, self->use_inband_fec);
  else if (property_id == PROP_STATS)
    g_value_take_boxed (value, gst_structure_new ("vgwopusdec-stats", "packets", G_TYPE_UINT64, self->n_packets,
                                                  "corrupt", G_TYPE_UINT64, self->n_corrupt, "concealed", G_TYPE_UINT64,
                                                  self->n_concealed, "recovered", G_TYPE_UINT64, self->n_recovered,
                                                  "concealed-time", G_TYPE_UINT64, self->concealed_time,
                                                  "recovered-time", G_TYPE_UINT64, self->recovered_time, NULL));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_opus_dec_finalize (GObject *object)
{
  g_clear_pointer (&VGW_OPUS_DEC (object)->decoder, opus_decoder_destroy);
  G_OBJECT_CLASS (vgw_opus_dec_parent_class)->finalize (object);
}

static void
vgw_opus_dec_class_init (VgwOpusDecClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioDecoderClass *decoder_class = GST_AUDIO_DECODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (vgw_opus_dec_debug, "vgwopusdec", 0, "Opus decoder of voice-gateway");
  object_class->set_property = vgw_opus_dec_set_property;
  object_class->get_property = vgw_opus_dec_get_property;
  object_class->finalize = vgw_opus_dec_finalize;
  decoder_class->start = vgw_opus_dec_start;
  decoder_class->stop = vgw_opus_dec_stop;
  decoder_class->flush = vgw_opus_dec_flush;
  decoder_class->set_format = vgw_opus_dec_set_format;
  decoder_class->handle_frame = vgw_opus_dec_handle_frame;

  g_object_class_install_property (
      object_class, PROP_USE_INBAND_FEC,
      g_param_spec_boolean ("use-inband-fec", "Use in-band FEC",
                            "Decode a lost frame from the following packet if that has a copy; adds no delay", TRUE,
                            G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (
      object_class, PROP_STATS,
      g_param_spec_boxed (
          "stats", "Statistics",
          "Since the start: packets, corrupt packets, gaps that were concealed or recovered with in-band FEC, and "
          "their duration (concealed-time, recovered-time) in ns",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Opus speech decoder", "Codec/Decoder/Audio",
                                         "Decodes Opus with concealment and in-band FEC that adds no delay",
                                         "voice-gateway");
}

static void
vgw_opus_dec_init (VgwOpusDec *self)
{
  GstAudioDecoder *base = GST_AUDIO_DECODER (self);

  self->use_inband_fec = TRUE;
  gst_audio_decoder_set_plc (base, TRUE);
  gst_audio_decoder_set_needs_format (base, TRUE);
  gst_audio_decoder_set_use_default_pad_acceptcaps (base, TRUE);
  GST_PAD_SET_ACCEPT_TEMPLATE (GST_AUDIO_DECODER_SINK_PAD (base));
}
