#include "session/vgw-replay.h"

#include <string.h>

#define ENVELOPE_BYTES 256 /* on the wire and in memory, beside its texts */

/* As on the wire: in JSON in a string each quotation mark has a backslash. */
static gsize
get_size (const VgwMessage *message)
{
  gsize size = ENVELOPE_BYTES;

  if (message->event_json != NULL)
    size += 2 * strlen (message->event_json);
  if (message->sdp != NULL)
    size += 2 * strlen (message->sdp);
  return size;
}

void
vgw_replay_add (VgwReplay *self, VgwMessage *message)
{
  g_return_if_fail (message->seq == self->last_seq + 1);

  self->last_seq = message->seq;
  self->n_bytes += get_size (message);
  g_queue_push_tail (&self->messages, message);
  while (self->messages.length > VGW_REPLAY_MAX_MESSAGES || self->n_bytes > VGW_REPLAY_MAX_BYTES)
    {
      g_autoptr (VgwMessage) oldest = g_queue_pop_head (&self->messages);

      self->n_bytes -= get_size (oldest);
    }
}

guint64
vgw_replay_count_missing (const VgwReplay *self, guint64 seq)
{
  guint64 first = self->last_seq + 1 - self->messages.length;

  return seq + 1 < first ? first - seq - 1 : 0;
}

void
vgw_replay_clear (VgwReplay *self)
{
  g_queue_clear_full (&self->messages, (GDestroyNotify) vgw_message_free);
  self->n_bytes = 0;
}
