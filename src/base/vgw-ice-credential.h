/* The grammar of ICE credentials (RFC 8839 section 5.4): ice-ufrag = 4*256ice-char, ice-pwd = 22*256ice-char. Pure. */
#pragma once

#include <glib.h>

#define VGW_ICE_MIN_UFRAG_LENGTH 4
#define VGW_ICE_MIN_PWD_LENGTH 22

/* FALSE for NULL. */
gboolean vgw_ice_credential_is_valid (const char *text, gsize min_length);
