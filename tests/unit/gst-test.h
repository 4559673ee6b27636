/* For tests that load GStreamer's registry: that makes more than 2048 quarks, and GLib then drops its first table of
 * them without freeing it (readers take no lock). The table is made by a constructor of libglib, which LeakSanitizer
 * can only tell from other memory when it unwinds stacks without frame pointers. Include it once per program. */
#pragma once

const char *__asan_default_options (void);
const char *__lsan_default_suppressions (void);

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions (void)
{
  return "leak:_dl_init\n";
}
