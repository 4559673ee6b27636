/* The page of a call bundle: one HTML file that opens without a network, with the events and the audio in it. Blocks:
 * not on the main thread. */
#pragma once

#include <gio/gio.h>

#define VGW_CALL_BUNDLE_AUDIO "audio.wav"
#define VGW_CALL_BUNDLE_EVENTS "events.jsonl"
#define VGW_CALL_BUNDLE_PAGE "call.html"
#define VGW_CALL_BUNDLE_INCOMPLETE "incomplete" /* an empty file, where something is missing in the others */

#define VGW_CALL_PAGE_MAX_AUDIO_BYTES (64 * 1024 * 1024) /* of the WAV file; the page of a longer one asks for it */

/* Writes call.html beside the files of the bundle in @directory; mode 0600, complete or not there at all. The audio in
 * it is μ-law, a third of the size of the WAV file's. Errors: GFileError. */
gboolean vgw_call_page_write (const char *directory, GError **error);
