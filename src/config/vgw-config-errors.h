/* Collects all errors of a configuration in one GError, a line for each. */
#pragma once

#include <glib.h>

typedef struct _VgwConfigErrors VgwConfigErrors;

VgwConfigErrors *vgw_config_errors_new (void);
void vgw_config_errors_free (VgwConfigErrors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfigErrors, vgw_config_errors_free)

/* Adds the lines of @error (transfer full) (nullable), without duplicates; beyond 100 they are only counted. */
void vgw_config_errors_add (VgwConfigErrors *self, GError *error);

/* Sets @error (VGW_ERROR_CONFIG) to all added errors, one on a line, and returns FALSE; TRUE where there are none. */
gboolean vgw_config_errors_raise (const VgwConfigErrors *self, GError **error);
