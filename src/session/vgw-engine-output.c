#include "session/vgw-engine-output.h"

typedef struct
{
  VgwPlayout *playout;
  VgwMailbox *mailbox;
  VgwMailboxFunc on_mark_refused;
} Output;

static void
output_free (gpointer data)
{
  Output *output = data;

  vgw_playout_unref (output->playout);
  vgw_mailbox_unref (output->mailbox);
  g_free (output);
}

static void
play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (((Output *) user_data)->playout, samples, n_samples);
}

static void
mark (const char *name, gpointer user_data)
{
  Output *output = user_data;

  if (!vgw_playout_mark (output->playout, name))
    vgw_mailbox_post_bounded (output->mailbox, 1, output->on_mark_refused, NULL, NULL);
}

static void
clear (gpointer user_data)
{
  vgw_playout_clear (((Output *) user_data)->playout);
}

static void
hold (gboolean is_held, gpointer user_data)
{
  vgw_playout_hold (((Output *) user_data)->playout, VGW_PLAYOUT_HOLD_ENGINE, is_held);
}

static gboolean
is_full (gpointer user_data)
{
  return vgw_playout_is_full (((Output *) user_data)->playout);
}

static const VgwEngineOutput engine_output = {
  .play = play,
  .mark = mark,
  .clear = clear,
  .hold = hold,
  .is_full = is_full,
};

void
vgw_engine_output_connect (VgwEngine *engine, VgwPlayout *playout, VgwMailbox *mailbox, VgwMailboxFunc on_mark_refused)
{
  Output *output = g_new (Output, 1);

  output->playout = vgw_playout_ref (playout);
  output->mailbox = vgw_mailbox_ref (mailbox);
  output->on_mark_refused = on_mark_refused;
  vgw_engine_set_output (engine, &engine_output, output, output_free);
}
