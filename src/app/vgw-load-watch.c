#include "app/vgw-load-watch.h"

#include "app/vgw-load-governor.h"
#include "base/vgw-audio-thread.h"
#include "base/vgw-log.h"
#include "base/vgw-source.h"
#include "media/vgw-pacer.h"

#define MAX_LATE_PERCENT 1u
#define MIN_TICKS 500u     /* ten seconds of one call: among fewer frames, a single late one would exceed 1 % */
#define FLOOD_PACKETS 200u /* dropped in a second; a burst after a network stall is not dropped */
#define MAX_PERIOD_S 60u   /* after which too few frames are discarded */

struct _VgwLoadWatch
{
  VgwMedia *media;
  GSource *timer; /* each second */
  gboolean can_govern;
  guint busy_percent; /* of the last second */
  VgwLoadGovernor governor;
  guint64 n_too_many; /* packets dropped because callers sent too much */
  guint n_seconds;    /* since the last report */
  guint period_s;     /* since `last` */
  VgwLoadReading last;
  gboolean is_too_much;
};

char *
vgw_load_judge (const VgwLoadReading *before, const VgwLoadReading *now)
{
  guint64 n_ticks = now->ticks - before->ticks;
  guint64 n_late = now->late_ticks - before->late_ticks;
  guint64 n_dropped = now->kernel_dropped - before->kernel_dropped;

  if ((n_ticks < MIN_TICKS || n_late * 100 <= n_ticks * MAX_LATE_PERCENT) && n_dropped == 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                          " frames were sent 20 ms late or more, and the kernel dropped %" G_GUINT64_FORMAT
                          " received packets",
                          n_late, n_ticks, n_dropped);
}

gboolean
vgw_load_is_enough (const VgwLoadReading *before, const VgwLoadReading *now)
{
  return now->ticks - before->ticks >= MIN_TICKS || now->kernel_dropped != before->kernel_dropped;
}

static VgwLoadReading
take_reading (VgwMedia *media)
{
  VgwPacerStats pacer;
  VgwIceStats ice = { 0 };

  vgw_pacer_get_stats (vgw_media_get_pacer (media), &pacer);
  vgw_media_get_ice_stats (media, &ice);
  return (VgwLoadReading){ pacer.ticks, pacer.late_ticks, ice.kernel_dropped };
}

/* Whether a caller has sent far too much since the last call of this function. */
static gboolean
is_flooded (VgwLoadWatch *self)
{
  guint64 before = self->n_too_many;
  VgwRtpStats rtp;

  vgw_media_get_rtp_stats (self->media, &rtp);
  self->n_too_many = rtp.rate_dropped + rtp.audio_dropped + rtp.source_dropped;
  return self->n_too_many - before > FLOOD_PACKETS;
}

static void
govern (VgwLoadWatch *self)
{
  self->busy_percent = vgw_audio_thread_sample_load ();
  if (!self->can_govern || !vgw_load_governor_step (&self->governor, self->busy_percent, is_flooded (self)))
    return;
  vgw_media_set_complexity_ceiling (self->media, self->governor.ceiling);
  if (self->governor.ceiling == VGW_LOAD_NO_CEILING)
    vgw_info (NULL, "load: the Opus complexity is no longer limited");
  else
    vgw_info (NULL, "load: a media thread was busy for %u %% of the last second; Opus complexity limited to %u",
              self->busy_percent, self->governor.ceiling);
}

static void
report_overload (VgwLoadWatch *self)
{
  VgwLoadReading now = take_reading (self->media);
  g_autofree char *words = NULL;

  self->period_s += VGW_LOAD_WATCH_S;
  if (!vgw_load_is_enough (&self->last, &now) && self->period_s < MAX_PERIOD_S)
    return;
  words = vgw_load_judge (&self->last, &now);
  if (words != NULL && !self->is_too_much)
    vgw_warning (NULL, "overloaded: in the last %u s, %s; lower limits.max-sessions, or use more processors",
                 self->period_s, words);
  else if (words == NULL && self->is_too_much)
    vgw_info (NULL, "no longer overloaded");
  self->is_too_much = words != NULL;
  self->last = now;
  self->period_s = 0;
}

static gboolean
on_second (gpointer user_data)
{
  VgwLoadWatch *self = user_data;

  govern (self);
  self->n_seconds = (self->n_seconds + 1) % VGW_LOAD_WATCH_S;
  if (self->n_seconds == 0)
    report_overload (self);
  return G_SOURCE_CONTINUE;
}

VgwLoadWatch *
vgw_load_watch_new (VgwMedia *media, gboolean can_govern)
{
  VgwLoadWatch *self = g_new0 (VgwLoadWatch, 1);

  self->media = g_object_ref (media);
  self->last = take_reading (media);
  self->can_govern = can_govern;
  vgw_load_governor_init (&self->governor);
  vgw_audio_thread_sample_load (); /* starts the first interval */
  self->timer = vgw_source_start (g_timeout_source_new_seconds (1), on_second, self);
  return self;
}

guint
vgw_load_watch_get_busy_percent (VgwLoadWatch *self)
{
  return self->busy_percent;
}

void
vgw_load_watch_free (VgwLoadWatch *self)
{
  vgw_media_set_complexity_ceiling (self->media, VGW_LOAD_NO_CEILING);
  vgw_source_clear (&self->timer);
  g_object_unref (self->media);
  g_free (self);
}
