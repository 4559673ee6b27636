#include "config/vgw-config-file.h"

#include <string.h>

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
      report (parser, "a group is written [name] on a line of its own");
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
      report (parser, "this is no [group], key = value or # comment");
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
