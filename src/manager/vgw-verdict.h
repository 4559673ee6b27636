/* What a session manager decides about a session that wants to begin. A value. */
#pragma once

#include <glib.h>

#define VGW_VERDICT_MAX_REASON_BYTES 256
#define VGW_VERDICT_MAX_METADATA_BYTES 8192

typedef struct
{
  gboolean is_admitted;
  gboolean is_default; /* nobody has decided: it is what the configuration has for that case */
  char *reason;        /* (nullable) of a refusal, for the client */
  char *engine;        /* (nullable) the name of the one to use; it may not exist */
  char *metadata;      /* (nullable) text of a JSON object for the engine */
} VgwVerdict;

void vgw_verdict_free (VgwVerdict *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwVerdict, vgw_verdict_free)

/* Reads {"admit":true,"engine":NAME,"metadata":{…}} or {"admit":false,"reason":TEXT}; all but "admit" may be missing.
 * Errors: VGW_ERROR_BAD_MESSAGE, VGW_ERROR_TOO_LARGE. Returns: (transfer full) */
VgwVerdict *vgw_verdict_parse (GBytes *json, GError **error);
