/* Real speech for tests, and how alike two pieces of it are. */
#pragma once

#include <glib.h>

#define PHRASE_RATE_HZ 16000

/* data/sounds/phrase.wav, s16 mono at PHRASE_RATE_HZ (transfer full). */
gint16 *audio_test_load_phrase (gsize *n_samples);

/* Normalised correlation of @n_samples of @a and @b, -1 … 1. */
double audio_test_correlate (const gint16 *a, const gint16 *b, gsize n_samples);

/* The best correlation of @reference inside @heard over all delays up to @max_delay; @delay (nullable) is set to it. */
double audio_test_find (const gint16 *reference, gsize n_reference, const gint16 *heard, gsize n_heard, gsize max_delay,
                        gsize *delay);
