/* A WAV file, or a text, that is written piece by piece and is valid at all times: its header has the size of what is
 * in it. Blocks, as the disk does. One thread at a time. */
#pragma once

#include <glib.h>

#define VGW_WAV_FILE_MODE 0600 /* recordings are personal data */

typedef struct _VgwWavOutput VgwWavOutput;

/* s16le at @rate_hz with @n_channels; @rate_hz 0: a text of lines. @has_time: what cannot be written is silence. The
 * file is made by vgw_wav_output_create (). Returns: (transfer full) */
VgwWavOutput *vgw_wav_output_new (const char *path, guint rate_hz, guint n_channels, gboolean has_time);
void vgw_wav_output_free (VgwWavOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWavOutput, vgw_wav_output_free)

/* Creates the file (mode VGW_WAV_FILE_MODE; it must not exist) with its header. FALSE with errno. */
gboolean vgw_wav_output_create (VgwWavOutput *self);

/* Whether there is a file: it can be there without its header, where the disk is full. */
gboolean vgw_wav_output_is_open (const VgwWavOutput *self);

/* Writes @data (transfer none), whole samples or whole lines. Returns: the bytes of it that are in the file, whole
 * samples and lines as well; where that is not all, see vgw_wav_output_get_error () */
gsize vgw_wav_output_write (VgwWavOutput *self, const guint8 *data, gsize n_bytes);

/* Leaves out @n_bytes, which are silence, and take no room on the disk. */
void vgw_wav_output_skip (VgwWavOutput *self, guint64 n_bytes);

/* Makes the header that of what is in the file. After writes and skips; until then the file is what it was before. */
void vgw_wav_output_finish (VgwWavOutput *self);

/* The bytes of audio, with the silence, or of text. */
guint64 vgw_wav_output_get_length (const VgwWavOutput *self);

/* The errno of the last write that failed; 0: none. */
int vgw_wav_output_get_error (const VgwWavOutput *self);
