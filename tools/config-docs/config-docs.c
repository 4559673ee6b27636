/* config-docs sample|man|reloadable: prints data/voice-gateway.conf or docs/man/voice-gateway.conf.5, made from the
 * table of keys, or the names of the keys that a reload applies. tools/config-docs/check.py compares them with the
 * committed files. */
#include <string.h>

#include "config/vgw-config-keys.h"
#include "config/vgw-config-value.h"

#define SAMPLE_COLUMNS 100

static const char about_engines[] =
    "An engine of your own. There may be any number of these groups, each with a name of lower-case letters, digits "
    "and "
    "dashes. A group may also set every key of [engine] except default, for this engine only, and it may change a "
    "built-in engine, such as [engine echo]. In the environment, the url of my-bot is VGW_ENGINE_MY_BOT__URL; for "
    "--set it is \"engine my-bot.url=...\".";

/* "brief (type)." (transfer full) */
static char *
describe (const VgwConfigKey *key)
{
  g_autofree char *type = vgw_config_describe_type (key);

  return type != NULL ? g_strdup_printf ("%s (%s).", key->brief, type) : g_strdup_printf ("%s.", key->brief);
}

/* --- the sample file --- */

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
append_sample_key (GString *out, const VgwConfigKey *key)
{
  g_autofree char *brief = describe (key);
  g_autofree char *text = g_strjoin (" ", brief, key->detail, NULL);

  g_string_append_c (out, '\n');
  append_wrapped (out, "# ", text);
  g_string_append_printf (out, "#%s =%s%s\n", key->name, *key->default_text != '\0' ? " " : "", key->default_text);
}

/* Only comments: an active group would be an engine. */
static void
append_sample_engine_key (GString *out, const VgwConfigKey *key)
{
  g_autofree char *brief = describe (key);
  g_autofree char *text = g_strjoin (" ", brief, key->detail, NULL);
  const char *example = strcmp (key->name, "type") == 0  ? "websocket"
                        : strcmp (key->name, "url") == 0 ? "ws://127.0.0.1:9000/"
                                                         : key->default_text;

  g_string_append (out, "#\n");
  append_wrapped (out, "#   ", text);
  g_string_append_printf (out, "# %s =%s%s\n", key->name, *example != '\0' ? " " : "", example);
}

typedef void (*AppendKeyFunc) (GString *out, const VgwConfigKey *key);

/* The keys of @group. */
static void
append_keys (GString *out, const char *group, AppendKeyFunc append)
{

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (strcmp (key->group, group) == 0)
        append (out, key);
    }
}

static void
append_sample (GString *out)
{

  append_wrapped (
      out, "# ",
      "Configuration of voice-gateway. Every key is here, commented out, with its default. A key can also be "
      "set in the environment, VGW_GROUP_KEY (http.port: VGW_HTTP_PORT), and with --set group.key=value. --set "
      "overrides the environment, which overrides this file. Comments must be on their own line.");
  append_wrapped (out, "# ",
                  "In text and lists, \\\\ is a backslash, \\; a semicolon that is not a separator, \\s a leading or "
                  "trailing space. A time in milliseconds may be written with its unit: 1500ms, 10s. "
                  "See voice-gateway.conf(5).");
  for (const VgwConfigGroup *group = vgw_config_groups; group->name != NULL; group++)
    {
      g_string_append_printf (out, "\n# %s.\n[%s]\n", group->brief, group->name);
      append_keys (out, group->name, append_sample_key);
      if (strcmp (group->name, "engine") != 0)
        continue;
      g_string_append_c (out, '\n');
      append_wrapped (out, "# ", about_engines);
      g_string_append (out, "#\n# [engine my-bot]\n");
      append_keys (out, VGW_CONFIG_ENGINE_GROUP, append_sample_engine_key);
    }
}

/* --- the man page --- */

/* Appends @text, escaped for roff. */
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
  append_man_sentence (out, key->default_text);
  append_man_sentence (out, brief);
  if (key->detail != NULL)
    append_man_sentence (out, key->detail);
}

static const char man_head[] =
    ".\\\" Made from the table of keys in src/config/vgw-config-keys.c: VGW_TEST_UPDATE=1 meson test config-docs\n"
    ".TH VOICE-GATEWAY.CONF 5 \"\" \"voice-gateway\" \"File formats\"\n"
    ".SH NAME\n"
    "voice-gateway.conf \\- configuration of voice\\-gateway(1)\n"
    ".SH SYNOPSIS\n"
    ".I /etc/voice\\-gateway/voice\\-gateway.conf\n"
    ".SH DESCRIPTION\n"
    "The file has groups of keys, in the format of desktop entry files:\n"
    ".BI [ group ]\n"
    "on a line of its own, then\n"
    ".IB key \" = \" value\n"
    "on a line for each key; a line that begins with # is a comment.\n"
    "A key that is not set has its default.\n"
    "An unknown group or key, an invalid value, and a key that a file sets twice are errors: the gateway does not "
    "start, "
    "and\n"
    "prints every error with file, line, and how to fix it.\n"
    ".PP\n"
    "Each key can also be set by an environment variable, VGW_GROUP_KEY with underscores for dashes (http.port:\n"
    ".BR VGW_HTTP_PORT ),\n"
    "and by the option\n"
    ".BI \"\\-\\-set \" group . key = value\\fR.\\fP\n"
    "The option overrides the environment, and the environment overrides the file.\n"
    "An unknown variable whose name begins with VGW_ is an error too.\n"
    ".PP\n"
    "The items of a list are separated by semicolons.\n"
    "In text and lists \\e\\e is a backslash, \\e; a semicolon that is not a separator, \\es a leading or trailing "
    "space,\n"
    "\\en a new line, \\er a carriage return, \\et a tab.\n"
    "A time may be written with its unit: 1500ms, 10s.\n"
    ".PP\n"
    "A secret can be kept out of this file: the key with\n"
    ".B \\-file\n"
    "appended to its name (ice.turn\\-servers\\-file, VGW_ICE_TURN_SERVERS_FILE) names a file with the value, one "
    "item\n"
    "on each line. Empty lines and lines that begin with # are skipped, and backslashes have no special meaning.\n"
    "A relative file name is relative to the directory of the configuration file; in the environment and with\n"
    ".B \\-\\-set\n"
    "to the working directory.\n"
    ".PP\n"
    "Where a key names a file, a secret's \\-file, http.tls\\-certificate, http.tls\\-key, tls\\-ca of an engine or\n"
    "manager.redis\\-ca,\n"
    ".BI credential: NAME\n"
    "is a credential of the systemd unit (LoadCredential=NAME:FILE, see\n"
    ".BR systemd.exec (5)).\n"
    "systemd reads credentials when it starts the unit, so a reload finds them unchanged.\n"
    ".PP\n"
    "The keys and their defaults:\n";

static const char man_tail[] =
    ".SH FILES\n"
    ".TP\n"
    ".I /etc/voice\\-gateway/voice\\-gateway.conf\n"
    "Read if it exists and \\-\\-config names no other file. The directory is the one that the gateway was built for.\n"
    ".SH SEE ALSO\n"
    ".BR voice\\-gateway (1),\n"
    ".BR voice\\-gateway\\-call (1)\n";

static void
append_man (GString *out)
{

  g_string_append (out, man_head);
  for (const VgwConfigGroup *group = vgw_config_groups; group->name != NULL; group++)
    {
      g_string_append_printf (out, ".SH [%s]\n%s.\n", group->name, group->brief);
      append_keys (out, group->name, append_man_key);
      if (strcmp (group->name, "engine") != 0)
        continue;
      g_string_append (out, ".SH [" VGW_CONFIG_ENGINE_GROUP "]\n");
      append_man_sentence (out, about_engines);
      append_keys (out, VGW_CONFIG_ENGINE_GROUP, append_man_key);
    }
  g_string_append (out, man_tail);
}

/* One on each line. */
static void
append_reloadable (GString *out)
{
  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      if (key->flags & VGW_CONFIG_RELOADABLE)
        g_string_append_printf (out, "%s.%s\n", key->group, key->name);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (g_strcmp0 (argv[1], "sample") == 0)
    append_sample (out);
  else if (g_strcmp0 (argv[1], "man") == 0)
    append_man (out);
  else if (g_strcmp0 (argv[1], "reloadable") == 0)
    append_reloadable (out);
  else
    g_printerr ("usage: config-docs sample|man|reloadable\n");
  g_print ("%s", out->str);
  return out->len > 0 ? 0 : 64;
}
