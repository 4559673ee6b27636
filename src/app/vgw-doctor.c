#include "app/vgw-doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/vgw-app.h"
#include "app/vgw-doctor-checks.h"
#include "config/vgw-config-load.h"

#define CERTIFICATE_WARN_DAYS 14
#define SECONDS_PER_DAY (24 * 3600)

typedef struct
{
  char *config_path;
  char **settings;
  char *stun_server; /* (nullable) */
  gboolean is_json;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->config_path);
  g_strfreev (options->settings);
  g_free (options->stun_server);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path, "Read this configuration file", "FILE" },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options->settings, "Set one key of the configuration",
      "GROUP.KEY=VALUE" },
    { "stun", 0, 0, G_OPTION_ARG_STRING, &options->stun_server,
      "Ask this server for the public address; empty: none (default: the first of ice.stun-servers)", "HOST:PORT" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->is_json, "Print JSON", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- check the configuration and this machine");

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context, "The exit status is 1 if there is a problem, 0 with warnings only.");
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unexpected argument \"%s\"", argv[1]);
  return argc <= 1;
}

/* One finding for each line of @error. A file that this user may not read is none of the gateway's problems. */
static void
add_errors (VgwDoctorReport *report, const GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      gboolean is_denied = geteuid () != 0 && strstr (*line, g_strerror (EACCES)) != NULL;

      vgw_doctor_report_add (report, is_denied ? VGW_FINDING_WARNING : VGW_FINDING_PROBLEM, "configuration",
                             is_denied ? "run this command as root or as the gateway's user to check it" : NULL, "%s",
                             *line);
    }
}

static void
check_certificate (VgwDoctorReport *report, const VgwConfig *config)
{
  gint64 expiry_s, days;
  g_autofree char *text = NULL;

  if (config->http.tls == NULL)
    return;
  expiry_s = vgw_tls_identity_get_expiry_s (config->http.tls);
  days = (expiry_s - g_get_real_time () / G_USEC_PER_SEC) / SECONDS_PER_DAY;
  text = vgw_tls_identity_get_expiry_text (config->http.tls);
  vgw_doctor_report_add (report, days < CERTIFICATE_WARN_DAYS ? VGW_FINDING_WARNING : VGW_FINDING_OK, "certificates",
                         days < CERTIFICATE_WARN_DAYS ? "renew it and send SIGHUP to the gateway" : NULL,
                         "%s and its key belong together; valid until %s, for %" G_GINT64_FORMAT " days",
                         config->http.tls_certificate, text, days);
}

/* What --check-config checks too. */
static void
check_configuration (VgwDoctorReport *report, const VgwConfig *config)
{
  g_autoptr (GError) error = NULL;

  if (vgw_app_check (config, NULL, &error))
    vgw_doctor_report_add (report, VGW_FINDING_OK, "configuration", NULL,
                           "the configuration, its engines, managers and pipelines can be used");
  else
    add_errors (report, error);
}

static void
examine (VgwDoctorReport *report, const Options *options)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) media_error = NULL, config_error = NULL;
  gboolean has_media = vgw_media_prepare_process (&media_error);
  g_autoptr (VgwConfig) config = vgw_config_load_valid (options->config_path, (const char *const *) environment,
                                                        (const char *const *) options->settings, &config_error);

  vgw_doctor_check_plugins (report, media_error);
  if (config_error != NULL)
    add_errors (report, config_error);
  else if (has_media)
    check_configuration (report, config);
  check_certificate (report, config);
  vgw_doctor_check_limits (report, config);
  vgw_doctor_check_ports (report, config);
  vgw_doctor_check_addresses (report, config, options->stun_server);
  vgw_doctor_check_servers (report, config);
  vgw_doctor_check_redis (report, config);
}

int
vgw_doctor_run (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwDoctorReport) report = vgw_doctor_report_new ();
  g_autofree char *text = NULL;

  if (!parse_options (argc, argv, &options, &error))
    {
      g_printerr ("voice-gateway doctor: %s\nTry voice-gateway doctor --help.\n", error->message);
      return EX_USAGE;
    }
  examine (report, &options);
  text = options.is_json ? vgw_doctor_report_to_json (report) : vgw_doctor_report_to_text (report);
  g_print ("%s", text);
  return vgw_doctor_report_get_status (report) == VGW_FINDING_PROBLEM ? EXIT_FAILURE : EXIT_SUCCESS;
}
