#include "app/vgw-service.h"

#include "base/vgw-source.h"
#include "vgw-build.h"

#if VGW_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#define STATUS_INTERVAL_MS 5000
#define WATCHDOG_PARTS 3 /* it is answered so often in its time */

struct _VgwService
{
  VgwApp *app;
  GSource *timer; /* (nullable) */
  gboolean has_watchdog;
};

#if VGW_HAVE_SYSTEMD

static gboolean
has_manager (void)
{
  return g_getenv ("NOTIFY_SOCKET") != NULL;
}

static void
notify (const char *state)
{
  sd_notify (FALSE, state);
}

/* 0 for none. */
static guint
get_watchdog_ms (void)
{
  guint64 timeout_us = 0;

  if (sd_watchdog_enabled (FALSE, &timeout_us) <= 0)
    return 0;
  return (guint) MIN (timeout_us / G_TIME_SPAN_MILLISECOND, G_MAXINT);
}

#else

static gboolean
has_manager (void)
{
  return FALSE;
}

static void
notify (const char *state)
{
}

static guint
get_watchdog_ms (void)
{
  return 0;
}

#endif

/* What `systemctl status` shows. */
static gboolean
on_timer (gpointer user_data)
{
  VgwService *self = user_data;
  g_autofree char *state = g_strdup_printf ("%sSTATUS=%u sessions", self->has_watchdog ? "WATCHDOG=1\n" : "",
                                            vgw_app_count_sessions (self->app));

  notify (state);
  return G_SOURCE_CONTINUE;
}

VgwService *
vgw_service_new (VgwApp *app)
{
  VgwService *self = g_new0 (VgwService, 1);
  guint watchdog_ms = get_watchdog_ms ();

  self->app = app;
  self->has_watchdog = watchdog_ms > 0;
  notify ("READY=1");
  if (!has_manager ())
    return self;
  on_timer (self);
  self->timer = vgw_source_start_timer (watchdog_ms > 0 ? CLAMP (watchdog_ms / WATCHDOG_PARTS, 1, STATUS_INTERVAL_MS)
                                                        : STATUS_INTERVAL_MS,
                                        on_timer, self);
  return self;
}

void
vgw_service_free (VgwService *self)
{
  vgw_source_clear (&self->timer);
  g_free (self);
}

void
vgw_service_begin_reload (VgwService *self)
{
  g_autofree char *state = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  notify (state);
}

void
vgw_service_end_reload (VgwService *self)
{
  notify ("READY=1");
}

void
vgw_service_stop (VgwService *self, guint timeout_s)
{
  g_autofree char *state =
      g_strdup_printf ("STOPPING=1\nEXTEND_TIMEOUT_USEC=%" G_GUINT64_FORMAT, (guint64) timeout_s * G_USEC_PER_SEC);

  notify (state);
}
