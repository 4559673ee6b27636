#include "wait-until.h"

gboolean
wait_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}
