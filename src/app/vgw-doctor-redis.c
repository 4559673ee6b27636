/* The Redis server: whether the gateway may connect, and do there what it needs to. */
#include "app/vgw-doctor-checks.h"
#include "base/vgw-random.h"
#include "base/vgw-url.h"
#include "manager/vgw-redis-connection.h"
#include "net/vgw-tls.h"

#define TOPIC "redis"
#define MAX_TIMEOUT_MS 3000
#define KEY_RANDOM_BYTES 9
#define VERSION_FIELD "redis_version:"
#define REPLICA_FIELD "role:slave"
#define ADVICE_PASSWORD                                                                                                \
  "correct manager.redis-username and manager.redis-password-file: they must be those of an ACL user or of "           \
  "requirepass"
#define ADVICE_RIGHTS                                                                                                  \
  "give the user of manager.redis-username the rights: ACL SETUSER NAME ~PREFIX* +@hash +@set +@stream +@keyspace "    \
  "+@connection +@transaction +eval, with manager.redis-prefix as PREFIX"

typedef struct
{
  VgwRedisConnection *connection;
  gboolean is_open;
  GError *error; /* (nullable) of the connection */
  guint n_pending;
  char *version; /* (nullable) */
  gboolean is_replica;
  GString *denied; /* commands, each with a space before */
  char *refusal;   /* (nullable) the first error of another kind */
} Probe;

/* A command that is under way. */
typedef struct
{
  Probe *probe;
  const char *name; /* static */
} Step;

static void
on_opened (gpointer user_data)
{
  ((Probe *) user_data)->is_open = TRUE;
}

static void
on_closed (const GError *error, gpointer user_data)
{
  Probe *probe = user_data;

  probe->error = g_error_copy (error);
}

static void
read_info (Probe *probe, const char *text)
{
  const char *version = strstr (text, VERSION_FIELD);

  if (version != NULL)
    {
      version += strlen (VERSION_FIELD);
      probe->version = g_strndup (version, strcspn (version, "\r\n"));
    }
  probe->is_replica = strstr (text, REPLICA_FIELD) != NULL;
}

static void
on_reply (const redisReply *reply, gpointer user_data)
{
  g_autofree Step *step = user_data;
  Probe *probe = step->probe;
  gboolean is_info = g_str_equal (step->name, "INFO");

  probe->n_pending--;
  if (reply == NULL)
    return;
  if (reply->type == REDIS_REPLY_ERROR && g_str_has_prefix (reply->str, "NOPERM"))
    {
      if (!is_info) /* the gateway does not need it */
        g_string_append_printf (probe->denied, " %s", step->name);
    }
  else if (reply->type == REDIS_REPLY_ERROR && probe->refusal == NULL)
    probe->refusal = g_strdup (reply->str);
  else if (is_info && reply->str != NULL && probe->version == NULL)
    read_info (probe, reply->str);
}

static void
ask (Probe *probe, const char *const *words)
{
  Step *step = g_new (Step, 1);

  *step = (Step){ probe, words[0] };
  probe->n_pending++;
  vgw_redis_connection_send (probe->connection, words, on_reply, step);
}

/* The commands of the gateway, on keys of their own, which are removed, and would expire. */
static void
send_commands (Probe *probe, const char *prefix)
{
  g_autofree char *random = vgw_random_base64url (KEY_RANDOM_BYTES);
  g_autofree char *hash = g_strconcat (prefix, "doctor:", random, ":hash", NULL);
  g_autofree char *set = g_strconcat (prefix, "doctor:", random, ":set", NULL);
  g_autofree char *stream = g_strconcat (prefix, "doctor:", random, ":stream", NULL);

  ask (probe, VGW_REDIS_WORDS ("INFO"));
  ask (probe, VGW_REDIS_WORDS ("HSET", hash, "name", "doctor"));
  ask (probe, VGW_REDIS_WORDS ("PEXPIRE", hash, "10000"));
  ask (probe, VGW_REDIS_WORDS ("HGETALL", hash));
  ask (probe, VGW_REDIS_WORDS ("SADD", set, "doctor"));
  ask (probe, VGW_REDIS_WORDS ("PEXPIRE", set, "10000"));
  ask (probe, VGW_REDIS_WORDS ("SMEMBERS", set));
  ask (probe, VGW_REDIS_WORDS ("EVAL", "return redis.call('SREM', KEYS[1], ARGV[1])", "1", set, "doctor"));
  ask (probe, VGW_REDIS_WORDS ("SREM", set, "doctor"));
  ask (probe, VGW_REDIS_WORDS ("XADD", stream, "MAXLEN", "~", "1", "*", "type", "doctor"));
  ask (probe, VGW_REDIS_WORDS ("PEXPIRE", stream, "10000"));
  ask (probe, VGW_REDIS_WORDS ("DEL", hash, set, stream));
  ask (probe, VGW_REDIS_WORDS ("MULTI"));
  ask (probe, VGW_REDIS_WORDS ("EXEC"));
}

static const char *
advise (const GError *error, const VgwRedisSettings *settings)
{
  const char *message = error->message;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return strstr (message, "certificate") != NULL
               ? "correct manager.redis-ca, the authorities that sign the server's certificate, or the host in "
                 "manager.redis-url"
               : "start redis-server, or correct manager.redis-url (redis://, or rediss:// for TLS)";
  if (g_str_has_prefix (message, "NOAUTH"))
    return "set manager.redis-password-file: the server requires a password";
  if (g_str_equal (message, "ERR") && *settings->username == '\0')
    return "leave out manager.redis-password-file, or set requirepass at the server: it has no password";
  if (g_str_has_prefix (message, "NOPERM"))
    return ADVICE_RIGHTS;
  if (g_str_has_prefix (message, "WRONGPASS") || g_str_equal (message, "ERR"))
    return ADVICE_PASSWORD;
  return "correct manager.redis-url, or the server's configuration"; /* such as a database that there is not */
}

static void
report_open (VgwDoctorReport *report, const char *shown, const Probe *probe)
{
  if (probe->is_replica || (probe->refusal != NULL && g_str_has_prefix (probe->refusal, "READONLY")))
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC,
                           "correct manager.redis-url: it must be that of the master (with Sentinel or a proxy: an "
                           "address that leads to it)",
                           "%s is a read-only replica", shown);
  else if (probe->denied->len > 0)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, ADVICE_RIGHTS, "%s: the user may not use%s", shown,
                           probe->denied->str);
  else if (probe->refusal != NULL)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, "see the log and the configuration of the server",
                           "%s: %s", shown, probe->refusal);
  else if (probe->error != NULL)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, "see the log of the server", "%s: %s", shown,
                           probe->error->message);
  else
    vgw_doctor_report_add (report, VGW_FINDING_OK, TOPIC, NULL, "%s: Redis %s accepts what the gateway writes", shown,
                           probe->version != NULL ? probe->version : "(version unknown: INFO is not allowed)");
}

static void
examine (VgwDoctorReport *report, const VgwRedisSettings *settings, const char *shown, GTlsDatabase *authorities)
{
  static const VgwRedisConnectionFuncs funcs = { on_opened, on_closed };
  const VgwRedisTarget target = { settings->url, settings->username, settings->password, authorities,
                                  MIN (settings->timeout_ms, MAX_TIMEOUT_MS) };
  Probe probe = { .denied = g_string_new (NULL) };

  probe.connection = vgw_redis_connection_new (&target, &funcs, &probe);
  while (!probe.is_open && probe.error == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (probe.is_open)
    {
      send_commands (&probe, settings->prefix);
      while (probe.n_pending > 0 && probe.error == NULL)
        g_main_context_iteration (NULL, TRUE);
      report_open (report, shown, &probe);
    }
  else
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, advise (probe.error, settings), "%s: %s", shown,
                           probe.error->message);
  vgw_redis_connection_free (probe.connection);
  g_clear_error (&probe.error);
  g_free (probe.version);
  g_free (probe.refusal);
  g_string_free (probe.denied, TRUE);
}

void
vgw_doctor_check_redis (VgwDoctorReport *report, const VgwConfig *config)
{
  const VgwRedisSettings *settings = &config->manager.redis;
  g_autofree char *shown = vgw_url_strip (settings->url);
  g_autoptr (GTlsDatabase) authorities = NULL;
  g_autoptr (GError) error = NULL;

  if (*settings->url == '\0' || shown == NULL || !vgw_redis_url_check (settings->url))
    return; /* none, or an error of the configuration, reported there */
  if (vgw_redis_url_has_tls (settings->url) && *settings->ca != '\0')
    authorities = vgw_tls_load_authorities (settings->ca, &error);
  if (error != NULL)
    vgw_doctor_report_add (report, VGW_FINDING_PROBLEM, TOPIC, "correct manager.redis-ca", "manager.redis-ca %s",
                           error->message);
  else
    examine (report, settings, shown, authorities);
}
