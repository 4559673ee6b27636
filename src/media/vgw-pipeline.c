#include "media/vgw-pipeline.h"

#include <errno.h>
#include <gst/app/app.h>
#include <stdio.h>
#include <string.h>

#include "base/vgw-error.h"
#include "elements/vgw-opus-enc.h"
#include "media/vgw-pipeline-source.h"
#include "media/vgw-pipeline-text.h"
#include "media/vgw-pipeline-vad.h"
#include "media/vgw-talkspurt.h"

GST_DEBUG_CATEGORY_STATIC (vgw_pipeline_debug);
#define GST_CAT_DEFAULT vgw_pipeline_debug

#define FILE_SUFFIX ".launch"
#define MAX_PAYLOAD_TYPE 127u

struct _VgwPipeline
{
  gatomicrefcount ref_count;
  char *file; /* for messages */
  char *name;
  char *text; /* without comments */
  char *codec;
  guint clock_rate_hz;
  gboolean may_wait; /* see VgwPipelineInstance */
  gboolean can_detect_voice;
};

/* Codecs whose RTP clock rate is not the one in their caps, or not in the caps at all. */
static const struct
{
  const char *codec;
  guint clock_rate_hz;
} KNOWN_CODECS[] = {
  { "OPUS", 48000 }, /* RFC 7587 section 4.1, for any sample rate */
  { "PCMU", 8000 },  /* RFC 3551 table 4 */
  { "PCMA", 8000 },
  { "G722", 8000 }, /* RFC 3551 section 4.5.2: an error of RFC 1890 that was kept; it samples at 16 kHz */
};

static void
init_debug (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      GST_DEBUG_CATEGORY_INIT (vgw_pipeline_debug, "vgwpipeline", 0, "pipeline descriptions");
      g_once_init_leave (&once, 1);
    }
}

static void set_reason (VgwPipeline *self, const char *word, GError **error, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* "FILE:LINE: reason", with the line where @word stands. */
static void
set_reason (VgwPipeline *self, const char *word, GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s:%u: %s", self->file,
               vgw_pipeline_text_guess_line (self->text, word), reason);
}

/* Returns: (transfer floating) (nullable) */
static GstElement *
parse_text (VgwPipeline *self, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  GstElement *pipeline = gst_parse_launch_full (self->text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &parse_error);

  /* FATAL_ERRORS is not guaranteed for every case: a pipeline with an error is dropped */
  if (parse_error == NULL && GST_IS_PIPELINE (pipeline))
    return pipeline;
  if (pipeline != NULL)
    gst_object_unref (gst_object_ref_sink (pipeline));
  if (parse_error != NULL)
    set_reason (self, parse_error->message, error, "%s", parse_error->message);
  else
    set_reason (
        self, "", error,
        "the description must have two chains of elements, one with rtp_in and pcm_out, one with pcm_in and rtp_out");
  return NULL;
}

/* The element @name of @bin (transfer none), or an error. */
static GstElement *
find_named (VgwPipeline *self, GstBin *bin, const char *name, const char *what, GError **error)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (bin, name);

  if (element == NULL)
    set_reason (self, name, error, "no element has name=%s: %s", name, what);
  return element;
}

static gboolean
find_elements (VgwPipeline *self, VgwPipelineInstance *instance, GError **error)
{
  GstBin *bin = GST_BIN (instance->pipeline);

  instance->rtp_in = find_named (self, bin, "rtp_in", "the depayloader must have it", error);
  if (instance->rtp_in == NULL)
    return FALSE;
  instance->pcm_out = find_named (self, bin, "pcm_out", "the appsink must have it", error);
  if (instance->pcm_out == NULL)
    return FALSE;
  instance->pcm_in = find_named (self, bin, "pcm_in", "the appsrc must have it", error);
  if (instance->pcm_in == NULL)
    return FALSE;
  instance->rtp_out = find_named (self, bin, "rtp_out", "the payloader must have it", error);
  if (instance->rtp_out != NULL)
    {
      g_autoptr (GstElement) vad = gst_bin_get_by_name (bin, "vad");
      instance->vad = vad; /* the bin holds it */
    }
  return instance->rtp_out != NULL;
}

/* Checks the types of the four elements. */
static gboolean
check_types (VgwPipeline *self, const VgwPipelineInstance *instance, GError **error)
{
  GParamSpec *pt = g_object_class_find_property (G_OBJECT_GET_CLASS (instance->rtp_out), "pt");

  if (!GST_IS_APP_SINK (instance->pcm_out))
    set_reason (self, "pcm_out", error, "pcm_out must be an appsink");
  else if (!GST_IS_APP_SRC (instance->pcm_in))
    set_reason (self, "pcm_in", error, "pcm_in must be an appsrc");
  else if (pt == NULL || pt->value_type != G_TYPE_UINT)
    set_reason (self, "rtp_out", error, "rtp_out must be an RTP payloader (it has no property \"pt\")");
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_free_pad (VgwPipeline *self, GstElement *element, const char *pad_name, GError **error)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, pad_name);

  if (pad != NULL && !gst_pad_is_linked (pad))
    return TRUE;
  set_reason (self, GST_OBJECT_NAME (element), error, "%s must have a free pad \"%s\" for the gateway",
              GST_OBJECT_NAME (element), pad_name);
  return FALSE;
}

/* Builds the pipeline; frees it on failure. */
static gboolean
build (VgwPipeline *self, VgwPipelineInstance *instance, GError **error)
{
  memset (instance, 0, sizeof *instance);
  instance->pipeline = parse_text (self, error);
  if (instance->pipeline == NULL)
    return FALSE;
  if (find_elements (self, instance, error) && check_types (self, instance, error)
      && check_free_pad (self, instance->rtp_in, "sink", error)
      && check_free_pad (self, instance->rtp_out, "src", error))
    return TRUE;
  gst_object_unref (gst_object_ref_sink (instance->pipeline));
  memset (instance, 0, sizeof *instance);
  return FALSE;
}

/* Whether @pad is one of the two to be linked to webrtcbin. */
static gboolean
is_for_webrtcbin (GstElement *element, GstPad *pad)
{
  const char *direction = g_str_equal (GST_OBJECT_NAME (element), "rtp_in")    ? "sink"
                          : g_str_equal (GST_OBJECT_NAME (element), "rtp_out") ? "src"
                                                                               : NULL;
  return g_strcmp0 (direction, GST_OBJECT_NAME (pad)) == 0;
}

static gboolean
check_element (VgwPipeline *self, GstElement *element, const char *const *extra_elements, GError **error)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory == NULL || !vgw_pipeline_text_is_allowed (GST_OBJECT_NAME (factory), extra_elements))
    {
      set_reason (self, GST_OBJECT_NAME (element), error, "the element %s is not on the list of allowed elements",
                  factory != NULL ? GST_OBJECT_NAME (factory) : GST_OBJECT_NAME (element));
      return FALSE;
    }
  for (GList *item = element->pads; item != NULL; item = item->next)
    {
      if (!gst_pad_is_linked (item->data) && !is_for_webrtcbin (element, item->data))
        {
          set_reason (self, GST_OBJECT_NAME (element), error, "the pad \"%s\" of %s is not linked",
                      GST_OBJECT_NAME (item->data), GST_OBJECT_NAME (element));
          return FALSE;
        }
    }
  return TRUE;
}

/* Also sets may_wait. The bin is not shared yet, so that its lists can be accessed without a lock. */
static gboolean
check_elements (VgwPipeline *self, GstBin *bin, const char *const *extra_elements, GError **error)
{
  for (GList *item = bin->children; item != NULL; item = item->next)
    {
      GstElementFactory *factory = gst_element_get_factory (item->data);

      if (!check_element (self, item->data, extra_elements, error))
        return FALSE;
      self->may_wait |= vgw_pipeline_source_may_wait (GST_OBJECT_NAME (factory), extra_elements);
    }
  return TRUE;
}

/* Whether @to can be reached from @from downstream. @seen is a set of elements. */
static gboolean
leads_to (GstElement *from, GstElement *to, GHashTable *seen)
{
  if (from == to)
    return TRUE;
  if (!g_hash_table_add (seen, from))
    return FALSE;
  for (GList *item = from->srcpads; item != NULL; item = item->next)
    {
      g_autoptr (GstPad) peer = gst_pad_get_peer (item->data);
      g_autoptr (GstElement) next = peer != NULL ? gst_pad_get_parent_element (peer) : NULL;

      if (next != NULL && leads_to (next, to, seen))
        return TRUE;
    }
  return FALSE;
}

static gboolean
check_path (VgwPipeline *self, GstElement *from, GstElement *to, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (leads_to (from, to, seen))
    return TRUE;
  set_reason (self, GST_OBJECT_NAME (from), error, "%s does not lead to %s", GST_OBJECT_NAME (from),
              GST_OBJECT_NAME (to));
  return FALSE;
}

/* Adds the encoding names that @value (a string or a list of them) holds to @names. */
static void
add_encoding_names (GPtrArray *names, const GValue *value)
{
  if (value != NULL && GST_VALUE_HOLDS_LIST (value))
    {
      for (guint i = 0; i < gst_value_list_get_size (value); i++)
        add_encoding_names (names, gst_value_list_get_value (value, i));
    }
  else if (value != NULL && G_VALUE_HOLDS_STRING (value) && g_value_get_string (value) != NULL)
    g_ptr_array_add (names, g_ascii_strup (g_value_get_string (value), -1));
}

/* The encoding names in the caps of the pad, in order; @clock_rate_hz is set to the first fixed clock rate, if there is
 * one. Returns: (transfer full) */
static GPtrArray *
get_encoding_names (GstElement *element, const char *pad_name, guint *clock_rate_hz)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, pad_name);
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);

  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    {
      const GstStructure *structure = gst_caps_get_structure (caps, i);
      gint rate = 0;

      if (!gst_structure_has_name (structure, "application/x-rtp"))
        continue;
      add_encoding_names (names, gst_structure_get_value (structure, "encoding-name"));
      if (*clock_rate_hz == 0 && gst_structure_get_int (structure, "clock-rate", &rate) && rate > 0)
        *clock_rate_hz = (guint) rate;
    }
  return names;
}

static gboolean
find_codec (VgwPipeline *self, GstElement *rtp_in, GstElement *rtp_out, GError **error)
{
  guint clock_rate_hz = 0;
  g_autoptr (GPtrArray) in = get_encoding_names (rtp_in, "sink", &clock_rate_hz);
  g_autoptr (GPtrArray) out = get_encoding_names (rtp_out, "src", &clock_rate_hz);

  for (guint i = 0; i < in->len && self->codec == NULL; i++)
    {
      if (g_ptr_array_find_with_equal_func (out, in->pdata[i], g_str_equal, NULL))
        self->codec = g_strdup (in->pdata[i]);
    }
  if (self->codec == NULL)
    {
      set_reason (self, "rtp_out", error, "rtp_in and rtp_out have different codecs");
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (KNOWN_CODECS); i++)
    {
      if (g_str_equal (self->codec, KNOWN_CODECS[i].codec))
        clock_rate_hz = KNOWN_CODECS[i].clock_rate_hz;
    }
  self->clock_rate_hz = clock_rate_hz;
  if (clock_rate_hz == 0)
    set_reason (self, "rtp_in", error, "the caps of rtp_in and rtp_out do not have the clock rate of %s", self->codec);
  return clock_rate_hz != 0;
}

/* The last check: removes `vad` from @instance. */
static gboolean
check_vad (VgwPipeline *self, VgwPipelineInstance *instance, GError **error)
{
  GstElement *vad = instance->vad;

  self->can_detect_voice = vad != NULL || vgw_pipeline_add_vad (instance);
  if (vad == NULL)
    return TRUE;
  if (!check_path (self, instance->rtp_in, vad, error) || !check_path (self, vad, instance->pcm_out, error))
    return FALSE;
  instance->vad = NULL;
  if (vgw_pipeline_vad_remove (vad))
    return TRUE;
  set_reason (self, "vad", error,
              "vad must be an element with one pad \"sink\" and one pad \"src\" that can be removed");
  return FALSE;
}

static gboolean
check_instance (VgwPipeline *self, const char *const *extra_elements, GError **error)
{
  VgwPipelineInstance instance;
  g_autoptr (GstElement) pipeline = NULL;

  if (!build (self, &instance, error))
    return FALSE;
  pipeline = gst_object_ref_sink (instance.pipeline);
  return check_elements (self, GST_BIN (pipeline), extra_elements, error)
         && check_path (self, instance.rtp_in, instance.pcm_out, error)
         && check_path (self, instance.pcm_in, instance.rtp_out, error)
         && find_codec (self, instance.rtp_in, instance.rtp_out, error) && check_vad (self, &instance, error);
}

/* Returns: (transfer full) */
static VgwPipeline *
load_text (const char *file, const char *text, gsize length, const char *const *extra_elements, GError **error)
{
  g_autoptr (VgwPipeline) self = g_new0 (VgwPipeline, 1);
  g_autofree char *base = g_path_get_basename (file);

  init_debug ();
  g_atomic_ref_count_init (&self->ref_count);
  self->file = g_strdup (file);
  self->name =
      g_str_has_suffix (base, FILE_SUFFIX) ? g_strndup (base, strlen (base) - strlen (FILE_SUFFIX)) : g_strdup (base);
  self->text = vgw_pipeline_text_strip (file, text, length, error);
  if (self->text == NULL || !vgw_pipeline_text_check (file, self->text, extra_elements, error)
      || !check_instance (self, extra_elements, error))
    return NULL;
  GST_INFO ("%s serves %s/%u", self->file, self->codec, self->clock_rate_hz);
  return g_steal_pointer (&self);
}

VgwPipeline *
vgw_pipeline_load (const char *path, const char *const *extra_elements, GError **error)
{
  g_autofree char *text = g_malloc (VGW_PIPELINE_MAX_BYTES + 1); /* one more, so that text_strip () sees the excess */
  gsize length;
  int read_errno = 0;
  FILE *file;

  g_return_val_if_fail (path != NULL, NULL);

  file = fopen (path, "re");
  if (file == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  errno = 0;
  length = fread (text, 1, VGW_PIPELINE_MAX_BYTES + 1, file);
  if (ferror (file))
    read_errno = errno;
  fclose (file);
  if (read_errno != 0)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", path, g_strerror (read_errno));
      return NULL;
    }
  return load_text (path, text, length, extra_elements, error);
}

VgwPipeline *
vgw_pipeline_parse (const char *name, const char *text, const char *const *extra_elements, GError **error)
{
  g_return_val_if_fail (name != NULL && text != NULL, NULL);
  return load_text (name, text, strlen (text), extra_elements, error);
}

void
vgw_pipeline_unref (VgwPipeline *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->codec);
  g_free (self->text);
  g_free (self->name);
  g_free (self->file);
  g_free (self);
}

const char *
vgw_pipeline_get_name (VgwPipeline *self)
{
  return self->name;
}

const char *
vgw_pipeline_get_codec (VgwPipeline *self)
{
  return self->codec;
}

guint
vgw_pipeline_get_clock_rate_hz (VgwPipeline *self)
{
  return self->clock_rate_hz;
}

gboolean
vgw_pipeline_can_detect_voice (VgwPipeline *self)
{
  return self->can_detect_voice;
}

gboolean
vgw_pipeline_instantiate (VgwPipeline *self, guint payload_type, VgwPipelineInstance *instance, GError **error)
{
  g_autoptr (GError) build_error = NULL;

  if (payload_type > MAX_PAYLOAD_TYPE)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_INTERNAL, "%u is not an RTP payload type", payload_type);
      return FALSE;
    }
  if (!build (self, instance, &build_error))
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_INTERNAL, build_error->message);
      return FALSE;
    }
  instance->may_wait = self->may_wait;
  vgw_pipeline_source_replace (instance);
  g_object_set (instance->rtp_out, "pt", payload_type, NULL);
  vgw_talkspurt_mark (instance->rtp_out);
  return TRUE;
}

static void
limit_bitrate (const GValue *item, gpointer user_data)
{
  g_object_set (g_value_get_object (item), "max-bitrate", GPOINTER_TO_INT (user_data), NULL);
}

void
vgw_pipeline_limit_bitrate (VgwPipelineInstance *instance, guint max_bitrate)
{
  g_autoptr (GstIterator) encoders = NULL;

  if (max_bitrate == 0)
    return;
  encoders = gst_bin_iterate_all_by_element_factory_name (GST_BIN (instance->pipeline), "vgwopusenc");
  gst_iterator_foreach (encoders, limit_bitrate, GINT_TO_POINTER (MIN (max_bitrate, VGW_OPUS_ENC_MAX_BITRATE)));
}

VgwPipeline *
vgw_pipeline_choose (GPtrArray *pipelines, const VgwOffer *offer, const VgwOfferCodec **codec, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint i = 0; i < pipelines->len; i++)
    {
      VgwPipeline *pipeline = g_ptr_array_index (pipelines, i);
      const char *name = vgw_pipeline_get_codec (pipeline);

      *codec = vgw_offer_find_codec (offer, name, vgw_pipeline_get_clock_rate_hz (pipeline));
      if (*codec != NULL)
        return pipeline;
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", name);
    }
  g_set_error (error, VGW_ERROR, VGW_ERROR_UNSUPPORTED, "the offer has none of the gateway's codecs (%s)", known->str);
  return NULL;
}
