/* The directory of all call bundles: one folder for each call (vgw-call-bundle.h), with audio.wav, events.jsonl and,
 * after the call, call.html. Files are written by the thread of the WAV writer; the pages, and the removal of old
 * bundles, are the work of a thread of their own. Main thread, where nothing else is said. */
#pragma once

#include "engine/builtin/vgw-wav-writer.h"
#include "session/vgw-call-page.h"
#include "session/vgw-session-context.h"

/* TRUE for a bundle that is not removed. Any thread. */
typedef gboolean (*VgwCallBundleIsKept) (const char *name, gpointer user_data);

/* NULL where @settings has no directory. Removes what is too old, and makes the pages that are missing. Returns:
 * (transfer full) (nullable) */
VgwCallBundles *vgw_call_bundles_new (const VgwCallBundleSettings *settings, VgwWavWriter *writer);

/* After the last call. Waits for the files of released bundles, and for the page that is being written; further pages
 * are made at the next start. */
void vgw_call_bundles_free (VgwCallBundles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwCallBundles, vgw_call_bundles_free)

const VgwCallBundleSettings *vgw_call_bundles_get_settings (VgwCallBundles *self);
VgwWavWriter *vgw_call_bundles_get_writer (VgwCallBundles *self);

/* The name of a bundle: "20261128T203000.123Z-" and the session's id, whose characters are safe in a file name. It is
 * not removed until it is released. Returns: (transfer full) */
char *vgw_call_bundles_reserve (VgwCallBundles *self, gint64 started_at_us, const char *session_id);

/* The call of the bundle @name is over, and its files are closed, where it @has_files: its page follows. */
void vgw_call_bundles_release (VgwCallBundles *self, const char *name, gboolean has_files);

/* Removes the bundles in the directory that are too old, the oldest first; not those for which @is_kept (nullable) is
 * TRUE, nor what is no bundle. @now_us: g_get_real_time (). Any thread. Returns: the number of removed ones */
guint vgw_call_bundles_clean (const VgwCallBundleSettings *settings, VgwCallBundleIsKept is_kept, gpointer user_data,
                              gint64 now_us);
