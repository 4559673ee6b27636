/* Resampling of packets. audioresample compensates the delay of its filter in the timestamps: the first buffer of a
 * stream, and after each pause, is shorter by the delay, and the rest is a buffer of its own when the stream continues
 * or ends. With a G.711 payloader that is a short packet at the beginning of each talkspurt, and a tiny, late one at
 * its end.
 *
 * This element keeps the delay (2 to 4 ms): the filter is first filled with silence, so that n milliseconds of input
 * are always n milliseconds of output, with the same timestamp. A pause does not change the filter. The filter is
 * GStreamer's. */
#include "elements/vgw-resample.h"

#include <gst/audio/audio.h>

GST_DEBUG_CATEGORY_STATIC (vgw_resample_debug);
#define GST_CAT_DEFAULT vgw_resample_debug

struct _VgwResample
{
  GstBaseTransform parent_instance;

  /* streaming thread only */
  GstAudioResampler *resampler; /* NULL until caps are known, and where the rates are the same */
  gint in_rate_hz, out_rate_hz;
};

G_DEFINE_TYPE (VgwResample, vgw_resample, GST_TYPE_BASE_TRANSFORM)

#define CAPS                                                                                                           \
  "audio/x-raw, format = (string) " GST_AUDIO_NE (                                                                     \
      S16) ", layout = (string) interleaved, rate = (int) [ 8000, 96000 ], "                                           \
           "channels = (int) 1"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

/* Fills the filter with silence until there is output, which is dropped: afterwards whole periods of input are whole
 * periods of output. */
static void
fill_filter (VgwResample *self)
{
  gsize n_in = gst_audio_resampler_get_max_latency (self->resampler);
  gsize n_out = gst_audio_resampler_get_out_frames (self->resampler, n_in);
  g_autofree gint16 *thrown_away = NULL;
  gpointer out[1];

  while (n_out == 0)
    n_out = gst_audio_resampler_get_out_frames (self->resampler, ++n_in);
  thrown_away = g_new (gint16, n_out);
  out[0] = thrown_away;
  gst_audio_resampler_resample (self->resampler, NULL, n_in, out, n_out);
}

static GstCaps *
vgw_resample_transform_caps (GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  g_autoptr (GstCaps) other = gst_caps_copy (caps);

  /* the passthrough caps come first */
  for (guint i = 0, n = gst_caps_get_size (caps); i < n; i++)
    {
      GstStructure *structure = gst_structure_copy (gst_caps_get_structure (caps, i));

      gst_structure_set (structure, "rate", GST_TYPE_INT_RANGE, 8000, 96000, NULL);
      gst_caps_append_structure (other, structure);
    }
  return filter != NULL ? gst_caps_intersect_full (filter, other, GST_CAPS_INTERSECT_FIRST) : g_steal_pointer (&other);
}

static GstCaps *
vgw_resample_fixate_caps (GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *other)
{
  gint rate_hz;

  other = gst_caps_make_writable (gst_caps_truncate (other));
  if (gst_structure_get_int (gst_caps_get_structure (caps, 0), "rate", &rate_hz))
    gst_structure_fixate_field_nearest_int (gst_caps_get_structure (other, 0), "rate", rate_hz);
  return gst_caps_fixate (other);
}

static gboolean
vgw_resample_set_caps (GstBaseTransform *base, GstCaps *in_caps, GstCaps *out_caps)
{
  VgwResample *self = VGW_RESAMPLE (base);
  GstAudioInfo in, out;

  g_clear_pointer (&self->resampler, gst_audio_resampler_free);
  if (!gst_audio_info_from_caps (&in, in_caps) || !gst_audio_info_from_caps (&out, out_caps))
    return FALSE;
  self->in_rate_hz = GST_AUDIO_INFO_RATE (&in);
  self->out_rate_hz = GST_AUDIO_INFO_RATE (&out);
  if (self->in_rate_hz == self->out_rate_hz)
    return TRUE; /* equal caps: the base class passes buffers through */
  self->resampler = gst_audio_resampler_new (GST_AUDIO_RESAMPLER_METHOD_KAISER, GST_AUDIO_RESAMPLER_FLAG_NONE,
                                             GST_AUDIO_FORMAT_S16, 1, self->in_rate_hz, self->out_rate_hz, NULL);
  if (self->resampler == NULL)
    return FALSE;
  fill_filter (self);
  GST_INFO_OBJECT (self, "%d Hz to %d Hz", self->in_rate_hz, self->out_rate_hz);
  return TRUE;
}

static gboolean
vgw_resample_get_unit_size (GstBaseTransform *base, GstCaps *caps, gsize *size)
{
  *size = sizeof (gint16);
  return TRUE;
}

static gboolean
vgw_resample_transform_size (GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, gsize size,
                             GstCaps *other_caps, gsize *other_size)
{
  VgwResample *self = VGW_RESAMPLE (base);
  gsize n_samples = size / sizeof (gint16);

  if (self->resampler == NULL)
    *other_size = size;
  else if (direction == GST_PAD_SINK)
    *other_size = gst_audio_resampler_get_out_frames (self->resampler, n_samples) * sizeof (gint16);
  else
    *other_size = gst_audio_resampler_get_in_frames (self->resampler, n_samples) * sizeof (gint16);
  return TRUE;
}

static GstFlowReturn
vgw_resample_transform (GstBaseTransform *base, GstBuffer *in_buffer, GstBuffer *out_buffer)
{
  VgwResample *self = VGW_RESAMPLE (base);
  GstMapInfo in_map, out_map;
  gsize n_in, n_out;

  if (!gst_buffer_map (in_buffer, &in_map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (!gst_buffer_map (out_buffer, &out_map, GST_MAP_WRITE))
    {
      gst_buffer_unmap (in_buffer, &in_map);
      return GST_FLOW_ERROR;
    }
  n_in = in_map.size / sizeof (gint16);
  n_out = MIN (gst_audio_resampler_get_out_frames (self->resampler, n_in), out_map.size / sizeof (gint16));
  {
    gpointer in[] = { in_map.data }, out[] = { out_map.data };

    gst_audio_resampler_resample (self->resampler, in, n_in, out, n_out);
  }
  gst_buffer_unmap (out_buffer, &out_map);
  gst_buffer_unmap (in_buffer, &in_map);
  gst_buffer_set_size (out_buffer, (gssize) (n_out * sizeof (gint16)));
  return n_out > 0 ? GST_FLOW_OK : GST_BASE_TRANSFORM_FLOW_DROPPED;
}

static gboolean
vgw_resample_stop (GstBaseTransform *base)
{
  g_clear_pointer (&VGW_RESAMPLE (base)->resampler, gst_audio_resampler_free);
  return TRUE;
}

static void
vgw_resample_finalize (GObject *object)
{
  g_clear_pointer (&VGW_RESAMPLE (object)->resampler, gst_audio_resampler_free);
  G_OBJECT_CLASS (vgw_resample_parent_class)->finalize (object);
}

static void
vgw_resample_class_init (VgwResampleClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (vgw_resample_debug, "vgwresample", 0, "resampler of voice-gateway");
  G_OBJECT_CLASS (klass)->finalize = vgw_resample_finalize;
  transform_class->transform_caps = vgw_resample_transform_caps;
  transform_class->fixate_caps = vgw_resample_fixate_caps;
  transform_class->set_caps = vgw_resample_set_caps;
  transform_class->get_unit_size = vgw_resample_get_unit_size;
  transform_class->transform_size = vgw_resample_transform_size;
  transform_class->transform = vgw_resample_transform;
  transform_class->stop = vgw_resample_stop;
  transform_class->passthrough_on_same_caps = TRUE;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Speech resampler", "Filter/Converter/Audio",
                                         "Resamples mono PCM so that 20 ms in are 20 ms out", "voice-gateway");
}

static void
vgw_resample_init (VgwResample *self)
{
}
