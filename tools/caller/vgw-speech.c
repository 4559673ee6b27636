#include "caller/vgw-speech.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-error.h"
#include "vgw-caller-resources.h"

#define PHRASE_RESOURCE "/voice-gateway/caller/phrase.wav"
#define PULL_TIMEOUT_NS (20 * GST_SECOND) /* for a file on a slow disk, or under a sanitizer */

struct _VgwSpeech
{
  gatomicrefcount ref_count;
  const VgwCallCodec *codec;
  GstCaps *caps;
  GPtrArray *frames; /* GstBuffer* */
  guint duration_ms;
};

static void
pipeline_stop (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

typedef GstElement Pipeline;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pipeline, pipeline_stop)

/* The first error on the bus of @pipeline as VGW_ERROR_CONFIG, or @fallback where there is none. */
static void
take_bus_error (GstElement *pipeline, const char *fallback, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) cause = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &cause, NULL);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, cause != NULL ? cause->message : fallback);
}

/* Starts @text, which has an appsink named `out`. */
static GstElement *
launch (const char *text, GstElement **out, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (Pipeline) pipeline = gst_parse_launch (text, &cause);

  if (cause != NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s", cause->message);
      return NULL;
    }
  *out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  return g_steal_pointer (&pipeline);
}

static void
append_sample (GByteArray *pcm, GstSample *sample)
{
  GstMapInfo map;

  if (!gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    return;
  g_byte_array_append (pcm, map.data, (guint) map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
}

/* Decodes the WAV @path or the resource to s16 mono at @rate_hz. */
static GByteArray *
read_pcm (const char *path, guint rate_hz, GError **error)
{
  const gsize max_bytes = (gsize) VGW_SPEECH_MAX_S * rate_hz * sizeof (gint16);
  g_autofree char *text = NULL;
  g_autoptr (GstElement) out = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (Pipeline) pipeline = NULL;
  g_autoptr (GByteArray) pcm = g_byte_array_new ();

  text = g_strdup_printf ("%s name=source ! wavparse ! audioconvert ! audioresample ! "
                          "audio/x-raw,format=S16LE,channels=1,rate=%u,layout=interleaved ! "
                          "appsink name=out sync=false",
                          path != NULL ? "filesrc" : "giosrc", rate_hz);
  pipeline = launch (text, &out, error);
  if (pipeline == NULL)
    return NULL;

  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_object_set (source, "location", path != NULL ? path : "resource://" PHRASE_RESOURCE, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (pcm->len < max_bytes)
    {
      g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (GST_APP_SINK (out), PULL_TIMEOUT_NS);

      if (sample == NULL)
        break;
      append_sample (pcm, sample);
    }
  if (pcm->len == 0)
    {
      take_bus_error (pipeline, "it has no audio", error);
      return NULL;
    }
  return g_steal_pointer (&pcm);
}

static void
push_frames (GstElement *in, const GByteArray *pcm, gsize frame_bytes)
{
  for (gsize offset = 0; offset + frame_bytes <= pcm->len; offset += frame_bytes)
    {
      GstBuffer *buffer = gst_buffer_new_memdup (pcm->data + offset, frame_bytes);

      GST_BUFFER_PTS (buffer) = (offset / frame_bytes) * VGW_FRAME_MS * GST_MSECOND;
      GST_BUFFER_DURATION (buffer) = VGW_FRAME_MS * GST_MSECOND;
      gst_app_src_push_buffer (GST_APP_SRC (in), buffer);
    }
  gst_app_src_end_of_stream (GST_APP_SRC (in));
}

/* Adds the payload of @sample; timestamps are set for each call. */
static void
keep_frame (VgwSpeech *self, GstSample *sample)
{
  GstBuffer *frame = gst_buffer_new ();

  gst_buffer_copy_into (frame, gst_sample_get_buffer (sample), GST_BUFFER_COPY_MEMORY, 0, -1);
  GST_BUFFER_DURATION (frame) = VGW_FRAME_MS * GST_MSECOND;
  g_ptr_array_add (self->frames, frame);
  if (self->caps == NULL)
    self->caps = gst_caps_ref (gst_sample_get_caps (sample));
}

static gboolean
encode (VgwSpeech *self, const GByteArray *pcm, gsize frame_bytes, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GstElement) out = NULL;
  g_autoptr (GstElement) in = NULL;
  g_autoptr (Pipeline) pipeline = NULL;

  text = g_strdup_printf ("appsrc name=in format=time max-bytes=0 "
                          "caps=audio/x-raw,format=S16LE,channels=1,rate=%u,layout=interleaved ! %s ! %s ! "
                          "appsink name=out sync=false",
                          self->codec->input_rate_hz, self->codec->encoder, self->codec->encoded_caps);
  pipeline = launch (text, &out, error);
  if (pipeline == NULL)
    return FALSE;

  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  push_frames (in, pcm, frame_bytes);
  while (TRUE)
    {
      g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (GST_APP_SINK (out), PULL_TIMEOUT_NS);

      if (sample == NULL)
        break;
      keep_frame (self, sample);
    }
  if (self->frames->len == 0)
    {
      take_bus_error (pipeline, "the encoder produced no output", error);
      return FALSE;
    }
  return TRUE;
}

VgwSpeech *
vgw_speech_new (const char *path, const VgwCallCodec *codec, guint pause_ms, GError **error)
{
  const gsize bytes_per_ms = codec->input_rate_hz * sizeof (gint16) / 1000;
  const gsize frame_bytes = bytes_per_ms * VGW_FRAME_MS;
  g_autoptr (VgwSpeech) self = g_new0 (VgwSpeech, 1);
  g_autoptr (GByteArray) pcm = NULL;
  gsize spoken_bytes, total_bytes;

  vgw_caller_get_resource (); /* named, so that the linker keeps it; it registers itself */
  g_atomic_ref_count_init (&self->ref_count);
  self->codec = codec;
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);

  pcm = read_pcm (path, codec->input_rate_hz, error);
  if (pcm == NULL)
    {
      g_prefix_error (error, "reading %s: ", path != NULL ? path : "the built-in phrase");
      return NULL;
    }
  spoken_bytes = pcm->len;
  total_bytes = spoken_bytes + pause_ms * bytes_per_ms;
  total_bytes += (frame_bytes - total_bytes % frame_bytes) % frame_bytes;
  g_byte_array_set_size (pcm, (guint) total_bytes);
  memset (pcm->data + spoken_bytes, 0, total_bytes - spoken_bytes);
  self->duration_ms = (guint) (spoken_bytes / bytes_per_ms);

  if (!encode (self, pcm, frame_bytes, error))
    {
      g_prefix_error (error, "encoding to %s: ", codec->name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

VgwSpeech *
vgw_speech_ref (VgwSpeech *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_speech_unref (VgwSpeech *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->frames);
  gst_clear_caps (&self->caps);
  g_free (self);
}

const VgwCallCodec *
vgw_speech_get_codec (VgwSpeech *self)
{
  return self->codec;
}

guint
vgw_speech_get_duration_ms (VgwSpeech *self)
{
  return self->duration_ms;
}

GstBuffer *
vgw_speech_get_frame (VgwSpeech *self, guint64 index)
{
  return gst_buffer_copy (g_ptr_array_index (self->frames, index % self->frames->len));
}

GstCaps *
vgw_speech_get_caps (VgwSpeech *self)
{
  return self->caps;
}
