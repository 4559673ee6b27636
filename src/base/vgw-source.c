#include "base/vgw-source.h"

void
vgw_source_clear (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

GSource *
vgw_source_start (GSource *source, GSourceFunc func, gpointer user_data)
{
  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

GSource *
vgw_source_start_timer (guint timeout_ms, GSourceFunc func, gpointer user_data)
{
  return vgw_source_start (g_timeout_source_new (timeout_ms), func, user_data);
}

/* Resets the source before the callback runs, so that a wake-up during the callback is not lost. */
static gboolean
dispatch_wakeup (GSource *source, GSourceFunc func, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  return func (user_data);
}

static GSourceFuncs wakeup_funcs = { .dispatch = dispatch_wakeup };

GSource *
vgw_source_new_wakeup (GMainContext *context, GSourceFunc func, gpointer user_data)
{
  GSource *source = g_source_new (&wakeup_funcs, sizeof (GSource));

  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, context != NULL ? context : g_main_context_get_thread_default ());
  return source;
}
