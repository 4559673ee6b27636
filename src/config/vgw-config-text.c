/* The texts that are made from the table of keys. */
#include <string.h>

#include "config/vgw-config-keys.h"
#include "config/vgw-config-value.h"
#include "config/vgw-config.h"
#include "engine/vgw-engine-factory.h"

#define SAMPLE_COLUMNS 100
#define HELP_NAME_COLUMNS 44

/* Appends @text in lines of at most SAMPLE_COLUMNS, each behind @prefix. */
static void
append_wrapped (GString *out, const char *prefix, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gsize column = 0;

  for (char **word = words; *word != NULL; word++)
    {
      gsize length = strlen (*word);
      if (column > 0 && column + 1 + length > SAMPLE_COLUMNS)
        {
          g_string_append_c (out, '\n');
          column = 0;
        }
      g_string_append (out, column > 0 ? " " : prefix);
      g_string_append (out, *word);
      column += 1 + length + (column == 0 ? strlen (prefix) : 0);
    }
  g_string_append_c (out, '\n');
}

static void
append_hidden (GString *out, gconstpointer values, const VgwConfigKey *key)
{
  guint n = vgw_config_value_count (values, key);

  if (n == 0)
    g_string_append_printf (out, "%s =\n", key->name);
  else
    g_string_append_printf (out, "# %s is set (%u) and hidden\n", key->name, n);
}

static void
append_value (GString *out, gconstpointer values, const VgwConfigKey *key)
{
  g_autofree char *text = NULL;

  if (key->flags & VGW_CONFIG_SECRET)
    {
      append_hidden (out, values, key);
      return;
    }
  text = vgw_config_value_to_text (values, key);
  g_string_append_printf (out, "%s =%s%s\n", key->name, *text != '\0' ? " " : "", text);
}

/* Whether the key means something to this engine: what does not is an error in a file. */
static gboolean
is_of_type (const VgwEngineConfig *engine, const VgwConfigKey *key)
{
  if (strcmp (key->name, "url") == 0)
    return vgw_engine_type_is_networked (engine->type);
  if (strcmp (key->name, "dialect") == 0 || strcmp (key->name, "authorization") == 0
      || strcmp (key->name, "tls-ca") == 0)
    return strcmp (engine->type, "websocket") == 0;
  if (strcmp (key->name, "wraps") == 0 || strcmp (key->name, "record-directory") == 0)
    return strcmp (engine->type, "record") == 0;
  return TRUE;
}

static void
append_engine (GString *out, const VgwEngineConfig *engine)
{
  guint n_rows, n_keys;
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  g_string_append_printf (out, "\n[engine %s]\n", engine->name);
  for (guint i = 0; i < n_rows; i++)
    {
      if (is_of_type (engine, &rows[i]))
        append_value (out, engine, &rows[i]);
    }
  for (guint i = 0; i < n_keys; i++)
    {
      VgwConfigKey key = vgw_config_engine_key (&keys[i]);
      if (keys[i].flags & VGW_CONFIG_PER_ENGINE)
        append_value (out, engine, &key);
    }
}

char *
vgw_config_to_text (const VgwConfig *config)
{
  GString *out = g_string_new (NULL);
  const char *group = "";
  guint n_keys;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  for (guint i = 0; i < n_keys; i++)
    {
      if (strcmp (group, keys[i].group) != 0)
        g_string_append_printf (out, "%s[%s]\n", i > 0 ? "\n" : "", keys[i].group);
      group = keys[i].group;
      append_value (out, config, &keys[i]);
    }
  for (guint i = 0; i < config->engines->len; i++)
    append_engine (out, config->engines->pdata[i]);
  return g_string_free (out, FALSE);
}

static void
append_help_key (GString *out, const VgwConfigKey *key)
{
  g_autofree char *name = g_strdup_printf ("%s.%s=%s", key->group, key->name, key->default_text);

  g_string_append_printf (out, "  %-*s %s\n", HELP_NAME_COLUMNS, name, key->brief);
}

char *
vgw_config_help (void)
{
  GString *out = g_string_new ("Configuration (file, environment VGW_GROUP_KEY, --set group.key=value):\n");
  guint n_keys, n_rows;
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);

  for (guint i = 0; i < n_keys; i++)
    append_help_key (out, &keys[i]);
  g_string_append (out,
                   "An engine of your own, called NAME (group [engine NAME], environment VGW_ENGINE_NAME__KEY); it "
                   "also takes what [engine]\nhas but default:\n");
  for (guint i = 0; i < n_rows; i++)
    append_help_key (out, &rows[i]);
  return g_string_free (out, FALSE);
}

/* "brief (type)." (transfer full) */
static char *
describe (const VgwConfigKey *key)
{
  g_autofree char *type = vgw_config_describe_type (key);

  return type != NULL ? g_strdup_printf ("%s (%s).", key->brief, type) : g_strdup_printf ("%s.", key->brief);
}

static void
append_sample_key (GString *out, const VgwConfigKey *key)
{
  g_autofree char *brief = describe (key);
  g_autofree char *text = g_strjoin (" ", brief, key->detail, NULL);

  append_wrapped (out, "# ", text);
  if (key->go_name != NULL)
    g_string_append_printf (out, "# In the Go service: %s.\n", key->go_name);
  g_string_append_printf (out, "#%s =%s%s\n", key->name, *key->default_text != '\0' ? " " : "", key->default_text);
}

static const char about_engines[] =
    "An engine of your own, under a name of lower-case letters, digits and dashes; as many of them as you like. What "
    "stands in [engine], but for default, may stand here as well, and is then for this engine alone. A group can also "
    "change one that is there without it, such as [engine echo]. In the environment the url of my-bot is "
    "VGW_ENGINE_MY_BOT__URL, for --set it is \"engine my-bot.url=...\".";

/* All in comments: the group would be an engine. */
static void
append_sample_engine (GString *out)
{
  guint n_rows;
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);

  g_string_append_c (out, '\n');
  append_wrapped (out, "# ", about_engines);
  g_string_append (out, "#\n# [engine my-bot]\n");
  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *brief = describe (&rows[i]);
      g_autofree char *text = g_strjoin (" ", brief, rows[i].detail, NULL);
      const char *example = strcmp (rows[i].name, "type") == 0  ? "websocket"
                            : strcmp (rows[i].name, "url") == 0 ? "ws://127.0.0.1:9000/"
                                                                : rows[i].default_text;

      g_string_append (out, "#\n");
      append_wrapped (out, "#   ", text);
      g_string_append_printf (out, "# %s =%s%s\n", rows[i].name, *example != '\0' ? " " : "", example);
    }
}

char *
vgw_config_sample (void)
{
  GString *out = g_string_new (NULL);
  guint n_groups, n_keys;
  const VgwConfigGroup *groups = vgw_config_groups (&n_groups);
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  append_wrapped (
      out, "# ",
      "Configuration of voice-gateway. Every key is here, commented out, with its default. A key can also be "
      "set by the environment, VGW_GROUP_KEY (http.port: VGW_HTTP_PORT), and by --set group.key=value, which "
      "goes before the environment, which goes before this file. A comment needs a line of its own.");
  append_wrapped (out, "# ",
                  "In text and lists, \\\\ is a backslash, \\; a semicolon that separates nothing, \\s a space at an "
                  "end. A time in "
                  "milliseconds may be written with its unit: 1500ms, 10s. "
                  "See voice-gateway.conf(5).");
  for (guint i = 0; i < n_groups; i++)
    {
      g_string_append_printf (out, "\n# %s.\n[%s]\n", groups[i].brief, groups[i].name);
      for (guint j = 0; j < n_keys; j++)
        {
          if (strcmp (keys[j].group, groups[i].name) != 0)
            continue;
          g_string_append_c (out, '\n');
          append_sample_key (out, &keys[j]);
        }
      if (strcmp (groups[i].name, "engine") == 0)
        append_sample_engine (out);
    }
  return g_string_free (out, FALSE);
}

/* Appends @text so that roff takes none of it for a request. */
static void
append_roff (GString *out, const char *text)
{
  if (*text == '.' || *text == '\'')
    g_string_append (out, "\\&");
  for (; *text != '\0'; text++)
    {
      if (*text == '\\')
        g_string_append (out, "\\e");
      else if (*text == '-')
        g_string_append (out, "\\-");
      else
        g_string_append_c (out, *text);
    }
}

static void
append_man_sentence (GString *out, const char *text)
{
  if (text == NULL)
    return;
  append_roff (out, text);
  g_string_append_c (out, '\n');
}

static void
append_man_key (GString *out, const VgwConfigKey *key)
{
  g_autofree char *brief = describe (key);

  g_string_append (out, ".TP\n.B ");
  append_roff (out, key->name);
  g_string_append (out, *key->default_text != '\0' ? " = " : " =");
  append_roff (out, key->default_text);
  g_string_append_c (out, '\n');
  append_man_sentence (out, brief);
  append_man_sentence (out, key->detail);
  if (key->go_name != NULL)
    g_string_append_printf (out, "In the Go service: %s.\n", key->go_name);
}

static const char man_head[] =
    ".\\\" Made from the table of keys in src/config/vgw-config-keys.c: VGW_TEST_UPDATE=1 meson test vgw-config\n"
    ".TH VOICE-GATEWAY.CONF 5 \"\" \"voice-gateway\" \"File formats\"\n"
    ".SH NAME\n"
    "voice-gateway.conf \\- configuration of voice\\-gateway(1)\n"
    ".SH SYNOPSIS\n"
    ".I /etc/voice\\-gateway/voice\\-gateway.conf\n"
    ".SH DESCRIPTION\n"
    "Groups of keys, as desktop entry files have them:\n"
    ".BI [ group ]\n"
    "on a line of its own, then\n"
    ".IB key \" = \" value\n"
    "on a line for each key; a line that begins with # is a comment.\n"
    "A key that is absent has its default.\n"
    "An unknown group or key, a bad value, and a key that a file sets twice stop the start; every such error is "
    "printed, with\n"
    "file, line, and what would be right.\n"
    ".PP\n"
    "Each key can also be set by an environment variable, VGW_GROUP_KEY with underscores for dashes (http.port:\n"
    ".BR VGW_HTTP_PORT ),\n"
    "and by the option\n"
    ".BI \"\\-\\-set \" group . key = value\\fR.\\fP\n"
    "The option goes before the environment, the environment before the file, the file before the default.\n"
    "An unknown variable whose name begins with VGW_ is an error too.\n"
    ".PP\n"
    "The items of a list are separated by semicolons.\n"
    "In text and lists \\e\\e is a backslash, \\e; a semicolon that separates nothing, \\es a space at an end,\n"
    "\\en a new line, \\er a carriage return, \\et a tab.\n"
    "A time may be written with its unit: 1500ms, 10s.\n"
    ".PP\n"
    "A secret can be kept out of this file: the key with\n"
    ".B \\-file\n"
    "behind its name (ice.turn\\-servers\\-file, VGW_ICE_TURN_SERVERS_FILE) names a file that has the value, an item\n"
    "on each line; lines that are empty or begin with # are skipped, and backslashes are themselves.\n"
    "A relative name is relative to the directory of the configuration file, or where it comes from elsewhere to\n"
    "the working directory.\n"
    ".PP\n"
    "The keys follow with their defaults.\n";

static const char man_tail[] =
    ".SH FILES\n"
    ".TP\n"
    ".I /etc/voice\\-gateway/voice\\-gateway.conf\n"
    "Read where no \\-\\-config is given and it exists; the directory is the one that the gateway was built for.\n"
    ".SH SEE ALSO\n"
    ".BR voice\\-gateway (1),\n"
    ".BR voice\\-gateway\\-call (1)\n";

static void
append_man_engine (GString *out)
{
  guint n_rows;
  const VgwConfigKey *rows = vgw_config_engine_rows (&n_rows);

  g_string_append (out, ".SH [engine NAME]\n");
  append_man_sentence (out, about_engines);
  for (guint i = 0; i < n_rows; i++)
    append_man_key (out, &rows[i]);
}

char *
vgw_config_man (void)
{
  GString *out = g_string_new (man_head);
  guint n_groups, n_keys;
  const VgwConfigGroup *groups = vgw_config_groups (&n_groups);
  const VgwConfigKey *keys = vgw_config_keys (&n_keys);

  for (guint i = 0; i < n_groups; i++)
    {
      g_string_append_printf (out, ".SH [%s]\n%s.\n", groups[i].name, groups[i].brief);
      for (guint j = 0; j < n_keys; j++)
        {
          if (strcmp (keys[j].group, groups[i].name) == 0)
            append_man_key (out, &keys[j]);
        }
      if (strcmp (groups[i].name, "engine") == 0)
        append_man_engine (out);
    }
  g_string_append (out, man_tail);
  return g_string_free (out, FALSE);
}
