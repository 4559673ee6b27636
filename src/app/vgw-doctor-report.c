#include "app/vgw-doctor-report.h"

#include "base/vgw-json.h"

typedef struct
{
  VgwFindingStatus status;
  const char *topic;
  char *message;
  char *advice; /* (nullable) */
} Finding;

struct _VgwDoctorReport
{
  GPtrArray *findings; /* Finding */
};

static void
finding_free (gpointer data)
{
  Finding *finding = data;

  g_free (finding->message);
  g_free (finding->advice);
  g_free (finding);
}

static const char *
status_to_string (VgwFindingStatus status)
{
  switch (status)
    {
    case VGW_FINDING_OK:
      return "ok";
    case VGW_FINDING_WARNING:
      return "warning";
    case VGW_FINDING_PROBLEM:
      return "problem";
    }
  return "unknown";
}

VgwDoctorReport *
vgw_doctor_report_new (void)
{
  VgwDoctorReport *self = g_new0 (VgwDoctorReport, 1);

  self->findings = g_ptr_array_new_with_free_func (finding_free);
  return self;
}

void
vgw_doctor_report_free (VgwDoctorReport *self)
{
  g_ptr_array_unref (self->findings);
  g_free (self);
}

void
vgw_doctor_report_add (VgwDoctorReport *self, VgwFindingStatus status, const char *topic, const char *advice,
                       const char *format, ...)
{
  Finding *finding = g_new0 (Finding, 1);
  va_list args;

  finding->status = status;
  finding->topic = topic;
  finding->advice = g_strdup (advice);
  va_start (args, format);
  finding->message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->findings, finding);
}

static guint
count (const VgwDoctorReport *self, VgwFindingStatus status)
{
  guint n = 0;

  for (guint i = 0; i < self->findings->len; i++)
    n += ((const Finding *) self->findings->pdata[i])->status == status;
  return n;
}

VgwFindingStatus
vgw_doctor_report_get_status (const VgwDoctorReport *self)
{
  if (count (self, VGW_FINDING_PROBLEM) > 0)
    return VGW_FINDING_PROBLEM;
  return count (self, VGW_FINDING_WARNING) > 0 ? VGW_FINDING_WARNING : VGW_FINDING_OK;
}

char *
vgw_doctor_report_to_text (const VgwDoctorReport *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->findings->len; i++)
    {
      const Finding *finding = self->findings->pdata[i];

      g_string_append_printf (text, "%-8s %-13s %s\n", status_to_string (finding->status), finding->topic,
                              finding->message);
      if (finding->advice != NULL)
        g_string_append_printf (text, "%22s → %s\n", "", finding->advice);
    }
  g_string_append_printf (text, "%u ok, %u warnings, %u problems\n", count (self, VGW_FINDING_OK),
                          count (self, VGW_FINDING_WARNING), count (self, VGW_FINDING_PROBLEM));
  return g_string_free (text, FALSE);
}

char *
vgw_doctor_report_to_json (const VgwDoctorReport *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;
  JsonArray *findings = json_array_new ();

  for (guint i = 0; i < self->findings->len; i++)
    {
      const Finding *finding = self->findings->pdata[i];
      JsonObject *member = json_object_new ();

      json_object_set_string_member (member, "status", status_to_string (finding->status));
      json_object_set_string_member (member, "topic", finding->topic);
      json_object_set_string_member (member, "message", finding->message);
      if (finding->advice != NULL)
        json_object_set_string_member (member, "advice", finding->advice);
      json_array_add_object_element (findings, member);
    }
  json_object_set_string_member (object, "status", status_to_string (vgw_doctor_report_get_status (self)));
  json_object_set_array_member (object, "findings", findings);
  text = vgw_json_object_to_text (object);
  return g_strconcat (text, "\n", NULL);
}
