/* What a fuzz target shares with its two drivers, libFuzzer and replay.c. meson.build says how to add a target. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* The target. @data is a block of exactly @size bytes, not terminated. Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Called once by the driver: makes every g_critical () of the old GLib API (so every failed g_return_if_fail ()) a
 * crash, and hides the log. */
int LLVMFuzzerInitialize (int *argc, char ***argv);
