#include "elements/vgw-loss-report.h"

#define NAME "VgwLossReport"
#define FRACTION_LOST "fraction-lost"

GstEvent *
vgw_loss_report_new (guint8 fraction_lost)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
                               gst_structure_new (NAME, FRACTION_LOST, G_TYPE_UINT, (guint) fraction_lost, NULL));
}

gboolean
vgw_loss_report_parse (GstEvent *event, guint8 *fraction_lost)
{
  guint value;

  if (!gst_event_has_name (event, NAME)
      || !gst_structure_get_uint (gst_event_get_structure (event), FRACTION_LOST, &value))
    return FALSE;
  *fraction_lost = (guint8) MIN (value, G_MAXUINT8);
  return TRUE;
}
