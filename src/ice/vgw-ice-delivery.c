#include "ice/vgw-ice-delivery.h"

void
vgw_ice_delivery_init (VgwIceDelivery *self, const VgwIceRouteFuncs *funcs, gpointer user_data)
{
  *self = (VgwIceDelivery){ .funcs = funcs, .user_data = user_data };
  g_mutex_init (&self->lock);
}

void
vgw_ice_delivery_clear (VgwIceDelivery *self)
{
  g_mutex_clear (&self->lock);
}

void
vgw_ice_delivery_stop (VgwIceDelivery *self)
{
  g_mutex_lock (&self->lock);
  self->is_stopped = TRUE;
  g_mutex_unlock (&self->lock);
}

void
vgw_ice_delivery_packet (VgwIceDelivery *self, const guint8 *data, gsize length)
{
  g_mutex_lock (&self->lock);
  if (!self->is_stopped)
    self->funcs->packet (data, length, self->user_data);
  g_mutex_unlock (&self->lock);
}

void
vgw_ice_delivery_checked (VgwIceDelivery *self, gboolean is_nominated)
{
  g_mutex_lock (&self->lock);
  if (!self->is_stopped)
    self->funcs->checked (is_nominated, self->user_data);
  g_mutex_unlock (&self->lock);
}
