/* The file of --out, written by the gateway's VgwWavWriter. */
#pragma once

#include "engine/builtin/vgw-wav-writer.h"

/* Opens @path for the received audio; an existing file is replaced. Errors: VGW_ERROR_ENGINE.
 * Returns: (transfer full) */
VgwWavFile *vgw_call_wav_open (VgwWavWriter *writer, const char *path, GError **error);

/* Closes @wav (transfer full). Errors: VGW_ERROR_ENGINE where samples could not be written. */
gboolean vgw_call_wav_close (VgwWavFile *wav, GError **error);
