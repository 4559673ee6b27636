#include "audio-test.h"

#include <math.h>
#include <string.h>

#define WAV_HEADER_BYTES 44 /* RIFF, fmt and data as sox writes them */

gint16 *
audio_test_load_phrase (gsize *n_samples)
{
  g_autofree char *path = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "data", "sounds", "phrase.wav", NULL);
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;
  gsize length;

  if (!g_file_get_contents (path, &bytes, &length, &error))
    g_error ("%s", error->message);
  *n_samples = (length - WAV_HEADER_BYTES) / sizeof (gint16);
  memmove (bytes, bytes + WAV_HEADER_BYTES, *n_samples * sizeof (gint16));
  return (gint16 *) (gpointer) bytes;
}

double
audio_test_correlate (const gint16 *a, const gint16 *b, gsize n_samples)
{
  double ab = 0, aa = 0, bb = 0;

  for (gsize i = 0; i < n_samples; i++)
    {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
  return aa > 0 && bb > 0 ? ab / sqrt (aa * bb) : 0;
}

double
audio_test_find (const gint16 *reference, gsize n_reference, const gint16 *heard, gsize n_heard, gsize max_delay,
                 gsize *delay)
{
  double best = -1;

  for (gsize shift = 0; shift <= max_delay && shift < n_heard; shift++)
    {
      double found = audio_test_correlate (reference, heard + shift, MIN (n_reference, n_heard - shift));

      if (found > best)
        {
          best = found;
          if (delay != NULL)
            *delay = shift;
        }
    }
  return best;
}
