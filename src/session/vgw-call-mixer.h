/* Puts two streams of audio on one timeline: pieces of either channel, each with its time, become interleaved stereo
 * without gaps. Pure; one thread. */
#pragma once

#include <glib.h>

#define VGW_CALL_MIXER_CHANNELS 2u
#define VGW_CALL_MIXER_MAX_AHEAD_MS 5000u /* audio that is farther ahead of what was taken is dropped */

typedef struct _VgwCallMixer VgwCallMixer;

/* @zero_us: the time of the first frame. Returns: (transfer full) */
VgwCallMixer *vgw_call_mixer_new (guint rate_hz, gint64 zero_us);
void vgw_call_mixer_free (VgwCallMixer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCallMixer, vgw_call_mixer_free)

/* Adds @n_samples (transfer none), mono at the mixer's rate, that begin at @start_us. A piece that begins within 5 ms
 * of the end of the last one of its @channel continues it; what lies before that end, or was taken already, is dropped.
 * Returns: the samples that were dropped */
gsize vgw_call_mixer_add (VgwCallMixer *self, guint channel, const gint16 *samples, gsize n_samples, gint64 start_us);

/* Drops the audio of both channels from @from_us on. What is added then may begin there. */
void vgw_call_mixer_cut (VgwCallMixer *self, gint64 from_us);

/* Appends the frames up to @until_us to @frames, an array of gint16, interleaved; silence where there is no audio, at
 * most VGW_CALL_MIXER_MAX_AHEAD_MS at once. Returns: the number of frames */
gsize vgw_call_mixer_take (VgwCallMixer *self, gint64 until_us, GArray *frames);
