/* G.711 μ-law (ITU-T G.711 table 2): each octet is sign, segment and step of a logarithmic quantizer of 14 bits,
 * inverted on the wire; here for samples of 16 bits. */
#pragma once

#include <glib.h>

/* The octet of the interval of @sample; beyond ±32635 the last one. */
guint8 vgw_mulaw_encode (gint16 sample);

/* The level of @octet, -32124 … 32124. */
gint16 vgw_mulaw_decode (guint8 octet);
