/* The command `voice-gateway doctor`: checks the configuration and this machine. */
#pragma once

/* @argv[0] is "doctor". Prints the findings. Returns the exit status: 0, 1 with a problem, 64 for bad options. */
int vgw_doctor_run (int argc, char **argv);
