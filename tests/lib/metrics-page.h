/* A strict reader of Prometheus' text format 0.0.4, for tests: what it does not know it refuses, and it holds the page
 * to the conventions as well. https://prometheus.io/docs/instrumenting/exposition_formats/ */
#pragma once

#include <glib.h>

typedef struct
{
  GHashTable *types;   /* name of a family → its type */
  GHashTable *helps;   /* name of a family → its help text */
  GHashTable *samples; /* "name{label=\"value\"}" → double* */
} MetricsPage;

void metrics_page_free (MetricsPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MetricsPage, metrics_page_free)

double metrics_get (MetricsPage *page, const char *sample);

/* (transfer full); fails the test on whatever is wrong with @text. */
MetricsPage *metrics_page_parse (const char *text);
