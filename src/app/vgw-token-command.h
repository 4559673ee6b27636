/* The command "voice-gateway token", which makes an access token for development and scripts. */
#pragma once

#include <glib.h>

/* @argv without the name of the program: "token", options. Prints the token, or an error, and returns the exit status:
 * 0, 64 (EX_USAGE) for bad options, 78 (EX_CONFIG) for a bad configuration or one without keys. */
int vgw_token_command_run (int argc, char **argv);
