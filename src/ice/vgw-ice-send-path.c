#include "ice/vgw-ice-send-path.h"

/* What an address may be sent that has not proved itself: one flight of a DTLS handshake, and three times what came
 * from there (RFC 9000 section 8.1). */
#define UNPROVED_FLIGHT_BYTES 4096u
#define UNPROVED_FACTOR 3u

void
vgw_ice_send_path_init (VgwIceSendPath *self)
{
  g_mutex_init (&self->lock);
  self->unproved_bytes = UNPROVED_FLIGHT_BYTES;
}

void
vgw_ice_send_path_clear (VgwIceSendPath *self)
{
  g_mutex_clear (&self->lock);
}

gboolean
vgw_ice_send_path_get (VgwIceSendPath *self, VgwIcePath *path)
{
  g_mutex_lock (&self->lock);
  *path = self->path;
  g_mutex_unlock (&self->lock);
  return path->remote.family != 0;
}

gboolean
vgw_ice_send_path_take (VgwIceSendPath *self, gsize length, VgwIcePath *path)
{
  gboolean may_send;

  g_mutex_lock (&self->lock);
  *path = self->path;
  may_send = path->remote.family != 0 && !self->is_silent && (self->is_proved || self->unproved_bytes >= length);
  if (may_send && !self->is_proved)
    self->unproved_bytes -= length;
  g_mutex_unlock (&self->lock);
  return may_send;
}

void
vgw_ice_send_path_pay (VgwIceSendPath *self, gsize length)
{
  g_mutex_lock (&self->lock);
  self->unproved_bytes += UNPROVED_FACTOR * length;
  g_mutex_unlock (&self->lock);
}

gboolean
vgw_ice_send_path_set (VgwIceSendPath *self, const VgwIcePath *path, gboolean is_proved, gboolean is_silent,
                       gint64 now_us)
{
  static const VgwIcePath none;
  gboolean was_silent;

  g_mutex_lock (&self->lock);
  was_silent = self->is_silent;
  self->path = path != NULL ? *path : none;
  self->is_proved = is_proved;
  self->is_silent = is_silent;
  if (is_silent != was_silent)
    atomic_store_explicit (&self->silent_since_us, is_silent ? now_us : 0, memory_order_relaxed);
  g_mutex_unlock (&self->lock);
  return is_silent && !was_silent;
}
