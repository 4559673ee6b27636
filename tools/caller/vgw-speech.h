/* The caller's speech: a WAV, encoded once and shared by all calls of the process. Immutable. */
#pragma once

#include <gst/gst.h>

#include "caller/vgw-call-codec.h"

typedef struct _VgwSpeech VgwSpeech;

/* Reads @path (any WAV; NULL for the built-in phrase), mixes it to mono, adds @pause_ms of silence and encodes it in
 * frames of 20 ms. Blocks: for start-up. At most VGW_SPEECH_MAX_S seconds are read.
 * Errors: VGW_ERROR_CONFIG, naming the file. Returns: (transfer full) */
VgwSpeech *vgw_speech_new (const char *path, const VgwCallCodec *codec, guint pause_ms, GError **error);

/* The same of the caller's side of a recorded call, the left channel of audio.wav in @bundle, from the moment at which
 * the call was active: what the caller said comes as long after the connection as it did then. */
VgwSpeech *vgw_speech_new_replay (const char *bundle, const VgwCallCodec *codec, guint pause_ms, GError **error);

#define VGW_SPEECH_MAX_S 600

VgwSpeech *vgw_speech_ref (VgwSpeech *self);
void vgw_speech_unref (VgwSpeech *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwSpeech, vgw_speech_unref)

const VgwCallCodec *vgw_speech_get_codec (VgwSpeech *self);

/* Of the speech itself, without the pause. */
guint vgw_speech_get_duration_ms (VgwSpeech *self);

/* Frame @index of the endless repetition of speech and pause, without timestamps. Any thread.
 * Returns: (transfer full) a buffer that shares the frame's memory */
GstBuffer *vgw_speech_get_frame (VgwSpeech *self, guint64 index);

/* The encoder's caps of the frames. Returns: (transfer none) */
GstCaps *vgw_speech_get_caps (VgwSpeech *self);
