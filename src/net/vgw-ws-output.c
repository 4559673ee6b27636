#include "net/vgw-ws-output.h"

#include "base/vgw-source.h"

#define MAX_KEPT_BYTES (16 * 1024) /* of an empty queue */

static gboolean
on_failed (gpointer user_data)
{
  VgwWsOutput *self = user_data;
  g_autoptr (GError) error = g_steal_pointer (&self->error);

  vgw_source_clear (&self->source);
  self->func (error, self->user_data);
  return G_SOURCE_REMOVE;
}

static void write_more (VgwWsOutput *self);

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  VgwWsOutput *self = user_data;

  vgw_source_clear (&self->source);
  write_more (self);
  if (self->unsent->len == 0)
    self->func (NULL, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Writes as much of `unsent` as the kernel accepts. An error is reported from the main loop, not from push (). */
static void
write_more (VgwWsOutput *self)
{
  self->n_peak = MAX (self->n_peak, self->unsent->len);
  while (self->unsent->len > 0 && self->source == NULL)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_output_stream_write_nonblocking (self->stream, self->unsent->data, self->unsent->len, NULL,
                                                             &error);

      if (n >= 0)
        g_byte_array_remove_range (self->unsent, 0, n);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        self->source = vgw_source_start (g_pollable_output_stream_create_source (self->stream, NULL),
                                         G_SOURCE_FUNC (on_writable), self);
      else
        {
          self->error = g_steal_pointer (&error);
          self->source = vgw_source_start_timer (0, on_failed, self);
        }
    }
  if (self->unsent->len == 0 && self->n_peak > MAX_KEPT_BYTES)
    {
      g_byte_array_unref (self->unsent); /* a GByteArray never shrinks */
      self->unsent = g_byte_array_new ();
      self->n_peak = 0;
    }
}

void
vgw_ws_output_init (VgwWsOutput *self, GOutputStream *stream, gboolean is_masked, VgwWsOutputFunc func,
                    gpointer user_data)
{
  *self = (VgwWsOutput){ .stream = G_POLLABLE_OUTPUT_STREAM (stream),
                         .is_masked = is_masked,
                         .func = func,
                         .user_data = user_data,
                         .unsent = g_byte_array_new () };
}

void
vgw_ws_output_clear (VgwWsOutput *self)
{
  vgw_source_clear (&self->source);
  g_clear_pointer (&self->unsent, g_byte_array_unref);
  g_clear_error (&self->error);
}

gsize
vgw_ws_output_get_length (VgwWsOutput *self)
{
  return self->unsent != NULL ? self->unsent->len : 0;
}

void
vgw_ws_output_push_bytes (VgwWsOutput *self, gconstpointer data, gsize length)
{
  g_byte_array_append (self->unsent, data, length);
  write_more (self);
}

/* Section 10.3: unpredictable. */
static const guint8 *
make_mask (VgwWsOutput *self, guint32 *mask)
{
  *mask = g_random_int ();
  return self->is_masked ? (const guint8 *) mask : NULL;
}

void
vgw_ws_output_push_frame (VgwWsOutput *self, VgwWsOpcode opcode, gconstpointer data, gsize length)
{
  guint32 mask;

  vgw_ws_frame_append (self->unsent, opcode, data, length, make_mask (self, &mask));
  write_more (self);
}

void
vgw_ws_output_push_close (VgwWsOutput *self, guint16 code, const char *reason)
{
  guint32 mask;

  vgw_ws_frame_append_close (self->unsent, code, reason, make_mask (self, &mask));
  write_more (self);
}
