#include "engine/builtin/vgw-wav-output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_BYTES sizeof (gint16)

/* Microsoft, Multimedia Programming Interface and Data Specifications 1.0, "WAVE": RIFF chunk, fmt chunk, data chunk */
#define WAV_HEADER_BYTES 44
#define WAV_RIFF_OVERHEAD_BYTES (WAV_HEADER_BYTES - 8) /* the RIFF size excludes the name and the size itself */
#define WAV_FMT_BYTES 16
#define WAV_FORMAT_PCM 1
#define WAV_MAX_DATA_BYTES ((guint64) G_MAXUINT32 - WAV_HEADER_BYTES - 1) /* sizes are 32 bit; an even number */

struct _VgwWavOutput
{
  char *path;
  guint rate_hz; /* 0: it is text */
  guint n_channels;
  gsize frame_bytes; /* of a sample of each channel; 1 for text */
  gboolean has_time;

  int fd;             /* -1: to be created */
  guint64 position;   /* of what is written next */
  guint64 data_bytes; /* the header's; less than `position` where the file could not be extended */
  int error;
};

static void
put_u16 (guint8 *out, guint16 value)
{
  value = GUINT16_TO_LE (value);
  memcpy (out, &value, sizeof value);
}

static void
put_u32 (guint8 *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (out, &value, sizeof value);
}

static void
fill_header (guint8 header[WAV_HEADER_BYTES], guint rate_hz, guint n_channels, guint32 data_bytes)
{
  memcpy (header, "RIFF", 4);
  put_u32 (header + 4, data_bytes + WAV_RIFF_OVERHEAD_BYTES);
  memcpy (header + 8, "WAVEfmt ", 8);
  put_u32 (header + 16, WAV_FMT_BYTES);
  put_u16 (header + 20, WAV_FORMAT_PCM);
  put_u16 (header + 22, (guint16) n_channels);
  put_u32 (header + 24, rate_hz);
  put_u32 (header + 28, rate_hz * n_channels * SAMPLE_BYTES);
  put_u16 (header + 32, (guint16) (n_channels * SAMPLE_BYTES));
  put_u16 (header + 34, SAMPLE_BYTES * 8);
  memcpy (header + 36, "data", 4);
  put_u32 (header + 40, data_bytes);
}

/* Writes @data; returns the number of bytes written, with errno set where that is not all. */
static gsize
write_at (int fd, const guint8 *data, gsize length, guint64 offset)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pwrite (fd, data + done, length - done, offset + done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += n;
    }
  return done;
}

static gsize
get_header_bytes (const VgwWavOutput *self)
{
  return self->rate_hz > 0 ? WAV_HEADER_BYTES : 0;
}

static gboolean
write_header (VgwWavOutput *self)
{
  guint8 header[WAV_HEADER_BYTES];

  if (self->rate_hz == 0)
    return TRUE;
  fill_header (header, self->rate_hz, self->n_channels, self->data_bytes);
  return write_at (self->fd, header, sizeof header, 0) == sizeof header;
}

VgwWavOutput *
vgw_wav_output_new (const char *path, guint rate_hz, guint n_channels, gboolean has_time)
{
  VgwWavOutput *self = g_new0 (VgwWavOutput, 1);

  self->path = g_strdup (path);
  self->rate_hz = rate_hz;
  self->n_channels = n_channels;
  self->frame_bytes = rate_hz > 0 ? n_channels * SAMPLE_BYTES : 1;
  self->has_time = has_time;
  self->fd = -1;
  return self;
}

void
vgw_wav_output_free (VgwWavOutput *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

gboolean
vgw_wav_output_create (VgwWavOutput *self)
{
  self->fd = open (self->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, VGW_WAV_FILE_MODE);
  return self->fd >= 0 && write_header (self);
}

gboolean
vgw_wav_output_is_open (const VgwWavOutput *self)
{
  return self->fd >= 0;
}

/* What of @n_bytes of @data counts as written. */
static gsize
count_whole (const VgwWavOutput *self, const guint8 *data, gsize n_bytes)
{
  const guint8 *end = self->rate_hz == 0 ? memrchr (data, '\n', n_bytes) : NULL;

  if (self->rate_hz > 0)
    return n_bytes - n_bytes % self->frame_bytes;
  return end != NULL ? (gsize) (end + 1 - data) : 0;
}

gsize
vgw_wav_output_write (VgwWavOutput *self, const guint8 *data, gsize n_bytes)
{
  gsize room = MIN (n_bytes, WAV_MAX_DATA_BYTES - MIN (self->position, WAV_MAX_DATA_BYTES));
  gsize n_written = write_at (self->fd, data, room, get_header_bytes (self) + self->position);

  if (n_written < room)
    self->error = errno;
  else if (room < n_bytes)
    self->error = EFBIG;
  if (n_written < n_bytes)
    n_written = count_whole (self, data, n_written);
  if (n_written > 0)
    self->data_bytes = self->position + n_written;
  if (self->rate_hz == 0 && n_written < n_bytes && ftruncate (self->fd, (off_t) (self->position + n_written)) != 0)
    self->error = errno; /* the part of a line stays */
  self->position += self->has_time ? n_bytes : n_written;
  return n_written;
}

void
vgw_wav_output_skip (VgwWavOutput *self, guint64 n_bytes)
{
  self->position += n_bytes;
}

/* Where the file cannot be extended for silence at its end, what is written next does so. */
void
vgw_wav_output_finish (VgwWavOutput *self)
{
  guint64 end = MIN (self->position, WAV_MAX_DATA_BYTES - WAV_MAX_DATA_BYTES % self->frame_bytes);

  if (self->has_time && end > self->data_bytes && ftruncate (self->fd, (off_t) (get_header_bytes (self) + end)) == 0)
    self->data_bytes = end;
  if (!write_header (self))
    self->error = errno;
}

guint64
vgw_wav_output_get_length (const VgwWavOutput *self)
{
  return self->data_bytes;
}

int
vgw_wav_output_get_error (const VgwWavOutput *self)
{
  return self->error;
}
