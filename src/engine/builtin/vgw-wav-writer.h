/* The thread `vgw-wav`, which writes WAV files for any number of producers. A producer only copies samples into a
 * bounded queue; the thread writes all queues twice a second and then updates the sizes in the headers, so that every
 * file is valid at all times, also after the process was killed. */
#pragma once

#include <glib.h>

typedef struct _VgwWavWriter VgwWavWriter; /* reference counted */
typedef struct _VgwWavFile VgwWavFile;     /* one file; owned by its opener until close () */

typedef struct
{
  guint64 written_samples; /* in the file */
  guint64 dropped_samples; /* lost to a full queue, a failed write or the size limit of WAV */
} VgwWavStats;

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

/* Sets another queue limit than VGW_WAV_QUEUE_MS, for a producer that pushes in bursts. Before the first push. */
void vgw_wav_file_set_queue_ms (VgwWavFile *self, guint queue_ms);

/* Queues @n_samples (transfer none); does not access the file. Samples beyond the queue's limit are dropped and
 * counted. One thread at a time. */
void vgw_wav_file_push (VgwWavFile *self, const gint16 *samples, gsize n_samples);

/* Any thread. */
void vgw_wav_file_get_stats (VgwWavFile *self, VgwWavStats *stats);

/* Closes the file: the thread writes the rest and frees it. Does not block. Any thread, after the last push. */
void vgw_wav_file_close (VgwWavFile *self);

#define VGW_WAV_QUEUE_MS 5000 /* the longest delay of a disk */
