#include "media/vgw-pad-block.h"

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

void
vgw_pad_block_set (VgwPadBlock *self, GstElement *element, const char *name, gboolean is_blocked)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  g_return_if_fail (pad != NULL);

  if (is_blocked == (self->probe != 0))
    return;
  if (is_blocked)
    self->probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop, NULL, NULL);
  else
    {
      gst_pad_remove_probe (pad, self->probe);
      self->probe = 0;
    }
}
