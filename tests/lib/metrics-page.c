#include "metrics-page.h"

#include <check.h>
#include <string.h>

void
metrics_page_free (MetricsPage *page)
{
  g_hash_table_unref (page->types);
  g_hash_table_unref (page->helps);
  g_hash_table_unref (page->samples);
  g_free (page);
}

/* The length of the metric or label name that @text starts with. */
static gsize
metrics_name_length (const char *text)
{
  return g_ascii_isdigit (*text) ? 0 : strspn (text, "_" G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS);
}

/* "# HELP name text" or "# TYPE name type". Returns the name (transfer full), and sets @rest. */
static char *
metrics_read_comment (const char *line, const char *keyword, const char **rest)
{
  g_autofree char *prefix = g_strdup_printf ("# %s ", keyword);
  const char *name = line + strlen (prefix);
  gsize n;

  ck_assert_msg (g_str_has_prefix (line, prefix), "not \"%s…\": %s", prefix, line);
  n = metrics_name_length (name);
  ck_assert_msg (n > 0 && name[n] == ' ' && name[n + 1] != '\0', "no name and text: %s", line);
  *rest = name + n + 1;
  return g_strndup (name, n);
}

static void
metrics_read_sample (MetricsPage *page, const char *line, const char *family, const char *type)
{
  static const char *const suffixes[] = { "_bucket", "_sum", "_count", NULL };
  gsize n = metrics_name_length (line);
  g_autofree char *name = g_strndup (line, n);
  const char *at = line + n;
  const char *suffix;
  double *value;
  char *end;

  ck_assert_msg (g_str_has_prefix (name, family), "%s is none of %s", line, family);
  suffix = name + strlen (family);
  if (strcmp (type, "histogram") == 0)
    ck_assert_msg (g_strv_contains (suffixes, suffix), "%s", line);
  else
    ck_assert_msg (*suffix == '\0', "%s is none of %s", line, family);
  if (*at == '{')
    {
      n = metrics_name_length (++at);
      ck_assert_msg (n > 0 && g_str_has_prefix (at + n, "=\""), "no label: %s", line);
      at += n + 2;
      at += strcspn (at, "\"\\"); /* values here need no escapes */
      ck_assert_msg (g_str_has_prefix (at, "\"}"), "no end of the label: %s", line);
      at += 2;
    }
  ck_assert_msg (at[0] == ' ' && (g_ascii_isdigit (at[1])), "no value that is not negative: %s", line);
  value = g_new (double, 1);
  *value = g_ascii_strtod (at + 1, &end);
  ck_assert_msg (*end == '\0', "more than a value: %s", line);
  ck_assert_msg (g_hash_table_insert (page->samples, g_strndup (line, at - line), value), "twice: %s", line);
}

double
metrics_get (MetricsPage *page, const char *sample)
{
  const double *value = g_hash_table_lookup (page->samples, sample);

  ck_assert_msg (value != NULL, "no %s", sample);
  return *value;
}

/* Buckets that only grow, in the order of the page, and end with +Inf, which is the count. */
static void
metrics_check_histogram (MetricsPage *page, char **lines, const char *family)
{
  g_autofree char *bucket = g_strdup_printf ("%s_bucket{le=\"", family);
  g_autofree char *count = g_strdup_printf ("%s_count", family);
  g_autofree char *sum = g_strdup_printf ("%s_sum", family);
  double bound = -G_MAXDOUBLE;
  double n = 0;

  for (; *lines != NULL; lines++)
    {
      double next;
      char *end;

      if (!g_str_has_prefix (*lines, bucket))
        continue;
      next = g_ascii_strtod (*lines + strlen (bucket), &end);
      ck_assert_msg (next > bound && g_str_has_prefix (end, "\"} "), "%s", *lines);
      ck_assert_double_ge (g_ascii_strtod (end + 3, NULL), n);
      n = g_ascii_strtod (end + 3, NULL);
      bound = next;
    }
  ck_assert_msg (bound > G_MAXDOUBLE, "%s has no +Inf", family);
  ck_assert_double_eq (n, metrics_get (page, count));
  ck_assert_double_ge (metrics_get (page, sum), 0);
}

MetricsPage *
metrics_page_parse (const char *text)
{
  static const char *const types[] = { "counter", "gauge", "histogram", NULL };
  MetricsPage *page = g_new0 (MetricsPage, 1);
  g_auto (GStrv) lines = NULL;
  guint n_lines, i = 0;

  page->types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  page->helps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  page->samples = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ck_assert (g_utf8_validate (text, -1, NULL) && g_str_has_suffix (text, "\n"));
  lines = g_strsplit (text, "\n", -1);
  n_lines = g_strv_length (lines) - 1; /* behind the last newline is nothing */
  while (i < n_lines)
    {
      const char *help, *type;
      g_autofree char *family = metrics_read_comment (lines[i++], "HELP", &help);
      g_autofree char *again = metrics_read_comment (lines[i++], "TYPE", &type);
      guint first = i;

      ck_assert_str_eq (family, again);
      ck_assert_msg (g_strv_contains (types, type), "type %s", type);
      ck_assert_msg (g_str_has_suffix (family, "_total") == (strcmp (type, "counter") == 0), "%s is a %s", family,
                     type);
      for (; i < n_lines && lines[i][0] != '#'; i++)
        metrics_read_sample (page, lines[i], family, type);
      ck_assert_msg (i > first, "%s has no samples", family);
      if (strcmp (type, "histogram") == 0)
        metrics_check_histogram (page, lines, family);
      ck_assert_msg (g_hash_table_insert (page->types, g_strdup (family), g_strdup (type)), "%s twice", family);
      g_hash_table_insert (page->helps, g_strdup (family), g_strdup (help));
    }
  return page;
}
