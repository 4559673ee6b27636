/* What `voice-gateway doctor` has found: a list of findings, as text or JSON. */
#pragma once

#include <glib.h>

typedef enum
{
  VGW_FINDING_OK,
  VGW_FINDING_WARNING, /* may be intended, or matters to some callers only */
  VGW_FINDING_PROBLEM, /* the gateway cannot start, or calls fail */
} VgwFindingStatus;

typedef struct _VgwDoctorReport VgwDoctorReport;

/* Returns: (transfer full) */
VgwDoctorReport *vgw_doctor_report_new (void);
void vgw_doctor_report_free (VgwDoctorReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwDoctorReport, vgw_doctor_report_free)

/* Adds a finding about @topic ("ports"): printf format follows. @advice (nullable): what to do. */
void vgw_doctor_report_add (VgwDoctorReport *self, VgwFindingStatus status, const char *topic, const char *advice,
                            const char *format, ...) G_GNUC_PRINTF (5, 6);

/* The most serious status of all findings. */
VgwFindingStatus vgw_doctor_report_get_status (const VgwDoctorReport *self);

/* A line for each finding, with its advice on the next one, and a closing line (transfer full). */
char *vgw_doctor_report_to_text (const VgwDoctorReport *self);

/* {"status": …, "findings": [{"status": …, "topic": …, "message": …, "advice": …}]}, with a newline (transfer full). */
char *vgw_doctor_report_to_json (const VgwDoctorReport *self);
