/* What is wrong with a configuration, all of it and not only the first error, as one GError with a line for each. */
#pragma once

#include <glib.h>

typedef struct _VgwConfigErrors VgwConfigErrors;

VgwConfigErrors *vgw_config_errors_new (void);
void vgw_config_errors_free (VgwConfigErrors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwConfigErrors, vgw_config_errors_free)

/* Adds the lines of @error (transfer full, nullable: then nothing is added). One that is there already is not added
 * again; past 100 they are only counted. */
void vgw_config_errors_add (VgwConfigErrors *self, GError *error);

/* Sets @error (VGW_ERROR_CONFIG) to everything that was added, one on a line, and returns FALSE; TRUE where nothing
 * was. */
gboolean vgw_config_errors_raise (const VgwConfigErrors *self, GError **error);
