/* voice-gateway-call: the call of a browser without a browser. See docs/man/voice-gateway-call.1. */
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <openssl/crypto.h>

#include "base/vgw-json.h"
#include "base/vgw-log.h"
#include "caller/vgw-call-keys.h"
#include "caller/vgw-call-runner.h"
#include "elements/vgw-elements.h"
#include "vgw-build.h"

#define THREAD_STACK_BYTES (512 * 1024) /* the default of 8 MB is too much address space with ten threads per call */
#define MAX_CALLS 2000
#define MAX_DURATION_S 86400.0
#define PAUSE_MS 1000      /* between two repetitions of the speech */
#define LAST_PAUSE_MS 2000 /* after it where it is sent once: longer than the call goes on, but for long keys */
#define MS_PER_S 1000.0

typedef struct
{
  char *codec, *in_path, *replay_path, *out_path, *origin, *event, *turn, *keys;
  double duration_s;
  int n_calls, ramp_ms, timeout_ms;
  gboolean is_json, is_verbose, is_insecure, is_audio_only, is_relay_only, shows_version;
  char **urls;
} Options;

typedef struct
{
  GMainLoop *loop;
  VgwCallRunner *runner;
  const Options *options;
  gboolean has_terminal;
  guint interrupt_source, terminate_source;
} Program;

static void
options_clear (Options *options)
{
  g_free (options->codec);
  g_free (options->in_path);
  g_free (options->replay_path);
  g_free (options->out_path);
  g_free (options->origin);
  g_free (options->event);
  g_free (options->turn);
  g_free (options->keys);
  g_strfreev (options->urls);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
usage_error (GError **error, const char *message)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
check_options (Options *options, GError **error)
{
  const char *url = options->urls != NULL ? options->urls[0] : NULL;
  g_autoptr (VgwCallKeys) keys = NULL;
  g_autoptr (GError) cause = NULL;

  if (options->codec == NULL)
    options->codec = g_strdup ("opus");
  if (options->shows_version)
    return TRUE;
  if (url == NULL || options->urls[1] != NULL)
    return usage_error (error, "exactly one URL is required, such as ws://127.0.0.1:8080/ws");
  if (!g_str_has_prefix (url, "ws://") && !g_str_has_prefix (url, "wss://"))
    return usage_error (error, "the URL must begin with ws:// or wss://");
  if (vgw_call_codec_find (options->codec) == NULL)
    return usage_error (error, "--codec must be opus, pcmu, pcma or g722");
  if (options->n_calls < 1 || options->n_calls > MAX_CALLS)
    return usage_error (error, "--calls must be 1 to " G_STRINGIFY (MAX_CALLS));
  if (options->ramp_ms < 1 || options->timeout_ms < 1)
    return usage_error (error, "--ramp and --timeout must be at least 1 ms");
  if (options->duration_s < 0 || options->duration_s > MAX_DURATION_S)
    return usage_error (error, "--duration must be 0 to 86400 seconds");
  keys = options->keys != NULL ? vgw_call_keys_new (options->keys, &cause) : NULL;
  if (cause != NULL)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&cause), "--dtmf: ");
      return FALSE;
    }
  if (options->in_path != NULL && options->replay_path != NULL)
    return usage_error (error, "--in and --replay exclude each other");
  if (options->is_relay_only && options->turn == NULL)
    return usage_error (error, "--relay-only needs --turn");
  return TRUE;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "in", 'i', 0, G_OPTION_ARG_FILENAME, &options->in_path,
      "Speech to send: any WAV file (default: a built-in phrase)", "FILE" },
    { "replay", 0, 0, G_OPTION_ARG_FILENAME, &options->replay_path,
      "Send the caller's side of a recorded call: a directory of record.call-bundle", "BUNDLE" },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &options->out_path, "Write the received audio to a WAV file: 16 kHz, mono",
      "FILE" },
    { "codec", 'c', 0, G_OPTION_ARG_STRING, &options->codec, "Codec to offer: opus (default), pcmu, pcma or g722",
      "NAME" },
    { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &options->duration_s,
      "Hang up after this time; the speech is repeated (default: the speech once, and 1.5 s)", "SECONDS" },
    { "calls", 'n', 0, G_OPTION_ARG_INT, &options->n_calls, "Number of calls at the same time (default 1)", "N" },
    { "ramp", 0, 0, G_OPTION_ARG_INT, &options->ramp_ms, "Time from the start of one call to the next (default 100)",
      "MS" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options->timeout_ms, "Time limit for connecting (default 20000)", "MS" },
    { "event", 'e', 0, G_OPTION_ARG_STRING, &options->event,
      "Send an application event; text that is not a JSON object becomes {\"text\": TEXT}", "TEXT" },
    { "dtmf", 0, 0, G_OPTION_ARG_STRING, &options->keys, "Send these keys; a comma is a pause of half a second",
      "KEYS" },
    { "audio-only", 0, 0, G_OPTION_ARG_NONE, &options->is_audio_only, "Offer no data channel", NULL },
    { "turn", 0, 0, G_OPTION_ARG_STRING, &options->turn, "A TURN server: USER:PASSWORD@HOST:PORT", "SERVER" },
    { "relay-only", 0, 0, G_OPTION_ARG_NONE, &options->is_relay_only, "Offer only the TURN server's addresses", NULL },
    { "origin", 0, 0, G_OPTION_ARG_STRING, &options->origin, "The Origin header to send", "URL" },
    { "insecure", 'k', 0, G_OPTION_ARG_NONE, &options->is_insecure, "wss: accept any certificate", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->is_json, "Print the measurements as JSON", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->is_verbose, "Log each step", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->shows_version, "Print the version and exit", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->urls, NULL, "ws://HOST:PORT/ws" },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, "Calls a voice-gateway over WebRTC, sends speech and receives the reply.");
  g_option_context_set_description (
      context,
      "Exit status: 0 audio received, 1 connected but silence, 2 usage, 3 signaling failed,\n"
      "4 ICE or DTLS failed, 5 internal, 6 --out could not be written. With several calls: the first failure.");
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  return check_options (options, error);
}

/* A JSON object is returned unchanged; other text becomes the member "text" of one. */
static char *
make_event (const char *text)
{
  g_autoptr (JsonObject) object = NULL;

  if (text == NULL)
    return NULL;
  object = vgw_json_parse_object (text, strlen (text), NULL);
  if (object != NULL)
    return g_strdup (text);
  object = json_object_new ();
  json_object_set_string_member (object, "text", text);
  return vgw_json_object_to_text (object);
}

/* "USER:PASSWORD@HOST:PORT", with an optional "turn:" in front; the last '@' ends the password. */
static gboolean
parse_turn (const char *text, VgwCallSettings *settings, GError **error)
{
  g_autofree char *user_and_password = NULL;
  const char *at, *colon;

  if (text == NULL)
    return TRUE;
  if (g_str_has_prefix (text, "turn:"))
    text += strlen ("turn:");
  at = strrchr (text, '@');
  colon = strchr (text, ':');
  if (at == NULL || colon == NULL || colon > at)
    return usage_error (error, "--turn must be USER:PASSWORD@HOST:PORT");
  settings->turn_username = g_strndup (text, (gsize) (colon - text));
  settings->turn_credential = g_strndup (colon + 1, (gsize) (at - colon - 1));
  settings->turn_url = g_strconcat ("turn:", at + 1, NULL);
  return TRUE;
}

static gboolean
make_settings (const Options *options, VgwCallSettings *settings, GError **error)
{
  const VgwCallCodec *codec = vgw_call_codec_find (options->codec);
  guint pause_ms = options->duration_s > 0 ? PAUSE_MS : LAST_PAUSE_MS;

  if (!parse_turn (options->turn, settings, error))
    return FALSE;
  settings->speech = options->replay_path != NULL ? vgw_speech_new_replay (options->replay_path, codec, pause_ms, error)
                                                  : vgw_speech_new (options->in_path, codec, pause_ms, error);
  if (settings->speech == NULL)
    return FALSE;
  settings->url = g_strdup (options->urls[0]);
  settings->origin = g_strdup (options->origin);
  settings->event_json = make_event (options->event);
  settings->keys = g_strdup (options->keys);
  settings->is_relay_only = options->is_relay_only;
  settings->has_data_channel = !options->is_audio_only;
  settings->accepts_any_certificate = options->is_insecure;
  settings->duration_ms = (guint) (options->duration_s * MS_PER_S);
  settings->timeout_ms = (guint) options->timeout_ms;
  settings->pacer = vgw_pacer_new (1);
  settings->wav_writer = vgw_wav_writer_new ();
  settings->http = soup_session_new_with_options ("max-conns", MAX_CALLS, "max-conns-per-host", MAX_CALLS, NULL);
  /* compression of a few hundred bytes of JSON is not worth its memory in each call */
  soup_session_remove_feature_by_type (settings->http, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  return TRUE;
}

static void
settings_clear (VgwCallSettings *settings)
{
  g_clear_object (&settings->http);
  g_clear_pointer (&settings->wav_writer, vgw_wav_writer_unref);
  g_clear_pointer (&settings->pacer, vgw_pacer_free);
  g_clear_pointer (&settings->speech, vgw_speech_unref);
  g_free (settings->url);
  g_free (settings->origin);
  g_free (settings->event_json);
  g_free (settings->keys);
  g_free (settings->turn_url);
  g_free (settings->turn_username);
  g_free (settings->turn_credential);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VgwCallSettings, settings_clear)

static void
on_progress (VgwCallRunner *runner, Program *program)
{
  VgwCallCounts counts;

  if (!program->has_terminal || program->options->n_calls == 1)
    return;
  vgw_call_runner_get_counts (runner, &counts);
  fprintf (stderr, "\r%u of %u started, %u talking, %u ended, %u failed ", counts.n_started, counts.n_calls,
           counts.n_talking, counts.n_ended, counts.n_failed);
}

static void
on_event (VgwCallRunner *runner, guint number, const char *text, Program *program)
{
  g_autofree char *escaped = g_strescape (text, "\"\\");

  /* with --json, stdout is one JSON document */
  fprintf (program->options->is_json ? stderr : stdout, "event %u: %s\n", number, escaped);
  fflush (stdout);
}

static void
on_finished (VgwCallRunner *runner, Program *program)
{
  g_main_loop_quit (program->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  vgw_call_runner_hang_up (((Program *) user_data)->runner);
  return G_SOURCE_CONTINUE;
}

static void
print_json (const VgwCallReport *const *reports, gsize n_reports)
{
  g_autoptr (JsonObject) root = json_object_new ();
  g_autofree char *text = NULL;
  JsonArray *calls = json_array_new ();

  for (gsize i = 0; i < n_reports; i++)
    json_array_add_object_element (calls, vgw_call_report_to_json (reports[i]));
  json_object_set_array_member (root, "calls", calls);
  json_object_set_object_member (root, "summary", vgw_call_reports_summarise (reports, n_reports));
  text = vgw_json_object_to_text (root);
  puts (text);
}

static void
print_text (const VgwCallReport *const *reports, gsize n_reports)
{
  g_autoptr (JsonObject) summary = NULL;
  g_autofree char *summary_text = NULL;

  for (gsize i = 0; i < n_reports; i++)
    {
      g_autofree char *text = vgw_call_report_to_text (reports[i]);

      if (n_reports == 1)
        puts (text);
      else if (reports[i]->failure != NULL)
        printf ("call %zu: %s\n", i + 1, reports[i]->failure);
    }
  if (n_reports < 2)
    return;
  summary = vgw_call_reports_summarise (reports, n_reports);
  summary_text = vgw_json_object_to_text (summary);
  puts (summary_text);
}

static int
run (const Options *options, const VgwCallSettings *settings)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (VgwCallRunner) runner = NULL;
  Program program = { .loop = loop, .options = options, .has_terminal = isatty (STDERR_FILENO) };
  const VgwCallReport *const *reports;
  int status = VGW_CALL_OK;
  gsize n_reports;

  runner = vgw_call_runner_new (settings, (guint) options->n_calls, (guint) options->ramp_ms, options->out_path);
  program.runner = runner;
  g_signal_connect (runner, "progress", G_CALLBACK (on_progress), &program);
  g_signal_connect (runner, "event", G_CALLBACK (on_event), &program);
  g_signal_connect (runner, "finished", G_CALLBACK (on_finished), &program);
  program.interrupt_source = g_unix_signal_add (SIGINT, on_signal, &program);
  program.terminate_source = g_unix_signal_add (SIGTERM, on_signal, &program);
  vgw_call_runner_start (runner);
  g_main_loop_run (loop);
  g_source_remove (program.interrupt_source);
  g_source_remove (program.terminate_source);
  if (program.has_terminal && options->n_calls > 1)
    fputc ('\n', stderr);

  reports = vgw_call_runner_get_reports (runner, &n_reports);
  if (options->is_json)
    print_json (reports, n_reports);
  else
    print_text (reports, n_reports);
  for (gsize i = 0; i < n_reports && status == VGW_CALL_OK; i++)
    status = reports[i]->result;
  return status;
}

static void
init_libraries (void)
{
  pthread_attr_t attributes;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, THREAD_STACK_BYTES);
  pthread_setattr_default_np (&attributes);
  pthread_attr_destroy (&attributes);
  OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL); /* see vgw_media_prepare_process () */
  gst_init (NULL, NULL);
  vgw_elements_register (NULL);
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { .n_calls = 1, .ramp_ms = 100, .timeout_ms = 20000 };
  g_auto (VgwCallSettings) settings = { NULL };
  g_autoptr (GError) error = NULL;

  setlocale (LC_CTYPE, ""); /* of the arguments; not LC_NUMERIC, which changes numbers */
  if (!parse_options (&options, &argc, &argv, &error))
    {
      fprintf (stderr, "voice-gateway-call: %s (see --help)\n", error->message);
      return VGW_CALL_USAGE;
    }
  if (options.shows_version)
    {
      puts ("voice-gateway-call " VGW_VERSION);
      return VGW_CALL_OK;
    }
  vgw_log_init (VGW_LOG_TEXT, options.is_verbose ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING);
  init_libraries ();
  if (!make_settings (&options, &settings, &error))
    {
      fprintf (stderr, "voice-gateway-call: %s\n", error->message);
      return VGW_CALL_USAGE;
    }
  return run (&options, &settings);
}
