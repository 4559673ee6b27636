#include "caller/vgw-call-keys.h"

#include <string.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-error.h"

#define KEYS "0123456789*#ABCD" /* in the order of RFC 4733 table 3 */
#define PAUSE_CHARACTER ','
#define HOLD_FRAMES 8u /* 160 ms; RFC 4733 section 2.5.1.2 requires at least 40 */
#define END_PACKETS 3u /* RFC 4733 section 2.5.1.4 */
#define KEY_FRAMES (HOLD_FRAMES + END_PACKETS - 1u)
#define GAP_FRAMES 5u    /* after each key */
#define PAUSE_FRAMES 25u /* half a second */

struct _VgwCallKeys
{
  char *text;
  gsize at;      /* the present or next key or pause */
  guint n_wait;  /* frames until it begins */
  guint n_frame; /* of the key */
};

VgwCallKeys *
vgw_call_keys_new (const char *text, GError **error)
{
  g_autofree char *upper = g_ascii_strup (text, -1);
  VgwCallKeys *self;

  if (strspn (upper, KEYS ",") != strlen (upper) || strpbrk (upper, KEYS) == NULL)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "keys are 0 to 9, *, #, A to D, and a comma for a pause");
      return NULL;
    }
  self = g_new0 (VgwCallKeys, 1);
  self->text = g_steal_pointer (&upper);
  self->n_wait = PAUSE_FRAMES;
  return self;
}

void
vgw_call_keys_free (VgwCallKeys *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self);
}

guint
vgw_call_keys_get_duration_ms (const VgwCallKeys *self)
{
  guint n_frames = PAUSE_FRAMES;

  for (const char *key = self->text; *key != '\0'; key++)
    n_frames += *key == PAUSE_CHARACTER ? PAUSE_FRAMES : KEY_FRAMES + GAP_FRAMES;
  return n_frames * VGW_FRAME_MS;
}

static void
skip_pauses (VgwCallKeys *self)
{
  for (; self->text[self->at] == PAUSE_CHARACTER; self->at++)
    self->n_wait += PAUSE_FRAMES;
}

gboolean
vgw_call_keys_next (VgwCallKeys *self, VgwCallKeyPacket *packet)
{
  skip_pauses (self);
  if (self->text[self->at] == '\0')
    return FALSE;
  if (self->n_wait > 0)
    {
      self->n_wait--;
      return FALSE;
    }
  self->n_frame++;
  *packet = (VgwCallKeyPacket){
    .event = (guint8) (strchr (KEYS, self->text[self->at]) - KEYS),
    .is_first = self->n_frame == 1,
    .is_end = self->n_frame >= HOLD_FRAMES,
    .n_frames = MIN (self->n_frame, HOLD_FRAMES),
  };
  if (self->n_frame == KEY_FRAMES)
    {
      self->at++;
      self->n_frame = 0;
      self->n_wait = GAP_FRAMES;
    }
  return TRUE;
}
