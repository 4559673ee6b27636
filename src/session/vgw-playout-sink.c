#include "session/vgw-playout-sink.h"

typedef struct
{
  VgwPlayout *playout;
  VgwPlayoutSinkFunc func; /* main thread, as its data */
  gpointer user_data;
  VgwMailbox *mailbox;
  VgwMailboxFunc on_mark_refused;
} Sink;

static void
sink_free (gpointer data)
{
  Sink *sink = data;

  vgw_playout_unref (sink->playout);
  vgw_mailbox_unref (sink->mailbox);
  g_free (sink);
}

static void
play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  vgw_playout_push (((Sink *) user_data)->playout, samples, n_samples);
}

static gboolean
is_full (gpointer user_data)
{
  return vgw_playout_is_full (((Sink *) user_data)->playout);
}

static guint64
add_place (gpointer user_data)
{
  return vgw_playout_add_place (((Sink *) user_data)->playout);
}

static void
handle (const VgwEngineOutput *output, gpointer user_data)
{
  Sink *sink = user_data;

  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      if (!vgw_playout_mark (sink->playout, output->name))
        vgw_mailbox_post_bounded (sink->mailbox, 1, sink->on_mark_refused, NULL, NULL);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
      vgw_playout_clear (sink->playout);
      break;
    case VGW_ENGINE_OUTPUT_HOLD:
      vgw_playout_hold (sink->playout, VGW_PLAYOUT_HOLD_ENGINE, output->is_held);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_FAILED:
    case VGW_ENGINE_OUTPUT_HANGUP:
      sink->func (output, sink->user_data);
      break;
    }
}

void
vgw_playout_sink_connect (VgwEngine *engine, VgwPlayout *playout, VgwPlayoutSinkFunc func, gpointer user_data,
                          VgwMailbox *mailbox, VgwMailboxFunc on_mark_refused)
{
  static const VgwEngineSink functions = { .play = play, .is_full = is_full, .add_place = add_place, .handle = handle };
  Sink *sink = g_new (Sink, 1);

  *sink = (Sink){ vgw_playout_ref (playout), func, user_data, vgw_mailbox_ref (mailbox), on_mark_refused };
  vgw_engine_set_sink (engine, &functions, sink, sink_free);
}
