/* The gateway put together: the only file that knows every room. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "config/vgw-config.h"

G_BEGIN_DECLS

#define VGW_TYPE_APP (vgw_app_get_type ())
G_DECLARE_FINAL_TYPE (VgwApp, vgw_app, VGW, APP, GObject)

/* Loads the pipelines, binds the ports, starts listening. @config (transfer full). @pipeline_override (nullable): the
 * text or file of --pipeline. vgw_media_prepare_process () must have been called.
 * Errors: VGW_ERROR_CONFIG, or of the listening sockets. Returns: (transfer full) */
VgwApp *vgw_app_new (VgwConfig *config, const char *pipeline_override, GError **error);

/* "http://127.0.0.1:8080/" (transfer full) */
char *vgw_app_get_url (VgwApp *self);

/* Ends every session with reason `shutdown`, closes the WebSockets with 1001, and calls back when all is gone or the
 * bound has passed. Once. */
void vgw_app_shutdown_async (VgwApp *self, GAsyncReadyCallback callback, gpointer user_data);
void vgw_app_shutdown_finish (VgwApp *self, GAsyncResult *result);

/* Takes over from @config (transfer full) what can change without touching calls, and logs what could not. */
void vgw_app_reload (VgwApp *self, VgwConfig *config);

/* Whether @config names an engine, a manager and pipelines that exist. Errors: VGW_ERROR_CONFIG. */
gboolean vgw_app_check (const VgwConfig *config, const char *pipeline_override, GError **error);

G_END_DECLS
