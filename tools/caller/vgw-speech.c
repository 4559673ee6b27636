#include "caller/vgw-speech.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-error.h"
#include "base/vgw-json.h"
#include "vgw-caller-resources.h"

#define PHRASE_RESOURCE "/voice-gateway/caller/phrase.wav"
#define MONO "audioconvert"
#define LEFT_CHANNEL "audioconvert mix-matrix=\"<<(float)1.0,(float)0.0>>\"" /* fails where there are not two */
#define BUNDLE_AUDIO "audio.wav"
#define BUNDLE_EVENTS "events.jsonl"
#define ACTIVE_EVENT "engine-started"
#define MAX_EVENTS_BYTES (64 * 1024 * 1024)
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

/* Decodes the WAV @path or the resource to s16 at @rate_hz; @to_mono: launch text that leaves one channel. */
static GByteArray *
read_pcm (const char *path, const char *to_mono, guint rate_hz, GError **error)
{
  const gsize max_bytes = (gsize) VGW_SPEECH_MAX_S * rate_hz * sizeof (gint16);
  g_autofree char *text = NULL;
  g_autoptr (GstElement) out = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (Pipeline) pipeline = NULL;
  g_autoptr (GByteArray) pcm = g_byte_array_new ();

  text = g_strdup_printf ("%s name=source ! wavparse ! %s ! audioresample ! "
                          "audio/x-raw,format=S16LE,channels=1,rate=%u,layout=interleaved ! "
                          "appsink name=out sync=false",
                          path != NULL ? "filesrc" : "giosrc", to_mono, rate_hz);
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

/* @pcm at the rate of @codec; a pause and padding are added. */
static VgwSpeech *
make_speech (GByteArray *pcm, const VgwCallCodec *codec, guint pause_ms, GError **error)
{
  const gsize bytes_per_ms = codec->input_rate_hz * sizeof (gint16) / 1000;
  const gsize frame_bytes = bytes_per_ms * VGW_FRAME_MS;
  g_autoptr (VgwSpeech) self = g_new0 (VgwSpeech, 1);
  gsize spoken_bytes = pcm->len, total_bytes = pcm->len + pause_ms * bytes_per_ms;

  g_atomic_ref_count_init (&self->ref_count);
  self->codec = codec;
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
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
vgw_speech_new (const char *path, const VgwCallCodec *codec, guint pause_ms, GError **error)
{
  g_autoptr (GByteArray) pcm = NULL;

  vgw_caller_get_resource (); /* named, so that the linker keeps it; it registers itself */
  pcm = read_pcm (path, MONO, codec->input_rate_hz, error);
  if (pcm == NULL)
    {
      g_prefix_error (error, "reading %s: ", path != NULL ? path : "the built-in phrase");
      return NULL;
    }
  return make_speech (pcm, codec, pause_ms, error);
}

/* When the call of the events in @path was active; 0 where they do not tell. */
static gint64
find_active_ms (const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL) || length > MAX_EVENTS_BYTES)
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_autoptr (JsonObject) event = vgw_json_parse_object (*line, strlen (*line), NULL);

      if (event != NULL && g_strcmp0 (vgw_json_get_string (event, "type"), ACTIVE_EVENT) == 0)
        return vgw_json_get_int (event, "at_ms", 0, G_MAXINT, 0);
    }
  return 0;
}

VgwSpeech *
vgw_speech_new_replay (const char *bundle, const VgwCallCodec *codec, guint pause_ms, GError **error)
{
  g_autofree char *audio = g_build_filename (bundle, BUNDLE_AUDIO, NULL);
  g_autofree char *events = g_build_filename (bundle, BUNDLE_EVENTS, NULL);
  gsize skipped_bytes = (gsize) find_active_ms (events) * codec->input_rate_hz / 1000 * sizeof (gint16);
  g_autoptr (GByteArray) pcm = read_pcm (audio, LEFT_CHANNEL, codec->input_rate_hz, error);

  if (pcm == NULL)
    {
      g_prefix_error (error, "reading %s: ", audio);
      return NULL;
    }
  if (skipped_bytes < pcm->len)
    g_byte_array_remove_range (pcm, 0, (guint) skipped_bytes);
  return make_speech (pcm, codec, pause_ms, error);
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
