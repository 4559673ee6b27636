/* Media over loopback as the tests of src/media and src/session need them, and the offers of tests/data/sdp. */
#pragma once

#include <gst/sdp/sdp.h>

#include "media/vgw-peer.h"

/* With the descriptions @pipelines (static). (transfer full) */
VgwMedia *media_new (VgwIceAgentKind ice_agent, const char *const *pipelines, guint max_mlines);

/* An offer that was recorded from a client. (transfer full) */
char *load_offer (const char *name);

/* @text with each @from, of which there is one at least, replaced. (transfer full) */
char *replace (const char *text, const char *from, const char *to);

/* The answer of @peer to its first offer. (transfer full) */
GstSDPMessage *answer_offer (VgwPeer *peer, const char *offer);
GstSDPMessage *parse_sdp (const char *text);
