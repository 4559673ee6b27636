/* What the two halves share: vgw-config-engines.c reads, vgw-config-engines-check.c checks. */
#pragma once

#include "config/vgw-config-engines.h"

G_BEGIN_DECLS

/* An engine that is being read. */
typedef struct
{
  VgwEngineConfig *config;
  VgwConfigOrigin *origins; /* one for each key, see vgw_config_engine_row_number () */
  char *where;              /* (nullable) where it is first spoken of; NULL for a built-in one */
  gboolean is_bad;          /* one of its keys has an error, so that what follows from the others may be wrong too */
} VgwEngineDraft;

struct _VgwConfigEngines
{
  GPtrArray *drafts; /* VgwEngineDraft */
};

/* NULL where there is no such engine. */
VgwEngineDraft *vgw_config_engines_find (VgwConfigEngines *self, const char *name);

/* Whether the engine says the key @key_name itself. */
gboolean vgw_engine_draft_says (const VgwEngineDraft *draft, const char *key_name);

/* What is wrong with one engine, with the others in view. Errors: VGW_ERROR_CONFIG. */
gboolean vgw_engine_draft_check (VgwConfigEngines *self, const VgwEngineDraft *draft, GError **error);

/* Sets @error to "WHERE: " and the text, WHERE being where @key_name stands, or should. Returns FALSE. */
gboolean vgw_engine_draft_fail (const VgwEngineDraft *draft, const char *key_name, GError **error, const char *format,
                                ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
