/* The file of --out, on the writer that the recorder of the gateway uses. */
#pragma once

#include "engine/builtin/vgw-wav-writer.h"

/* Opens @path for what comes back; a file that is there is replaced. Errors: VGW_ERROR_ENGINE. Returns: (transfer full)
 */
VgwWavFile *vgw_call_wav_open (VgwWavWriter *writer, const char *path, GError **error);

/* Gives @wav (transfer full) back to its writer. Errors: VGW_ERROR_ENGINE where samples could not be written. */
gboolean vgw_call_wav_close (VgwWavFile *wav, GError **error);
