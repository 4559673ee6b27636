/* Opus speech with plain opus_encode () calls, for the reason in vgw-opus-dec.c.
 *
 * Its caps have channels (for RTP's sprop-stereo) but no rate: rtpopuspay derives sprop-maxcapturerate from it, and
 * webrtcbin requires such parameters to be equal on both sides, although each describes its own sender only (RFC 7587
 * section 6.1).
 *
 * A loss report that comes from downstream (vgw-loss-report.h) changes the expected loss and the bit rate
 * (vgw-opus-protection.h), unless `follow-loss` is false.
 *
 * A buffer with the flag GAP is the keep-alive of a silent sender: its packet has the same flag, and is one without a
 * frame (RFC 6716 section 3.2.1), as libopus makes them in DTX. The decoder conceals for it. That is silence only if
 * the frames before it were, so until there were VGW_OPUS_ENC_SILENT_FRAMES of them (one at the start, from where both
 * are silent), the buffer is encoded as any other. The encoder's state does not change: it is still in silence when the
 * next talkspurt begins. */
#include "elements/vgw-opus-enc.h"

#include <opus.h>
#include <string.h>

#include "elements/vgw-loss-report.h"
#include "elements/vgw-opus-protection.h"

GST_DEBUG_CATEGORY_STATIC (vgw_opus_enc_debug);
#define GST_CAT_DEFAULT vgw_opus_enc_debug

#define FRAME_MS 20
#define MAX_FRAME_SAMPLES (48000 * FRAME_MS / 1000)
#define MAX_PACKET_BYTES 1275 /* of one frame: RFC 6716 section 3.2.1 */
#define TOC_CODE_MASK 0x03    /* RFC 6716 section 3.1: the number of frames; 0 is one */

#define MIN_BITRATE 6000
#define DEFAULT_BITRATE 24000
#define DEFAULT_COMPLEXITY 5
#define MAX_COMPLEXITY 10
#define DEFAULT_PACKET_LOSS_PERCENTAGE 5

typedef struct
{
  gint bitrate;
  gint max_bitrate; /* 0: none */
  gint complexity;
  gint packet_loss_percentage;
  gboolean is_inband_fec;
  gboolean follows_loss;
  gboolean is_dtx;
  gboolean is_vbr;
} VgwOpusEncSettings;

struct _VgwOpusEnc
{
  GstAudioEncoder parent_instance;

  GstPadChainFunction base_chain; /* constant; the base class's */

  OpusEncoder *encoder; /* streaming thread only; NULL until caps are known */
  gint n_frame_samples; /* streaming thread only */
  gint ceiling;         /* streaming thread only; the one that was applied */
  guint n_silent;       /* streaming thread only; frames of silence in a row, at most VGW_OPUS_ENC_SILENT_FRAMES */
  gboolean is_gap;      /* streaming thread only; the buffer that is being handled has the flag GAP */
  guint8 toc;           /* streaming thread only; of the last packet, with code 0 */

  /* guarded by the object lock */
  VgwOpusEncSettings settings;
  VgwOpusProtection protection;
  gboolean is_changed; /* the settings are to be applied */
};

static gint ceiling = MAX_COMPLEXITY; /* atomic */

G_DEFINE_TYPE (VgwOpusEnc, vgw_opus_enc, GST_TYPE_AUDIO_ENCODER)

enum
{
  PROP_BITRATE = 1,
  PROP_COMPLEXITY,
  PROP_INBAND_FEC,
  PROP_PACKET_LOSS_PERCENTAGE,
  PROP_FOLLOW_LOSS,
  PROP_DTX,
  PROP_VBR,
  PROP_MAX_BITRATE,
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                             GST_STATIC_CAPS ("audio/x-raw, format = (string) " GST_AUDIO_NE (
                                 S16) ", layout = (string) interleaved, "
                                      "rate = (int) { 48000, 24000, 16000, 12000, 8000 }, channels = (int) 1"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                             GST_STATIC_CAPS ("audio/x-opus, channel-mapping-family = (int) 0, channels = (int) 1"));

/* Applies the settings to the encoder. Streaming thread. */
static void
apply_settings (VgwOpusEnc *self)
{
  VgwOpusEncSettings settings;

  GST_OBJECT_LOCK (self);
  settings = self->settings;
  if (settings.follows_loss)
    {
      settings.bitrate = vgw_opus_protection_get_bitrate (&self->protection, settings.bitrate);
      settings.packet_loss_percentage =
          vgw_opus_protection_get_percent (&self->protection, settings.packet_loss_percentage);
    }
  self->is_changed = FALSE;
  GST_OBJECT_UNLOCK (self);

  if (settings.max_bitrate > 0)
    settings.bitrate = MIN (settings.bitrate, MAX (settings.max_bitrate, MIN_BITRATE));
  GST_DEBUG_OBJECT (self, "bit rate %d, expected loss %d %%", settings.bitrate, settings.packet_loss_percentage);
  opus_encoder_ctl (self->encoder, OPUS_SET_BITRATE (settings.bitrate));
  self->ceiling = g_atomic_int_get (&ceiling);
  opus_encoder_ctl (self->encoder, OPUS_SET_COMPLEXITY (MIN (settings.complexity, self->ceiling)));
  opus_encoder_ctl (self->encoder, OPUS_SET_INBAND_FEC (settings.is_inband_fec));
  opus_encoder_ctl (self->encoder, OPUS_SET_PACKET_LOSS_PERC (settings.packet_loss_percentage));
  opus_encoder_ctl (self->encoder, OPUS_SET_DTX (settings.is_dtx));
  opus_encoder_ctl (self->encoder, OPUS_SET_VBR (settings.is_vbr));
}

static gboolean
is_changed (VgwOpusEnc *self)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->is_changed || self->ceiling != g_atomic_int_get (&ceiling);
  GST_OBJECT_UNLOCK (self);
  return changed;
}

gboolean
vgw_opus_enc_is_silence (const gint16 *samples, gsize n_samples)
{
  for (gsize i = 0; i < n_samples; i++)
    {
      if (samples[i] != 0)
        return FALSE;
    }
  return TRUE;
}

static void
note_encoded (VgwOpusEnc *self, const gint16 *samples, guint8 toc)
{
  self->n_silent = vgw_opus_enc_is_silence (samples, (gsize) self->n_frame_samples)
                       ? MIN (self->n_silent + 1, VGW_OPUS_ENC_SILENT_FRAMES)
                       : 0;
  self->toc = toc & (guint8) ~TOC_CODE_MASK;
}

static GstFlowReturn
output (VgwOpusEnc *self, const guint8 *packet, gint n_bytes, gint n_samples)
{
  GstBuffer *buffer = gst_buffer_new_memdup (packet, (gsize) n_bytes);

  if (self->is_gap)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  return gst_audio_encoder_finish_frame (GST_AUDIO_ENCODER (self), buffer, n_samples);
}

/* Encodes one frame; a short one at the end of a stream is padded with silence. */
static GstFlowReturn
encode (VgwOpusEnc *self, const GstMapInfo *map)
{
  gint16 frame[MAX_FRAME_SAMPLES] = { 0 };
  guint8 packet[MAX_PACKET_BYTES];
  gint n_samples = (gint) MIN (map->size / sizeof (gint16), (gsize) self->n_frame_samples);
  const gint16 *samples = (const gint16 *) (gconstpointer) map->data;
  gint n_bytes;

  if (n_samples < self->n_frame_samples)
    {
      memcpy (frame, samples, (gsize) n_samples * sizeof (gint16));
      samples = frame;
    }
  n_bytes = opus_encode (self->encoder, samples, self->n_frame_samples, packet, sizeof packet);
  if (n_bytes <= 0)
    {
      GST_WARNING_OBJECT (self, "opus_encode: %s", opus_strerror (n_bytes));
      return gst_audio_encoder_finish_frame (GST_AUDIO_ENCODER (self), NULL, n_samples);
    }
  note_encoded (self, samples, packet[0]);
  return output (self, packet, n_bytes, n_samples);
}

static GstFlowReturn
vgw_opus_enc_handle_frame (GstAudioEncoder *base, GstBuffer *buffer)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (base);
  GstFlowReturn flow;
  GstMapInfo map;

  if (buffer == NULL)
    return GST_FLOW_OK; /* nothing to drain */
  if (self->encoder == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (self->is_gap && self->n_silent == VGW_OPUS_ENC_SILENT_FRAMES
      && gst_buffer_get_size (buffer) == (gsize) self->n_frame_samples * sizeof (gint16))
    return output (self, &self->toc, sizeof self->toc, self->n_frame_samples);
  if (is_changed (self))
    apply_settings (self);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return gst_audio_encoder_finish_frame (base, NULL, -1);
  flow = encode (self, &map);
  gst_buffer_unmap (buffer, &map);
  return flow;
}

/* The base class does not hand on the buffer's flags. */
static GstFlowReturn
on_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (parent);

  self->is_gap = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);
  return self->base_chain (pad, parent, buffer);
}

static gboolean
vgw_opus_enc_set_format (GstAudioEncoder *base, GstAudioInfo *info)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (base);
  gint rate_hz = GST_AUDIO_INFO_RATE (info);
  g_autoptr (GstCaps) caps = NULL;
  int status = OPUS_OK;

  g_clear_pointer (&self->encoder, opus_encoder_destroy);
  self->encoder = opus_encoder_create (rate_hz, 1, OPUS_APPLICATION_VOIP, &status);
  if (self->encoder == NULL)
    {
      GST_ELEMENT_ERROR (self, LIBRARY, INIT, (NULL), ("opus_encoder_create: %s", opus_strerror (status)));
      return FALSE;
    }
  opus_encoder_ctl (self->encoder, OPUS_SET_SIGNAL (OPUS_SIGNAL_VOICE));
  apply_settings (self);
  self->n_frame_samples = rate_hz * FRAME_MS / 1000;
  self->n_silent = VGW_OPUS_ENC_SILENT_FRAMES - 1;
  gst_audio_encoder_set_frame_samples_min (base, self->n_frame_samples);
  gst_audio_encoder_set_frame_samples_max (base, self->n_frame_samples);
  gst_audio_encoder_set_frame_max (base, 1);
  gst_audio_encoder_set_latency (base, FRAME_MS * GST_MSECOND, FRAME_MS * GST_MSECOND);

  caps = gst_static_pad_template_get_caps (&src_template);
  return gst_audio_encoder_set_output_format (base, caps);
}

/* Any thread. */
static gboolean
vgw_opus_enc_src_event (GstAudioEncoder *base, GstEvent *event)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (base);
  guint8 fraction_lost;

  if (!vgw_loss_report_parse (event, &fraction_lost))
    return GST_AUDIO_ENCODER_CLASS (vgw_opus_enc_parent_class)->src_event (base, event);
  GST_OBJECT_LOCK (self);
  if (vgw_opus_protection_report (&self->protection, fraction_lost))
    self->is_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
vgw_opus_enc_stop (GstAudioEncoder *base)
{
  g_clear_pointer (&VGW_OPUS_ENC (base)->encoder, opus_encoder_destroy);
  return TRUE;
}

static void
vgw_opus_enc_flush (GstAudioEncoder *base)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (base);

  if (self->encoder != NULL)
    opus_encoder_ctl (self->encoder, OPUS_RESET_STATE);
  self->n_silent = VGW_OPUS_ENC_SILENT_FRAMES - 1;
}

static void
vgw_opus_enc_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *pspec)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (object);

  GST_OBJECT_LOCK (self);
  self->is_changed = TRUE;
  switch (property_id)
    {
    case PROP_BITRATE:
      self->settings.bitrate = g_value_get_int (value);
      break;
    case PROP_COMPLEXITY:
      self->settings.complexity = g_value_get_int (value);
      break;
    case PROP_INBAND_FEC:
      self->settings.is_inband_fec = g_value_get_boolean (value);
      break;
    case PROP_PACKET_LOSS_PERCENTAGE:
      self->settings.packet_loss_percentage = g_value_get_int (value);
      break;
    case PROP_FOLLOW_LOSS:
      self->settings.follows_loss = g_value_get_boolean (value);
      break;
    case PROP_DTX:
      self->settings.is_dtx = g_value_get_boolean (value);
      break;
    case PROP_VBR:
      self->settings.is_vbr = g_value_get_boolean (value);
      break;
    case PROP_MAX_BITRATE:
      self->settings.max_bitrate = g_value_get_int (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_opus_enc_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  VgwOpusEnc *self = VGW_OPUS_ENC (object);

  GST_OBJECT_LOCK (self);
  switch (property_id)
    {
    case PROP_BITRATE:
      g_value_set_int (value, self->settings.bitrate);
      break;
    case PROP_COMPLEXITY:
      g_value_set_int (value, self->settings.complexity);
      break;
    case PROP_INBAND_FEC:
      g_value_set_boolean (value, self->settings.is_inband_fec);
      break;
    case PROP_PACKET_LOSS_PERCENTAGE:
      g_value_set_int (value, self->settings.packet_loss_percentage);
      break;
    case PROP_FOLLOW_LOSS:
      g_value_set_boolean (value, self->settings.follows_loss);
      break;
    case PROP_DTX:
      g_value_set_boolean (value, self->settings.is_dtx);
      break;
    case PROP_VBR:
      g_value_set_boolean (value, self->settings.is_vbr);
      break;
    case PROP_MAX_BITRATE:
      g_value_set_int (value, self->settings.max_bitrate);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
  GST_OBJECT_UNLOCK (self);
}

static void
vgw_opus_enc_finalize (GObject *object)
{
  g_clear_pointer (&VGW_OPUS_ENC (object)->encoder, opus_encoder_destroy);
  G_OBJECT_CLASS (vgw_opus_enc_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (object_class, PROP_BITRATE,
                                   g_param_spec_int ("bitrate", "Bit rate", "Target bit rate in bit/s, including FEC",
                                                     MIN_BITRATE, VGW_OPUS_ENC_MAX_BITRATE, DEFAULT_BITRATE, flags));
  g_object_class_install_property (object_class, PROP_COMPLEXITY,
                                   g_param_spec_int ("complexity", "Complexity",
                                                     "Higher values need more CPU time and improve quality", 0,
                                                     MAX_COMPLEXITY, DEFAULT_COMPLEXITY, flags));
  g_object_class_install_property (object_class, PROP_INBAND_FEC,
                                   g_param_spec_boolean ("inband-fec", "In-band FEC",
                                                         "Put a coarse copy of each frame into the next packet", TRUE,
                                                         flags));
  g_object_class_install_property (
      object_class, PROP_PACKET_LOSS_PERCENTAGE,
      g_param_spec_int ("packet-loss-percentage", "Packet loss",
                        "Expected packet loss in percent, which sets the share of in-band FEC; 0: no FEC", 0, 100,
                        DEFAULT_PACKET_LOSS_PERCENTAGE, flags));
  g_object_class_install_property (
      object_class, PROP_FOLLOW_LOSS,
      g_param_spec_boolean ("follow-loss", "Follow loss",
                            "Once the receiver has reported its loss, use that as packet-loss-percentage, and a higher "
                            "bit rate while there is loss",
                            TRUE, flags));
  g_object_class_install_property (object_class, PROP_DTX,
                                   g_param_spec_boolean ("dtx", "Discontinuous transmission",
                                                         "Make packets of 1 or 2 bytes in silence, which rtpopuspay "
                                                         "does not send when its own dtx is set",
                                                         FALSE, flags));
  g_object_class_install_property (
      object_class, PROP_VBR,
      g_param_spec_boolean ("vbr", "Variable bit rate", "Let the size of packets vary", TRUE, flags));
  g_object_class_install_property (object_class, PROP_MAX_BITRATE,
                                   g_param_spec_int ("max-bitrate", "Maximum bit rate",
                                                     "The most that the receiver wants, also while there is loss; the "
                                                     "gateway sets it to maxaveragebitrate of the offer; 0: no limit",
                                                     0, VGW_OPUS_ENC_MAX_BITRATE, 0, flags));
}

static void
vgw_opus_enc_class_init (VgwOpusEncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioEncoderClass *encoder_class = GST_AUDIO_ENCODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (vgw_opus_enc_debug, "vgwopusenc", 0, "Opus encoder of voice-gateway");
  object_class->set_property = vgw_opus_enc_set_property;
  object_class->get_property = vgw_opus_enc_get_property;
  object_class->finalize = vgw_opus_enc_finalize;
  encoder_class->stop = vgw_opus_enc_stop;
  encoder_class->src_event = vgw_opus_enc_src_event;
  encoder_class->flush = vgw_opus_enc_flush;
  encoder_class->set_format = vgw_opus_enc_set_format;
  encoder_class->handle_frame = vgw_opus_enc_handle_frame;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Opus speech encoder", "Codec/Encoder/Audio",
                                         "Encodes mono speech to Opus in frames of 20 ms", "voice-gateway");
}

static void
vgw_opus_enc_init (VgwOpusEnc *self)
{
  self->settings = (VgwOpusEncSettings){
    .bitrate = DEFAULT_BITRATE,
    .complexity = DEFAULT_COMPLEXITY,
    .packet_loss_percentage = DEFAULT_PACKET_LOSS_PERCENTAGE,
    .is_inband_fec = TRUE,
    .follows_loss = TRUE,
    .is_vbr = TRUE,
  };
  GST_PAD_SET_ACCEPT_TEMPLATE (GST_AUDIO_ENCODER_SINK_PAD (self));
  self->base_chain = GST_PAD_CHAINFUNC (GST_AUDIO_ENCODER_SINK_PAD (self));
  gst_pad_set_chain_function (GST_AUDIO_ENCODER_SINK_PAD (self), on_chain);
}

void
vgw_opus_enc_set_ceiling (guint complexity)
{
  g_atomic_int_set (&ceiling, (gint) MIN (complexity, MAX_COMPLEXITY));
}

guint
vgw_opus_enc_get_ceiling (void)
{
  return (guint) g_atomic_int_get (&ceiling);
}
