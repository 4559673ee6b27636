#include "app/vgw-token-command.h"

#include <stdlib.h>
#include <sysexits.h>

#include "access/vgw-token.h"
#include "config/vgw-config-load.h"

#define DEFAULT_TTL_S 3600
#define MAX_TTL_S (365 * 24 * 3600)

typedef struct
{
  char *config_path;
  char **settings;
  char *keys_file;
  char *key_id;
  char *identity;
  char *engines; /* separated by commas */
  char *metadata;
  int ttl_s, max_duration_s;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->config_path);
  g_strfreev (options->settings);
  g_free (options->keys_file);
  g_free (options->key_id);
  g_free (options->identity);
  g_free (options->engines);
  g_free (options->metadata);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "key-id", 0, 0, G_OPTION_ARG_STRING, &options->key_id, "Sign with this key; required if there are several",
      "ID" },
    { "sub", 0, 0, G_OPTION_ARG_STRING, &options->identity, "Identity of the caller", "NAME" },
    { "ttl", 0, 0, G_OPTION_ARG_INT, &options->ttl_s, "Seconds until the token expires (default 3600)", "SECONDS" },
    { "engines", 0, 0, G_OPTION_ARG_STRING, &options->engines, "Engines that the caller may select", "NAME,…" },
    { "max-duration", 0, 0, G_OPTION_ARG_INT, &options->max_duration_s, "Limit of a call's duration", "SECONDS" },
    { "metadata", 0, 0, G_OPTION_ARG_STRING, &options->metadata, "JSON object that is passed to the engine", "JSON" },
    { "keys-file", 0, 0, G_OPTION_ARG_FILENAME, &options->keys_file, "Read the keys from this file", "FILE" },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path, "Read this configuration file", "FILE" },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options->settings, "Set one key of the configuration",
      "GROUP.KEY=VALUE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- create an access token");

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context,
                                    "The keys and access.token-audience are those of the gateway's configuration.");
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unexpected argument \"%s\"", argv[1]);
  else if (options->ttl_s < 1 || options->ttl_s > MAX_TTL_S)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--ttl must be from 1 to %d", MAX_TTL_S);
  else if (options->max_duration_s < 0)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--max-duration must not be negative");
  else
    return TRUE;
  return FALSE;
}

/* As the gateway itself would have it, with --keys-file over all. (transfer full) (nullable) */
static VgwConfig *
load_config (const Options *options, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GStrvBuilder) settings = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  if (options->settings != NULL)
    g_strv_builder_addv (settings, (const char **) options->settings);
  if (options->keys_file != NULL)
    {
      g_autofree char *setting = g_strconcat ("access.token-keys-file=", options->keys_file, NULL);
      g_strv_builder_add (settings, setting);
    }
  list = g_strv_builder_end (settings);
  return vgw_config_load (options->config_path, (const char *const *) environment, (const char *const *) list, error);
}

/* The key to sign with. Errors: VGW_ERROR_CONFIG is not among them: an option is missing. (transfer none) (nullable) */
static const char *
choose_key (const Options *options, GHashTable *keys, GError **error)
{
  g_autofree gpointer *ids = g_hash_table_get_keys_as_array (keys, NULL);
  guint n_keys = g_hash_table_size (keys);

  if (options->key_id != NULL && g_hash_table_contains (keys, options->key_id))
    return options->key_id;
  if (options->key_id == NULL && n_keys == 1)
    return ids[0];
  if (n_keys == 0)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         "no keys are configured; set access.token-keys-file, or use --keys-file");
  else if (options->key_id != NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "no key \"%s\" is configured", options->key_id);
  else
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "there are several keys; use --key-id");
  return NULL;
}

/* (transfer full) (nullable) */
static char *
mint (const Options *options, const VgwConfig *config, GError **error)
{
  g_autoptr (GHashTable) keys = vgw_token_read_keys (config->access.token_keys, error);
  g_auto (GStrv) engines = options->engines != NULL ? g_strsplit (options->engines, ",", -1) : NULL;
  const VgwToken token = {
    .identity = options->identity,
    .engines = engines,
    .max_duration_s = (guint) options->max_duration_s,
    .metadata = options->metadata,
  };
  const char *key_id = keys != NULL ? choose_key (options, keys, error) : NULL;

  if (key_id == NULL)
    return NULL;
  return vgw_token_mint (&token, keys, key_id, config->access.token_audience, g_get_real_time () / G_USEC_PER_SEC,
                         (guint) options->ttl_s, error);
}

int
vgw_token_command_run (int argc, char **argv)
{
  g_auto (Options) options = { .ttl_s = DEFAULT_TTL_S };
  g_autoptr (GError) error = NULL;
  g_autoptr (VgwConfig) config = NULL;
  g_autofree char *token = NULL;

  if (!parse_options (argc, argv, &options, &error))
    {
      g_printerr ("voice-gateway token: %s\nTry voice-gateway token --help.\n", error->message);
      return EX_USAGE;
    }
  config = load_config (&options, &error);
  token = config != NULL ? mint (&options, config, &error) : NULL;
  if (token == NULL)
    {
      g_printerr ("voice-gateway token: %s\n", error->message);
      return config != NULL && error->domain == G_OPTION_ERROR ? EX_USAGE : EX_CONFIG;
    }
  g_print ("%s\n", token);
  return EXIT_SUCCESS;
}
