#include "elements/vgw-elements.h"

#include "elements/vgw-jitter-buffer.h"
#include "elements/vgw-opus-dec.h"
#include "elements/vgw-opus-enc.h"
#include "elements/vgw-resample.h"

/* The plugin may be loaded into a program with built-in elements, which has registered the type's name already. */
static GType
get_type (const char *name, GType (*get_own_type) (void))
{
  GType type = g_type_from_name (name);

  return type != 0 ? type : get_own_type ();
}

gboolean
vgw_elements_register (GstPlugin *plugin)
{
  const struct
  {
    const char *element, *type;
    GType (*get_type) (void);
  } elements[] = {
    { "vgwopusdec", "VgwOpusDec", vgw_opus_dec_get_type },
    { "vgwopusenc", "VgwOpusEnc", vgw_opus_enc_get_type },
    { "vgwresample", "VgwResample", vgw_resample_get_type },
    { "vgwjitterbuffer", "VgwJitterBuffer", vgw_jitter_buffer_get_type },
  };
  gboolean is_good = TRUE;

  /* GST_RANK_NONE: does not change what decodebin selects */
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    is_good = gst_element_register (plugin, elements[i].element, GST_RANK_NONE,
                                    get_type (elements[i].type, elements[i].get_type))
              && is_good;
  return is_good;
}
