#include "session/vgw-call-page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "engine/dialects/vgw-mulaw.h"
#include "vgw-bundle-resource.h"

#define TEMPLATE "/voice-gateway/bundle/call.html"
#define EVENTS_PLACE "@EVENTS@"
#define AUDIO_PLACE "@AUDIO@"
#define RATE_PLACE "@RATE@"
#define INCOMPLETE_PLACE "@INCOMPLETE@"
#define WAV_HEADER_BYTES 44
#define WAV_RATE_OFFSET 24
#define PIECE_SAMPLES 6144u /* divisible by 3: its base64 needs no padding */

typedef gboolean (*FillFunc) (const char *directory, FILE *page);

static FILE *
open_part (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  return fopen (path, "rbe");
}

/* The text of the events, in a script element: "<" occurs in strings only. */
static gboolean
fill_events (const char *directory, FILE *page)
{
  FILE *events = open_part (directory, VGW_CALL_BUNDLE_EVENTS);
  int c;

  if (events == NULL)
    return FALSE;
  while ((c = getc_unlocked (events)) != EOF)
    {
      if (c == '<')
        fputs ("\\u003c", page);
      else
        putc_unlocked (c, page);
    }
  fclose (events);
  return TRUE;
}

/* A call without media has no audio. */
static gboolean
fill_rate (const char *directory, FILE *page)
{
  FILE *audio = open_part (directory, VGW_CALL_BUNDLE_AUDIO);
  guint8 header[WAV_HEADER_BYTES];
  guint32 rate_hz = 0;

  if (audio != NULL && fread (header, 1, sizeof header, audio) == sizeof header)
    memcpy (&rate_hz, header + WAV_RATE_OFFSET, sizeof rate_hz);
  fprintf (page, "%u", GUINT32_FROM_LE (rate_hz));
  if (audio != NULL)
    fclose (audio);
  return TRUE;
}

static gboolean
fill_audio (const char *directory, FILE *page)
{
  FILE *audio = open_part (directory, VGW_CALL_BUNDLE_AUDIO);
  g_autofree gint16 *samples = g_new (gint16, PIECE_SAMPLES);
  g_autofree guchar *octets = g_new (guchar, PIECE_SAMPLES);
  struct stat status;
  gsize n_samples;

  if (audio == NULL)
    return TRUE;
  if (fstat (fileno (audio), &status) != 0 || status.st_size > VGW_CALL_PAGE_MAX_AUDIO_BYTES)
    {
      fclose (audio);
      return TRUE;
    }
  fseek (audio, WAV_HEADER_BYTES, SEEK_SET);
  while ((n_samples = fread (samples, sizeof (gint16), PIECE_SAMPLES, audio)) > 0)
    {
      g_autofree char *text = NULL;

      for (gsize i = 0; i < n_samples; i++)
        octets[i] = vgw_mulaw_encode (GINT16_FROM_LE (samples[i]));
      text = g_base64_encode (octets, n_samples);
      fputs (text, page);
    }
  fclose (audio);
  return TRUE;
}

static gboolean
fill_incomplete (const char *directory, FILE *page)
{
  g_autofree char *path = g_build_filename (directory, VGW_CALL_BUNDLE_INCOMPLETE, NULL);

  fputs (g_file_test (path, G_FILE_TEST_EXISTS) ? "yes" : "", page);
  return TRUE;
}

/* The text up to @place, then what takes its place. Returns: the rest of @text, or NULL where there is no such place */
static const char *
fill (const char *text, const char *place, FillFunc func, const char *directory, FILE *page)
{
  const char *found = strstr (text, place);

  if (found == NULL)
    return NULL;
  fwrite (text, 1, (gsize) (found - text), page);
  return func (directory, page) ? found + strlen (place) : NULL;
}

static gboolean
write_page (const char *directory, FILE *page)
{
  g_autoptr (GBytes) bytes = g_resource_lookup_data (vgw_bundle_get_resource (), TEMPLATE, 0, NULL);
  g_autofree char *template = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  const char *text = template;

  text = fill (text, INCOMPLETE_PLACE, fill_incomplete, directory, page);
  text = text != NULL ? fill (text, EVENTS_PLACE, fill_events, directory, page) : NULL;
  text = text != NULL ? fill (text, RATE_PLACE, fill_rate, directory, page) : NULL;
  text = text != NULL ? fill (text, AUDIO_PLACE, fill_audio, directory, page) : NULL;
  return text != NULL && fputs (text, page) >= 0 && fflush (page) == 0 && !ferror (page);
}

static void
set_error (GError **error, const char *path)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", path, g_strerror (code));
}

gboolean
vgw_call_page_write (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VGW_CALL_BUNDLE_PAGE, NULL);
  g_autofree char *part_path = g_strconcat (path, ".part", NULL);
  int fd = open (part_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  FILE *page = fd >= 0 ? fdopen (fd, "wb") : NULL;
  gboolean is_written;

  if (page == NULL)
    {
      set_error (error, part_path);
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  errno = EIO;
  is_written = write_page (directory, page);
  is_written = fclose (page) == 0 && is_written;
  if (is_written && g_rename (part_path, path) == 0)
    return TRUE;
  set_error (error, path);
  g_unlink (part_path);
  return FALSE;
}
