#include "elements/vgw-elements.h"

gboolean
vgw_elements_register (GstPlugin *plugin)
{
  return TRUE;
}
