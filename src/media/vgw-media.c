#include "media/vgw-media.h"

#include <malloc.h>
#include <stdatomic.h>
#include <string.h>

#include "base/vgw-data-path.h"
#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "elements/vgw-opus-enc.h"
#include "elements/vgw-teardown.h"
#include "ice/vgw-ice-advertise.h"
#include "ice/vgw-ice-mux.h"
#include "media/vgw-dtls-certificate.h"
#include "media/vgw-pipeline-files.h"
#include "media/vgw-pipeline-vad.h"
#include "media/vgw-pipeline.h"
#include "media/vgw-pipeline-dump.h"
#include "media/vgw-srtp-crypto.h"

/* The teardown of a peer takes some 10 ms, for joining threads. */
#define N_REAPER_THREADS 2
#define RESOLVE_MS 5000

/* A wired network takes milliseconds, a phone up to a second; 300 ms is what ITU-T G.114 calls acceptable. */
static const double time_bounds_s[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1, 2 };

struct _VgwMedia
{
  GObject parent_instance;

  VgwMediaSettings settings;
  GPtrArray *pipelines; /* VgwPipeline* */
  VgwIceMux *ice_mux;
  guint n_advertise; /* calls of vgw_media_set_advertise (): the last one counts */
  VgwPacer *pacer;
  VgwSctpIds *sctp_ids;
  VgwDtlsCertificate *certificate;
  VgwPipelineDump *dump; /* (nullable) */
  GThreadPool *reaper;
  gint n_peers; /* atomic */
  _Atomic guint64 rtp_counts[VGW_RTP_N_COUNTS];
  GMutex lock;
  VgwHistogram times_s[VGW_MEDIA_N_TIMES]; /* guarded by lock */
};

G_DEFINE_TYPE (VgwMedia, vgw_media, G_TYPE_OBJECT)

typedef struct
{
  GstElement *pipeline;
  guint sctp_id;
} ReapJob;

static gboolean
has_blocked_pad (GstBin *bin)
{
  g_autoptr (GstIterator) children = gst_bin_iterate_elements (bin);
  g_auto (GValue) item = G_VALUE_INIT;
  gboolean is_blocked = FALSE;

  while (!is_blocked && gst_iterator_next (children, &item) == GST_ITERATOR_OK)
    {
      g_autoptr (GstPad) src = gst_element_get_static_pad (g_value_get_object (&item), "src");

      is_blocked = src != NULL && gst_pad_is_blocked (src);
      g_value_reset (&item);
    }
  return is_blocked;
}

/* webrtcbin (1.22) joins its own thread only after its children are in NULL. A negotiation step that runs in between
 * blocks the receiving bin once more, and the block and the bin hold references to each other: a leak of some 50
 * objects. READY to NULL removes such a block, so the bin is set to NULL again, now that the thread has ended. */
static void
unblock_receive_bin (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (!g_str_equal (G_OBJECT_TYPE_NAME (element), "TransportReceiveBin") || !has_blocked_pad (GST_BIN (element)))
    return;
  gst_element_set_state (element, GST_STATE_READY);
  gst_element_set_state (element, GST_STATE_NULL);
}

/* The only place where a pipeline goes to NULL. FALSE where it goes on. */
static gboolean
stop_pipeline (GstElement *pipeline)
{
  g_autoptr (GstIterator) elements = NULL;

  vgw_pipeline_files_finish (pipeline);
  if (!vgw_teardown_pipeline (pipeline))
    {
      vgw_critical (NULL, "a pipeline cannot be stopped, and stays in memory with its threads: %s",
                    GST_OBJECT_NAME (pipeline));
      return FALSE;
    }
  elements = gst_bin_iterate_recurse (GST_BIN (pipeline));
  gst_iterator_foreach (elements, unblock_receive_bin, NULL);
  return TRUE;
}

static void
reap (gpointer data, gpointer user_data)
{
  VgwMedia *self = user_data;
  g_autofree ReapJob *job = data;
  gboolean is_stopped = stop_pipeline (job->pipeline);

  gst_object_unref (job->pipeline);
  if (is_stopped && job->sctp_id != 0)
    vgw_sctp_ids_give_back (self->sctp_ids, job->sctp_id);
  /* A call's memory is from the arenas of a dozen threads, where glibc keeps what is freed; with the last call it is
   * returned to the system. */
  if (g_atomic_int_dec_and_test (&self->n_peers))
    malloc_trim (0);
}

static void
vgw_media_finalize (GObject *object)
{
  VgwMedia *self = VGW_MEDIA (object);
  vgw_media_shutdown (self);
  g_clear_pointer (&self->sctp_ids, vgw_sctp_ids_free);
  g_clear_pointer (&self->dump, vgw_pipeline_dump_free);
  g_clear_pointer (&self->pipelines, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (vgw_media_parent_class)->finalize (object);
}

static void
vgw_media_class_init (VgwMediaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vgw_media_finalize;
}

static void
vgw_media_init (VgwMedia *self)
{
  self->pipelines = g_ptr_array_new_with_free_func ((GDestroyNotify) vgw_pipeline_unref);
  self->sctp_ids = vgw_sctp_ids_new ();
  self->dump = vgw_pipeline_dump_new (g_getenv ("GST_DEBUG_DUMP_DOT_DIR"));
  g_mutex_init (&self->lock);
  for (guint i = 0; i < VGW_MEDIA_N_TIMES; i++)
    vgw_histogram_init (&self->times_s[i], time_bounds_s, G_N_ELEMENTS (time_bounds_s));
}

static gboolean
has_pipeline_dir (const VgwMediaSettings *settings)
{
  return settings->pipeline_dir != NULL && *settings->pipeline_dir != '\0';
}

static VgwPipeline *
load_override (VgwMedia *self, GError **error)
{
  const char *text_or_path = self->settings.pipeline_override;
  if (g_file_test (text_or_path, G_FILE_TEST_IS_REGULAR))
    return vgw_pipeline_load (text_or_path, self->settings.extra_elements, error);
  return vgw_pipeline_parse ("--pipeline", text_or_path, self->settings.extra_elements, error);
}

/* Adds its errors to @problems. */
static void
load_named (VgwMedia *self, const char *name, GString *problems)
{
  g_autofree char *file_name = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (self->settings.pipeline_dir, file_name, NULL);
  g_autoptr (GError) error = NULL;
  VgwPipeline *pipeline = vgw_pipeline_load (path, self->settings.extra_elements, &error);

  if (pipeline != NULL)
    {
      g_ptr_array_add (self->pipelines, pipeline);
      return;
    }
  g_string_append (problems, problems->len > 0 ? "\n" : "");
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) /* the error is in the key that names it */
    g_string_append_printf (problems, "%s: \"%s\": ",
                            self->settings.pipelines_where != NULL ? self->settings.pipelines_where : "media.pipelines",
                            name);
  g_string_append (problems, error->message);
}

/* Reports a missing directory once instead of for each pipeline. */
static gboolean
check_pipeline_dir (VgwMedia *self, gboolean is_configured, GError **error)
{
  g_autofree char *hint = is_configured ? NULL : vgw_data_path_hint (NULL);

  if (g_file_test (self->settings.pipeline_dir, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (is_configured)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "media.pipeline-dir: the directory %s does not exist",
                 self->settings.pipeline_dir);
  else
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
                 "no pipelines found in %s: %s, or set their directory with --set media.pipeline-dir=DIRECTORY",
                 self->settings.pipeline_dir, hint);
  return FALSE;
}

static gboolean
load_pipelines (VgwMedia *self, GError **error)
{
  g_autoptr (GString) problems = g_string_new (NULL);

  if (self->settings.pipeline_override != NULL)
    {
      VgwPipeline *pipeline = load_override (self, error);
      if (pipeline != NULL)
        g_ptr_array_add (self->pipelines, pipeline);
      return pipeline != NULL;
    }
  for (guint i = 0; self->settings.pipelines != NULL && self->settings.pipelines[i] != NULL; i++)
    load_named (self, self->settings.pipelines[i], problems);
  if (problems->len > 0)
    {
      g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, problems->str);
      return FALSE;
    }
  if (self->pipelines->len == 0)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "media.pipelines is empty: name at least one, such as opus");
  return self->pipelines->len > 0;
}

static void
warn_of_pipelines_without_voice (VgwMedia *self)
{
  for (guint i = 0; i < self->pipelines->len; i++)
    {
      VgwPipeline *pipeline = self->pipelines->pdata[i];

      if (!vgw_pipeline_can_detect_voice (pipeline))
        vgw_warning (NULL, "pipeline %s: " VGW_PIPELINE_NO_VOICE, vgw_pipeline_get_name (pipeline));
    }
}

static gboolean
open_mux (VgwMedia *self, GError **error)
{
  const VgwMediaSettings *settings = &self->settings;
  g_autoptr (GArray) addresses = NULL;

  if (settings->advertise != NULL && *settings->advertise != NULL)
    {
      addresses = vgw_ice_advertise_resolve (settings->advertise, RESOLVE_MS, error);
      if (addresses == NULL)
        {
          g_prefix_error (error,
                          "%s: ", settings->advertise_where != NULL ? settings->advertise_where : "ice.advertise");
          return FALSE;
        }
    }
  self->ice_mux = vgw_ice_mux_new (settings->udp_port, settings->bind_address, error);
  if (self->ice_mux == NULL)
    return FALSE;
  vgw_ice_mux_set_advertise (self->ice_mux, addresses);
  if (settings->ice_tcp.port == 0 || vgw_ice_mux_listen_tcp (self->ice_mux, &settings->ice_tcp, error))
    return TRUE;
  g_prefix_error (error, "ice.tcp-port: ");
  return FALSE;
}

VgwMedia *
vgw_media_new (const VgwMediaSettings *settings, GError **error)
{
  g_autoptr (VgwMedia) self = g_object_new (VGW_TYPE_MEDIA, NULL);
  g_autofree char *installed_dir = !has_pipeline_dir (settings) ? vgw_data_path (NULL, "pipelines", "pipelines") : NULL;

  self->settings = *settings;
  if (installed_dir != NULL)
    self->settings.pipeline_dir = installed_dir;
  if (settings->pipeline_override == NULL && !check_pipeline_dir (self, has_pipeline_dir (settings), error))
    return NULL;
  if (!load_pipelines (self, error))
    return NULL;
  self->settings.pipeline_dir = NULL; /* borrowed, and ours ends here */
  warn_of_pipelines_without_voice (self);
  if (settings->ice_agent == VGW_ICE_AGENT_MUX && !open_mux (self, error))
    return NULL;
  if (!vgw_srtp_crypto_use (error))
    return NULL;
  self->certificate = vgw_dtls_certificate_new (error);
  if (self->certificate == NULL)
    return NULL;
  self->pacer = vgw_pacer_new (0);
  self->reaper = g_thread_pool_new (reap, self, N_REAPER_THREADS, TRUE, error);
  return self->reaper ? g_steal_pointer (&self) : NULL;
}

/* On a thread of the pool: names are looked up. */
static void
resolve_advertise (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GArray *addresses = vgw_ice_advertise_resolve (data, RESOLVE_MS, &error);

  if (addresses != NULL)
    g_task_return_pointer (task, addresses, (GDestroyNotify) g_array_unref);
  else
    g_task_return_error (task, error);
}

static void
on_advertise_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VgwMedia *self = VGW_MEDIA (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) addresses = g_task_propagate_pointer (G_TASK (result), &error);

  if (GPOINTER_TO_UINT (user_data) != self->n_advertise || self->ice_mux == NULL)
    return; /* a later one is under way, or the end */
  if (addresses != NULL)
    vgw_ice_mux_set_advertise (self->ice_mux, addresses);
  else
    vgw_warning (NULL, "reload: ice.advertise: %s; the addresses stay as they were", error->message);
}

void
vgw_media_set_advertise (VgwMedia *self, const char *const *advertise)
{
  g_autoptr (GTask) task = NULL;

  if (self->ice_mux == NULL)
    return;
  self->n_advertise++;
  if (advertise == NULL || *advertise == NULL)
    {
      vgw_ice_mux_set_advertise (self->ice_mux, NULL);
      return;
    }
  task = g_task_new (self, NULL, on_advertise_resolved, GUINT_TO_POINTER (self->n_advertise));
  g_task_set_task_data (task, g_strdupv ((char **) advertise), (GDestroyNotify) g_strfreev);
  g_task_run_in_thread (task, resolve_advertise);
}

void
vgw_media_shutdown (VgwMedia *self)
{
  if (self->reaper != NULL)
    g_thread_pool_free (g_steal_pointer (&self->reaper), FALSE, TRUE);
  if (self->ice_mux != NULL)
    vgw_ice_mux_shutdown (self->ice_mux);
  g_thread_pool_stop_unused_threads (); /* those that ran DTLS hold OpenSSL's state */
  g_clear_object (&self->ice_mux);
  g_clear_pointer (&self->pacer, vgw_pacer_free);
  g_clear_pointer (&self->certificate, vgw_dtls_certificate_free);
}

VgwPacer *
vgw_media_get_pacer (VgwMedia *self)
{
  return self->pacer;
}

void
vgw_media_set_complexity_ceiling (VgwMedia *self, guint complexity)
{
  vgw_opus_enc_set_ceiling (complexity);
}

guint
vgw_media_get_complexity_ceiling (VgwMedia *self)
{
  return vgw_opus_enc_get_ceiling ();
}

guint16
vgw_media_get_udp_port (VgwMedia *self)
{
  return self->ice_mux ? vgw_ice_mux_get_port (self->ice_mux) : 0;
}

guint
vgw_media_count_peers (VgwMedia *self)
{
  return g_atomic_int_get (&self->n_peers);
}

const VgwMediaSettings *
vgw_media_get_settings (VgwMedia *self)
{
  return &self->settings;
}

GPtrArray *
vgw_media_get_pipelines (VgwMedia *self)
{
  return self->pipelines;
}

gboolean
vgw_media_get_ice_stats (VgwMedia *self, VgwIceStats *stats)
{
  if (self->ice_mux == NULL)
    return FALSE;
  vgw_ice_mux_get_stats (self->ice_mux, stats);
  return TRUE;
}

void
vgw_media_count_rtp (VgwMedia *self, VgwRtpCount which)
{
  atomic_fetch_add_explicit (&self->rtp_counts[which], 1, memory_order_relaxed);
}

void
vgw_media_get_rtp_stats (VgwMedia *self, VgwRtpStats *stats)
{
  vgw_rtp_stats_read (stats, self->rtp_counts);
}

void
vgw_media_observe_time (VgwMedia *self, VgwMediaTime which, gint64 time_us)
{
  g_mutex_lock (&self->lock);
  vgw_histogram_observe (&self->times_s[which], (double) time_us / G_USEC_PER_SEC);
  g_mutex_unlock (&self->lock);
}

void
vgw_media_get_times (VgwMedia *self, VgwMediaTime which, VgwHistogram *times_s)
{
  g_mutex_lock (&self->lock);
  *times_s = self->times_s[which];
  g_mutex_unlock (&self->lock);
}

VgwIceMux *
vgw_media_get_ice_mux (VgwMedia *self)
{
  return self->ice_mux;
}

void
vgw_media_dump (VgwMedia *self, GstElement *pipeline, const char *session_id)
{
  vgw_pipeline_dump_write (self->dump, pipeline, session_id);
}

const VgwDtlsCertificate *
vgw_media_get_certificate (VgwMedia *self)
{
  return self->certificate;
}

VgwSctpIds *
vgw_media_get_sctp_ids (VgwMedia *self)
{
  return self->sctp_ids;
}

void
vgw_media_count_peer (VgwMedia *self)
{
  g_atomic_int_inc (&self->n_peers);
}

void
vgw_media_reap (VgwMedia *self, GstElement *pipeline, guint sctp_id)
{
  ReapJob *job = g_new0 (ReapJob, 1);
  job->pipeline = pipeline;
  job->sctp_id = sctp_id;
  g_return_if_fail (self->reaper != NULL);
  g_thread_pool_push (self->reaper, job, NULL);
}
