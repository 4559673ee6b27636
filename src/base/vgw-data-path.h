/* Paths of the files that are shipped with the gateway: pipelines, grammar, configuration. @program (nullable): the
 * path of a program; NULL: the running one. */
#pragma once

#include <glib.h>

/* In a build tree: @in_source, relative to the source tree. Installed: @installed, relative to share/voice-gateway of
 * the prefix that the program is in, else of the configured prefix; so a tree can be moved as a whole. The file need
 * not exist: see vgw_data_path_hint (). Any thread. (transfer full) */
char *vgw_data_path (const char *program, const char *in_source, const char *installed);

/* The default configuration file, found likewise; NULL in a build tree, which does not use the configuration of the
 * machine. It need not exist. (transfer full) (nullable) */
char *vgw_data_path_config (const char *program);

/* For an error message where the path of vgw_data_path () does not exist: the reason for that path, and what to do.
 * Part of a sentence. Any thread. (transfer full) */
char *vgw_data_path_hint (const char *program);
