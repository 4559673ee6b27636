/* What clients have asked for with /start, until their offers come: a bounded number of names, each with the text that
 * counts as the query of the offer, for a bounded time. The oldest goes first, of a client that has too many its own.
 * Main thread. */
#pragma once

#include "base/vgw-node-ids.h"

#define VGW_PIPECAT_MAX_STARTS 1000
#define VGW_PIPECAT_MAX_STARTS_PER_ADDRESS 50 /* of IPv6 for each /64; not of loopback addresses */
#define VGW_PIPECAT_START_LIFETIME_US (120 * G_TIME_SPAN_SECOND)
#define VGW_PIPECAT_MAX_PARAMETERS_BYTES 4096 /* of one */

typedef struct _VgwPipecatStarts VgwPipecatStarts;

/* @node_ids (nullable) outlives it. Returns: (transfer full) */
VgwPipecatStarts *vgw_pipecat_starts_new (const VgwNodeIds *node_ids);
void vgw_pipecat_starts_free (VgwPipecatStarts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPipecatStarts, vgw_pipecat_starts_free)

/* Keeps @parameters (transfer full) of the client at @address (nullable) from @now_us (monotonic) on. Returns: their
 * name, which cannot be guessed, valid until the next call (transfer none) */
const char *vgw_pipecat_starts_add (VgwPipecatStarts *self, const char *address, char *parameters, gint64 now_us);

/* The parameters of @name, as often as it is asked for; NULL where there is no such name, or not any more.
 * (transfer none) */
const char *vgw_pipecat_starts_find (VgwPipecatStarts *self, const char *name, gint64 now_us);
