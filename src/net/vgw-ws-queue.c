#include "net/vgw-ws-queue.h"

void
vgw_ws_queue_init (VgwWsQueue *self, gsize max_bytes)
{
  *self = (VgwWsQueue){ .max_bytes = max_bytes };
  g_queue_init (&self->frames);
}

void
vgw_ws_queue_clear (VgwWsQueue *self)
{
  g_queue_clear_full (&self->frames, (GDestroyNotify) g_bytes_unref);
  self->n_head_written = 0;
  self->n_bytes = 0;
}

gboolean
vgw_ws_queue_push (VgwWsQueue *self, GBytes *frame)
{
  if (self->n_bytes + g_bytes_get_size (frame) > self->max_bytes)
    {
      g_bytes_unref (frame);
      return FALSE;
    }
  self->n_bytes += g_bytes_get_size (frame);
  g_queue_push_tail (&self->frames, frame);
  return TRUE;
}

gboolean
vgw_ws_queue_is_empty (VgwWsQueue *self)
{
  return g_queue_is_empty (&self->frames);
}

gboolean
vgw_ws_queue_write (VgwWsQueue *self, GPollableOutputStream *output)
{
  while (!g_queue_is_empty (&self->frames))
    {
      GBytes *frame = g_queue_peek_head (&self->frames);
      gsize length;
      const guint8 *data = g_bytes_get_data (frame, &length);
      g_autoptr (GError) error = NULL;
      gssize n;

      n = g_pollable_output_stream_write_nonblocking (output, data + self->n_head_written,
                                                      length - self->n_head_written, NULL, &error);
      if (n < 0)
        return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      self->n_head_written += n;
      self->n_bytes -= n;
      if (self->n_head_written < length)
        continue;
      self->n_head_written = 0;
      g_bytes_unref (g_queue_pop_head (&self->frames));
    }
  return TRUE;
}
