#include "caller/vgw-call-wav.h"

#include <errno.h>

#include <glib/gstdio.h>

#include "base/vgw-error.h"
#include "caller/vgw-call-codec.h"

#define MAX_PAUSE_MS (30 * 60 * 1000) /* a pause is written at once, when it is over */

VgwWavFile *
vgw_call_wav_open (VgwWavWriter *writer, const char *path, GError **error)
{
  VgwWavFile *wav;
  GStatBuf info;

  if (g_stat (path, &info) == 0 && !S_ISREG (info.st_mode)) /* such as /dev/null */
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "%s is not a regular file", path);
      return NULL;
    }
  /* the writer does not replace existing files; --out does */
  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "replacing %s: %s", path, g_strerror (errno));
      return NULL;
    }
  wav = vgw_wav_writer_open (writer, path, NULL, VGW_CALL_OUTPUT_RATE_HZ, error);
  if (wav != NULL)
    vgw_wav_file_set_queue_ms (wav, MAX_PAUSE_MS);
  return wav;
}

gboolean
vgw_call_wav_close (VgwWavFile *wav, GError **error)
{
  VgwWavStats stats;

  vgw_wav_file_get_stats (wav, &stats);
  vgw_wav_file_close (wav);
  if (stats.dropped_samples == 0)
    return TRUE;
  g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "%" G_GUINT64_FORMAT " samples could not be written",
               stats.dropped_samples);
  return FALSE;
}
