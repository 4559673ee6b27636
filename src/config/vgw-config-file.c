#include "config/vgw-config-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "base/vgw-error.h"

#define MAX_FILE_BYTES (1024 * 1024)
#define CREDENTIAL_PREFIX "credential:"
#define CREDENTIALS_VARIABLE "CREDENTIALS_DIRECTORY"

char *
vgw_config_file_read (const char *path, GError **error)
{
  g_autofree char *text = g_malloc (MAX_FILE_BYTES + 2);
  FILE *file = g_fopen (path, "re");
  gsize length = file != NULL ? fread (text, 1, MAX_FILE_BYTES + 1, file) : 0;
  gboolean is_read = file != NULL && !ferror (file);
  int number = errno;

  if (file != NULL)
    fclose (file);
  text[length] = '\0';
  if (!is_read)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: %s", path, g_strerror (number));
  else if (length > MAX_FILE_BYTES)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: larger than %d bytes", path, MAX_FILE_BYTES);
  else if (!g_utf8_validate_len (text, length, NULL))
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: not UTF-8 text", path);
  else
    return g_strdup (text);
  return NULL;
}

static char *
find_credential (const char *name, GError **error)
{
  const char *directory = g_getenv (CREDENTIALS_VARIABLE);
  g_autofree char *path = directory != NULL ? g_build_filename (directory, name, NULL) : NULL;

  if (*name == '\0' || strchr (name, '/') != NULL || g_str_equal (name, ".") || g_str_equal (name, ".."))
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s must be followed by the name of a credential",
                 CREDENTIAL_PREFIX);
  else if (path == NULL)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
                 "%s%s: there is no $%s: systemd sets it for a unit with LoadCredential=%s:FILE", CREDENTIAL_PREFIX,
                 name, CREDENTIALS_VARIABLE, name);
  else if (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG,
                 "%s%s: there is no %s: the unit needs LoadCredential=%s:FILE, and a restart", CREDENTIAL_PREFIX, name,
                 path, name);
  else
    return g_steal_pointer (&path);
  return NULL;
}

char *
vgw_config_file_find (const char *name, const char *base, GError **error)
{
  if (g_str_has_prefix (name, CREDENTIAL_PREFIX))
    return find_credential (name + strlen (CREDENTIAL_PREFIX), error);
  return base == NULL || g_path_is_absolute (name) ? g_strdup (name) : g_build_filename (base, name, NULL);
}

typedef struct
{
  VgwConfigLineFunc func;
  gpointer user_data;
  guint number;
  char *group; /* (nullable) of the lines that follow; NULL before the first one */
} Parser;

static void
report (const Parser *parser, const char *problem)
{
  VgwConfigLine line = { .number = parser->number, .group = "", .text = "", .problem = problem };

  parser->func (&line, parser->user_data);
}

/* @text begins with '[' and has no space around it. */
static void
parse_group (Parser *parser, char *text)
{
  VgwConfigLine line = { .number = parser->number, .text = "" };
  gsize length = strlen (text);

  if (text[length - 1] != ']' || length < strlen ("[x]") || strpbrk (text + 1, "[]") != text + length - 1)
    {
      report (parser, "a group must be written as [name], on a line of its own");
      return;
    }
  g_free (parser->group);
  parser->group = g_strndup (text + 1, length - 2);
  line.group = parser->group;
  parser->func (&line, parser->user_data);
}

/* @text has no space around it and is not empty. */
static void
parse_key (Parser *parser, char *text)
{
  VgwConfigLine line = { .number = parser->number, .group = parser->group };
  char *equals = strchr (text, '=');

  if (equals == NULL || equals == text)
    {
      report (parser, "neither a [group], a key = value pair nor a # comment");
      return;
    }
  if (parser->group == NULL)
    {
      report (parser, "a [group] must come before the first key");
      return;
    }
  *equals = '\0';
  line.name = g_strchomp (text);
  line.text = g_strchug (equals + 1);
  parser->func (&line, parser->user_data);
}

void
vgw_config_file_parse (const char *text, VgwConfigLineFunc func, gpointer user_data)
{
  Parser parser = { .func = func, .user_data = user_data };

  while (*text != '\0')
    {
      gsize length = strcspn (text, "\n");
      g_autofree char *copy = g_strndup (text, length);
      char *content = g_strstrip (copy);

      parser.number++;
      if (*content == '[')
        parse_group (&parser, content);
      else if (*content != '#' && *content != '\0')
        parse_key (&parser, content);
      text += length + (text[length] == '\n');
    }
  g_free (parser.group);
}
