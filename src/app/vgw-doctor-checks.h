/* The checks of `voice-gateway doctor`; each adds its findings to the report. They block, each for a bounded time. */
#pragma once

#include "app/vgw-doctor-report.h"
#include "config/vgw-config.h"

/* GStreamer, its plugins and their versions. @error (nullable): of vgw_media_prepare_process (). */
void vgw_doctor_check_plugins (VgwDoctorReport *report, const GError *error);

/* Descriptors and threads for limits.max-sessions, buffers of sockets: of the running gateway where there is one, else
 * of this process. */
void vgw_doctor_check_limits (VgwDoctorReport *report, const VgwConfig *config);

/* Whether the ports are free, or which process has them. */
void vgw_doctor_check_ports (VgwDoctorReport *report, const VgwConfig *config);

/* The addresses that callers get, and whether they can reach them. @stun_server (nullable): "" for none, NULL for the
 * first of ice.stun-servers. */
void vgw_doctor_check_addresses (VgwDoctorReport *report, const VgwConfig *config, const char *stun_server);

/* Connects to each bot and to the webhook. */
void vgw_doctor_check_servers (VgwDoctorReport *report, const VgwConfig *config);

/* Connects to Redis, and writes there what the gateway does, on keys that are removed again. */
void vgw_doctor_check_redis (VgwDoctorReport *report, const VgwConfig *config);

/* The process of the gateway that has the ports of @config, or 0. For one of another user it is a guess. */
int vgw_doctor_find_gateway (const VgwConfig *config);
