/* The gateway as a whole: creates and connects its parts. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "config/vgw-config.h"

#define VGW_TYPE_APP (vgw_app_get_type ())
G_DECLARE_FINAL_TYPE (VgwApp, vgw_app, VGW, APP, GObject)

/* Loads the pipelines, binds the ports, starts listening. @config (transfer full). @pipeline_override (nullable): the
 * text or file of --pipeline. vgw_media_prepare_process () must have been called.
 * Errors: VGW_ERROR_CONFIG, or of the listening sockets. Returns: (transfer full) */
VgwApp *vgw_app_new (VgwConfig *config, const char *pipeline_override, GError **error);

/* Refuses new sessions, and waits for those that there are, shutdown.drain-timeout-s at most; not at all unless
 * @should_drain. Then it ends every session with reason `shutdown`, closes the WebSockets with 1001, and calls back
 * when all are closed or the time limit has passed. Once. */
void vgw_app_shutdown_async (VgwApp *self, gboolean should_drain, GAsyncReadyCallback callback, gpointer user_data);

/* Waits no longer for the sessions that there are. Nothing where it does not wait. */
void vgw_app_end_drain (VgwApp *self);
void vgw_app_shutdown_finish (VgwApp *self, GAsyncResult *result);

guint vgw_app_count_sessions (VgwApp *self);

/* The longest time that vgw_app_shutdown_async () takes with @should_drain, in seconds. */
guint vgw_app_get_shutdown_s (VgwApp *self, gboolean should_drain);

/* Applies those values of @config (transfer full) that can change without affecting calls; logs what has changed, and
 * what needs a restart. */
void vgw_app_reload (VgwApp *self, VgwConfig *config);

/* Checks that the engines, the manager and the pipelines of @config exist and can be created. Errors: VGW_ERROR_CONFIG.
 * */
gboolean vgw_app_check (const VgwConfig *config, const char *pipeline_override, GError **error);
