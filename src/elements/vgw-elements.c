#include "elements/vgw-elements.h"

#include "elements/vgw-jitter-buffer.h"
#include "elements/vgw-opus-dec.h"
#include "elements/vgw-opus-enc.h"

/* The plugin may be loaded into a program that has the elements built in, and a type has one name in a process. */
static GType
get_type (const char *name, GType (*get_own_type) (void))
{
  GType type = g_type_from_name (name);

  return type != 0 ? type : get_own_type ();
}

gboolean
vgw_elements_register (GstPlugin *plugin)
{
  /* GST_RANK_NONE: decodebin elsewhere on the machine goes on as before */
  return gst_element_register (plugin, "vgwopusdec", GST_RANK_NONE, get_type ("VgwOpusDec", vgw_opus_dec_get_type))
         && gst_element_register (plugin, "vgwopusenc", GST_RANK_NONE, get_type ("VgwOpusEnc", vgw_opus_enc_get_type))
         && gst_element_register (plugin, "vgwjitterbuffer", GST_RANK_NONE,
                                  get_type ("VgwJitterBuffer", vgw_jitter_buffer_get_type));
}
