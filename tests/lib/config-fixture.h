/* What the tests of the configuration share: a directory for the files of one test, loading, and what an error says. */
#pragma once

#include <check.h>

#include "config/vgw-config-load.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The directory, from set up to tear down, and a checked fixture of the two. */
extern char *config_directory;
void config_fixture_set_up (void);
void config_fixture_tear_down (void);

/* Writes @bytes (@length -1: up to NUL) to the file @name of the directory. Returns: its path (transfer full) */
char *config_write (const char *name, const char *bytes, gssize length);

/* Loads a.conf of the directory with @text, then @environment and @settings (both nullable). */
VgwConfig *config_load (const char *text, const char *const *environment, const char *const *settings, GError **error);
VgwConfig *config_load_good (const char *text, const char *const *environment, const char *const *settings);

/* The lines of @error without the directory. (transfer full) */
char **config_error_lines (const GError *error);

/* @error is of the configuration, and every one of @words stands in it. */
void config_assert_error (const GError *error, const char *const *words);

/* The same for the error of config_load (). */
void config_assert_bad (const char *text, const char *const *environment, const char *const *settings,
                        const char *const *words);
