#include "base/vgw-ice-credential.h"

#include <string.h>

#define MAX_LENGTH 256
#define ICE_CHARS "+/-_=" G_CSET_DIGITS G_CSET_A_2_Z G_CSET_a_2_z /* the first two only, but stacks send the others */

gboolean
vgw_ice_credential_is_valid (const char *text, gsize min_length)
{
  gsize length = text != NULL ? strspn (text, ICE_CHARS) : 0;

  return text != NULL && length >= min_length && length <= MAX_LENGTH && text[length] == '\0';
}
