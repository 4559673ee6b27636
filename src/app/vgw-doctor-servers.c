/* The servers that the gateway connects to: bots, webhooks. Redis: vgw-doctor-redis.c. */
#include <gio/gio.h>

#include "app/vgw-doctor-checks.h"
#include "base/vgw-url.h"
#include "engine/vgw-engine-factory.h"
#include "net/vgw-dialler.h"
#include "net/vgw-tls.h"

#define SERVER_TIMEOUT_MS 3000
#define NO_URL "is no URL" /* which is not shown: it may have secrets */

static const guint8 close_frame[] = { 0x88, 0x80, 0, 0, 0, 0 }; /* RFC 6455 section 5.5.1: masked, without a status */

/* An operation with a deadline, in the default main context. */
typedef struct
{
  GCancellable *cancellable;
  GAsyncResult *result; /* (nullable) until it has ended */
  guint timer_id;
  guint timeout_ms;
  gboolean is_late;
} Wait;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = g_object_ref (result);
}

static gboolean
on_deadline (gpointer user_data)
{
  Wait *wait = user_data;

  wait->is_late = TRUE;
  wait->timer_id = 0;
  g_cancellable_cancel (wait->cancellable);
  return G_SOURCE_REMOVE;
}

static void
wait_begin (Wait *wait, guint timeout_ms)
{
  *wait = (Wait){ .cancellable = g_cancellable_new (), .timeout_ms = timeout_ms };
  wait->timer_id = g_timeout_add (timeout_ms, on_deadline, wait);
}

static void
wait_finish (Wait *wait)
{
  while (wait->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_handle_id (&wait->timer_id, g_source_remove);
}

static void
wait_clear (Wait *wait)
{
  g_clear_object (&wait->result);
  g_clear_object (&wait->cancellable);
}

/* Resolves and connects, without TLS. @step (out): the one that has failed. */
static gboolean
connect_tcp (const char *url, guint16 default_port, guint timeout_ms, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) cause = NULL;
  Wait wait;

  g_socket_client_set_enable_proxy (client, FALSE);
  wait_begin (&wait, timeout_ms);
  g_socket_client_connect_to_uri_async (client, url, default_port, wait.cancellable, on_done, &wait);
  wait_finish (&wait);
  connection = g_socket_client_connect_to_uri_finish (client, wait.result, &cause);
  if (connection == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                 wait.is_late ? "no connection within the time limit: is a firewall in between?" : cause->message);
  wait_clear (&wait);
  return connection != NULL;
}

/* The whole handshake, as in a call. */
static gboolean
shake_hands (const VgwEngineConfig *engine, const VgwDialect *dialect, GError **error)
{
  const VgwDialTarget target = { .url = engine->url,
                                 .is_stream = dialect->is_stream,
                                 .subprotocol = dialect->subprotocol,
                                 .authorization = *engine->authorization != '\0' ? engine->authorization : NULL,
                                 .authorities = engine->authorities,
                                 .stall_ms = engine->stall_ms };
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) cause = NULL;
  Wait wait;

  wait_begin (&wait, engine->connect_timeout_ms);
  vgw_dial_async (&target, wait.cancellable, on_done, &wait);
  wait_finish (&wait);
  connection = vgw_dial_finish (wait.result, &rest, &cause);
  if (connection == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                 wait.is_late ? "no answer to the handshake within the time limit: is it a WebSocket server?"
                              : cause->message);
  else if (!dialect->is_stream) /* most bots log the loss of a connection as an error */
    g_output_stream_write (g_io_stream_get_output_stream (G_IO_STREAM (connection)), close_frame, sizeof close_frame,
                           NULL, NULL);
  wait_clear (&wait);
  return connection != NULL;
}

static guint16
get_default_port (const char *url)
{
  return vgw_tls_is_wanted (url) ? 443 : 80;
}

static void
check_engine (VgwDoctorReport *report, const VgwEngineConfig *engine)
{
  const VgwDialect *dialect = vgw_engine_config_find_dialect (engine);
  g_autofree char *shown = vgw_url_strip (engine->url);
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();
  const char *step = "name and TCP";

  if (dialect == NULL || *engine->url == '\0') /* an error of the configuration, reported there */
    return;
  if (shown == NULL)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, NO_URL);
  else if (connect_tcp (engine->url, get_default_port (engine->url), engine->connect_timeout_ms, &error))
    {
      step = dialect->is_stream ? "TCP" : vgw_tls_is_wanted (engine->url) ? "TLS and handshake" : "handshake";
      if (shake_hands (engine, dialect, &error))
        {
          vgw_doctor_report_add (report, VGW_FINDING_OK, "engines", NULL, "%s: %s accepts connections, after %d ms",
                                 engine->name, shown,
                                 (int) ((g_get_monotonic_time () - start_us) / G_TIME_SPAN_MILLISECOND / 2));
          return;
        }
    }
  vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, "engines",
                         "start the bot, or correct url, authorization or tls-ca of [engine NAME]", "%s: %s: %s: %s",
                         engine->name, shown != NULL ? shown : "url", step, error->message);
}

/* Connects, with TLS where that is wanted, and sends no request: a webhook must not get events that did not happen. */
static gboolean
connect_webhook (const char *url, GError **error)
{
  const VgwDialTarget target = { .url = url, .is_stream = TRUE, .stall_ms = SERVER_TIMEOUT_MS };
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) cause = NULL;
  Wait wait;

  wait_begin (&wait, SERVER_TIMEOUT_MS);
  vgw_dial_async (&target, wait.cancellable, on_done, &wait);
  wait_finish (&wait);
  connection = vgw_dial_finish (wait.result, &rest, &cause);
  if (connection == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                 wait.is_late ? "no connection within the time limit: is a firewall in between?" : cause->message);
  wait_clear (&wait);
  return connection != NULL;
}

static void
check_webhook (VgwDoctorReport *report, const char *url)
{
  g_autofree char *shown = vgw_url_get_origin (url);
  g_autoptr (GError) error = NULL;

  if (shown == NULL)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, NO_URL);
  if (shown != NULL && connect_webhook (url, &error))
    vgw_doctor_report_add (report, VGW_FINDING_OK, "webhook", NULL, "%s accepts connections%s", shown,
                           vgw_tls_is_wanted (url) ? ", and its certificate is valid" : "");
  else
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, "webhook",
                           "start the receiver, or correct manager.webhook-url or the receiver's certificate", "%s: %s",
                           shown != NULL ? shown : "url", error->message);
}

void
vgw_doctor_check_servers (VgwDoctorReport *report, const VgwConfig *config)
{
  const char *const *types = config->manager.types;

  for (guint i = 0; i < config->engine.engines->len; i++)
    {
      const VgwEngineConfig *engine = config->engine.engines->pdata[i];

      if (vgw_engine_type_is_networked (engine->type))
        check_engine (report, engine);
    }
  if (g_strv_contains (types, "webhook") && *config->manager.webhook.url != '\0')
    check_webhook (report, config->manager.webhook.url);
}
