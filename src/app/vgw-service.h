/* The service manager that has started the process, systemd: it is notified when the gateway is ready, reloads and
 * stops, and its watchdog is answered by the main loop (sd_notify(3)). Without one, or where the build has no
 * libsystemd, nothing happens. Main thread. */
#pragma once

#include "app/vgw-app.h"

typedef struct _VgwService VgwService;

/* The gateway takes calls. @app outlives it. Returns: (transfer full) */
VgwService *vgw_service_new (VgwApp *app);
void vgw_service_free (VgwService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwService, vgw_service_free)

/* A reload begins; it has ended. */
void vgw_service_begin_reload (VgwService *self);
void vgw_service_end_reload (VgwService *self);

/* The end begins, and takes @timeout_s at most. */
void vgw_service_stop (VgwService *self, guint timeout_s);
