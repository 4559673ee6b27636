#include "base/vgw-playout-event.h"

VgwPlayoutEvent *
vgw_playout_event_copy (const VgwPlayoutEvent *event)
{
  VgwPlayoutEvent *copy = g_new (VgwPlayoutEvent, 1);

  *copy = *event;
  copy->name = g_strdup (event->name);
  copy->marks = (const char *const *) g_strdupv ((char **) event->marks);
  return copy;
}

void
vgw_playout_event_free (VgwPlayoutEvent *event)
{
  g_free ((char *) event->name);
  g_strfreev ((char **) event->marks);
  g_free (event);
}
