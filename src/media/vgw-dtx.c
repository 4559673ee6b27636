#include "media/vgw-dtx.h"

#include "elements/vgw-push-src.h"

void
vgw_dtx_start (VgwDtx *self, gboolean is_used)
{
  *self = (VgwDtx){ .is_used = is_used,
                    .n_hangover_ticks = is_used ? 1 : 0, /* the frame that the first keep-alive follows */
                    .n_silent_ticks = VGW_DTX_KEEP_ALIVE_TICKS - 1 };
}

VgwDtxStep
vgw_dtx_step (VgwDtx *self, const gint16 *samples, gsize n_audio)
{
  if (n_audio > 0 && !(self->is_used && vgw_opus_enc_is_silence (samples, n_audio)))
    {
      self->n_hangover_ticks = VGW_DTX_HANGOVER_TICKS;
      self->n_silent_ticks = VGW_DTX_KEEP_ALIVE_TICKS - 1; /* the first one follows the hangover at once */
      return VGW_DTX_SEND;
    }
  if (self->n_hangover_ticks > 0)
    {
      self->n_hangover_ticks--;
      return VGW_DTX_SEND;
    }
  if (!self->is_used || ++self->n_silent_ticks < VGW_DTX_KEEP_ALIVE_TICKS)
    return VGW_DTX_NOTHING;
  self->n_silent_ticks = 0;
  return VGW_DTX_KEEP_ALIVE;
}

gboolean
vgw_dtx_is_possible (VgwPushSrc *pcm_in)
{
  g_autoptr (GstPad) sink = gst_pad_get_peer (vgw_push_src_get_pad (pcm_in));
  g_autoptr (GstElement) encoder = sink != NULL ? gst_pad_get_parent_element (sink) : NULL;

  return encoder != NULL && VGW_IS_OPUS_ENC (encoder);
}

gboolean
vgw_dtx_is_refused (const char *fmtp)
{
  g_auto (GStrv) parameters = g_strsplit (fmtp != NULL ? fmtp : "", ";", 0);
  gboolean is_refused = FALSE;

  for (guint i = 0; parameters[i] != NULL && !is_refused; i++)
    is_refused = g_str_equal (g_strstrip (parameters[i]), "usedtx=0");
  return is_refused;
}
