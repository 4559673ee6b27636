#include "doors/vgw-sideband.h"

#include <string.h>

struct _VgwSidebands
{
  VgwSidebandFunc func;
  gpointer user_data;
  GPtrArray *sidebands; /* VgwSideband */
};

struct _VgwSideband
{
  VgwSidebands *owner;
  VgwWsChannel *channel;
};

static void
sideband_free (gpointer data)
{
  VgwSideband *self = data;

  g_signal_handlers_disconnect_by_data (self->channel, self);
  g_object_unref (self->channel);
  g_free (self);
}

static void
on_message (VgwWsChannel *channel, gboolean is_text, const char *text, gulong length, VgwSideband *self)
{
  self->owner->func (self, text, length, NULL, self->owner->user_data);
}

static void
on_bad (VgwWsChannel *channel, const GError *error, VgwSideband *self)
{
  self->owner->func (self, NULL, 0, error, self->owner->user_data);
}

static void
on_closed (VgwWsChannel *channel, int how, const GError *error, VgwSideband *self)
{
  g_ptr_array_remove (self->owner->sidebands, self);
}

VgwSidebands *
vgw_sidebands_new (VgwSidebandFunc func, gpointer user_data)
{
  VgwSidebands *self = g_new0 (VgwSidebands, 1);

  self->func = func;
  self->user_data = user_data;
  self->sidebands = g_ptr_array_new_with_free_func (sideband_free);
  return self;
}

void
vgw_sidebands_free (VgwSidebands *self)
{
  for (guint i = 0; i < self->sidebands->len; i++)
    {
      const VgwSideband *sideband = g_ptr_array_index (self->sidebands, i);

      vgw_ws_channel_close (sideband->channel, VGW_WS_CLOSE_NORMAL, "the call has ended");
    }
  g_ptr_array_unref (self->sidebands);
  g_free (self);
}

VgwSideband *
vgw_sidebands_add (VgwSidebands *self, VgwWsChannel *channel)
{
  VgwSideband *added;

  if (self->sidebands->len == VGW_SIDEBANDS_MAX)
    {
      vgw_ws_channel_close (channel, VGW_WS_CLOSE_TRY_AGAIN_LATER, "too many connections for this call");
      return NULL;
    }
  added = g_new0 (VgwSideband, 1);
  added->owner = self;
  added->channel = g_object_ref (channel);
  g_signal_connect (channel, "message", G_CALLBACK (on_message), added);
  g_signal_connect (channel, "bad", G_CALLBACK (on_bad), added);
  g_signal_connect (channel, "closed", G_CALLBACK (on_closed), added);
  g_ptr_array_add (self->sidebands, added);
  return added;
}

guint
vgw_sidebands_count (VgwSidebands *self)
{
  return self->sidebands->len;
}

void
vgw_sidebands_send (VgwSidebands *self, const char *text)
{
  for (guint i = 0; i < self->sidebands->len; i++)
    vgw_sideband_send (g_ptr_array_index (self->sidebands, i), text);
}

void
vgw_sideband_send (VgwSideband *self, const char *text)
{
  vgw_ws_channel_send (self->channel, TRUE, text, strlen (text));
}
