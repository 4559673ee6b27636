/* Where the files that come with the gateway are: pipelines, grammar, configuration. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For a program of the build tree @in_source, relative to the source tree; for an installed one @installed, relative to
 * share/voice-gateway of the prefix that the program stands in, or else of the one that it was configured for. So a
 * tree that was moved as a whole finds its own. Nothing may be there: see vgw_data_path_hint (). Any thread. (transfer
 * full) */
char *vgw_data_path (const char *in_source, const char *installed);

/* The same for a program that stands at @program. */
char *vgw_data_path_for (const char *program, const char *in_source, const char *installed);

/* The configuration file that is read where none is named, found likewise; NULL for a program of the build tree: what
 * is configured on the machine is not for it. It need not exist. (transfer full) (nullable) */
char *vgw_data_path_config (void);

/* The same for a program that stands at @program. */
char *vgw_data_path_config_for (const char *program);

/* For an error where nothing is at the path that vgw_data_path () gave: how this program came to look there, and what
 * to do. Part of a sentence. Any thread. (transfer full) */
char *vgw_data_path_hint (void);

/* The same for a program that stands at @program. */
char *vgw_data_path_hint_for (const char *program);

G_END_DECLS
