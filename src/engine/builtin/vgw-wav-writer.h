/* The thread `vgw-wav`, which writes WAV files, and texts beside them, for any number of producers. A producer only
 * copies samples into a bounded queue; the thread writes all queues twice a second and then updates the sizes in the
 * headers, so that every file is valid at all times, also after the process was killed. A disk that is slow or full
 * delays no producer: what waits is bounded for each file and in total; what does not fit is dropped and counted. */
#pragma once

#include <glib.h>

typedef struct _VgwWavWriter VgwWavWriter; /* reference counted */
typedef struct _VgwWavFile VgwWavFile;     /* one file; owned by its opener until close () */

typedef struct
{
  guint64 written_samples; /* in the file */
  guint64 dropped_samples; /* lost to a full queue, a failed write or the size limit of WAV */
} VgwWavStats;

/* Of all files since the start. */
typedef struct
{
  guint64 missing_us;         /* audio that was lost, of all channels of a file together */
  guint64 n_incomplete_files; /* in which something is missing, texts too */
} VgwWavWriterStats;

/* The thread is started with the first file. Returns: (transfer full) */
VgwWavWriter *vgw_wav_writer_new (void);
VgwWavWriter *vgw_wav_writer_ref (VgwWavWriter *self);

/* The last reference waits until all queues are written and the thread has ended. Every file must have been closed. Not
 * on the writer's own thread. */
void vgw_wav_writer_unref (VgwWavWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWavWriter, vgw_wav_writer_unref)

/* Creates @path (mode 0600; it must not exist), mono s16le at @rate_hz, and writes its header: the only file access on
 * the caller's thread. @session_id (nullable) is for the log. Errors: VGW_ERROR_ENGINE with the path and the reason.
 * Any thread. Returns: (transfer full) */
VgwWavFile *vgw_wav_writer_open (VgwWavWriter *self, const char *path, const char *session_id, guint rate_hz,
                                 GError **error);

/* The same without any file access here, with @n_channels: the thread creates the file with the directory that it is in
 * (mode 0700), and logs a failure. The file keeps its time: what is lost is silence in it. NULL, with a line in the
 * log, where there is no thread, or too many files wait for the disk. Any thread. Returns: (transfer full) (nullable)
 */
VgwWavFile *vgw_wav_writer_begin (VgwWavWriter *self, const char *path, const char *session_id, guint rate_hz,
                                  guint n_channels);

/* As vgw_wav_writer_begin (), a file with text, for vgw_wav_file_push_text () only. */
VgwWavFile *vgw_wav_writer_begin_text (VgwWavWriter *self, const char *path, const char *session_id);

/* Any thread. */
void vgw_wav_writer_get_stats (VgwWavWriter *self, VgwWavWriterStats *stats);

/* Calls @func on the writer's thread, once the files that were closed before are complete. It must not block. FALSE
 * where too many calls wait for the disk: there is none then. Any thread. */
gboolean vgw_wav_writer_call (VgwWavWriter *self, void (*func) (gpointer user_data), gpointer user_data);

/* Sets another queue limit than VGW_WAV_QUEUE_MS, for a producer that pushes in bursts. Before the first push. */
void vgw_wav_file_set_queue_ms (VgwWavFile *self, guint queue_ms);

/* Once something is missing in the file, an empty file @path is made, which says so. Before the first push. */
void vgw_wav_file_set_marker (VgwWavFile *self, const char *path);

/* Queues @n_samples (transfer none) of each channel, interleaved; does not access the file. Samples beyond the queue's
 * limit are dropped and counted. One thread at a time. */
void vgw_wav_file_push (VgwWavFile *self, const gint16 *samples, gsize n_samples);

/* @n_samples of silence in each channel, which take no room in the queue. As vgw_wav_file_push (). */
void vgw_wav_file_push_silence (VgwWavFile *self, gsize n_samples);

/* Queues @text, as vgw_wav_file_push (); all of it or nothing. */
void vgw_wav_file_push_text (VgwWavFile *self, const char *text);

/* Any thread. */
void vgw_wav_file_get_stats (VgwWavFile *self, VgwWavStats *stats);

/* Closes the file: the thread writes the rest and frees it. Does not block. Any thread, after the last push. */
void vgw_wav_file_close (VgwWavFile *self);

#define VGW_WAV_QUEUE_MS 5000 /* the longest delay of a disk */
