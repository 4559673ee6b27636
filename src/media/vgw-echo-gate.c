#include "media/vgw-echo-gate.h"

#include <math.h>

#include "base/vgw-audio-format.h"

#define N_FRAMES (VGW_ECHO_GATE_MEMORY_MS / VGW_FRAME_MS)
/* Of the mean over what is heard: about two syllables' edges, and half of the shortest useful speech-start-ms. */
#define HEARD_OVER_MS 60u

/* Powers are mean squares of samples. */
struct _VgwEchoGate
{
  gsize n_heard_over; /* constant: HEARD_OVER_MS in samples */

  GMutex lock;
  /* guarded by lock */
  double played[N_FRAMES]; /* power of each frame, a ring */
  guint next;              /* of the ring, the oldest */
  double heard;            /* power, the newest weighs most */
};

static double
get_power (const gint16 *samples, gsize n_samples)
{
  gint64 sum = 0;

  for (gsize i = 0; i < n_samples; i++)
    sum += (gint64) samples[i] * samples[i];
  return n_samples > 0 ? (double) sum / (double) n_samples : 0;
}

VgwEchoGate *
vgw_echo_gate_new (guint rate_hz)
{
  VgwEchoGate *self = g_new0 (VgwEchoGate, 1);

  self->n_heard_over = (gsize) rate_hz * HEARD_OVER_MS / 1000;
  g_mutex_init (&self->lock);
  return self;
}

void
vgw_echo_gate_free (VgwEchoGate *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
vgw_echo_gate_played (VgwEchoGate *self, const gint16 *samples, gsize n_samples)
{
  double power = get_power (samples, n_samples);

  g_mutex_lock (&self->lock);
  self->played[self->next] = power;
  self->next = (self->next + 1) % N_FRAMES;
  g_mutex_unlock (&self->lock);
}

void
vgw_echo_gate_heard (VgwEchoGate *self, const gint16 *samples, gsize n_samples)
{
  double power = get_power (samples, n_samples);
  double weight = 1 - exp (-(double) n_samples / (double) self->n_heard_over);

  g_mutex_lock (&self->lock);
  self->heard += (power - self->heard) * weight;
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_echo_gate_may_be_echo (VgwEchoGate *self, guint margin_db)
{
  double loudest = 0;
  double heard;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_FRAMES; i++)
    loudest = MAX (loudest, self->played[i]);
  heard = self->heard;
  g_mutex_unlock (&self->lock);
  return heard < loudest * pow (10, -(double) margin_db / 10);
}
