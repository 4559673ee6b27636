#include "media/vgw-rtp-sources.h"

#define FRESH_PER_SECOND 1 /* new sources, genuine or not */
#define FRESH_BURST 8
#define MAX_DROPOUT 150  /* as in vgw-jitter-buffer.c: a larger gap is a restart */
#define MAX_MISORDER 100 /* RFC 3550 appendix A.1 */
/* A source that was silent for this long while another one was selected counts as new. */
#define FRESH_AFTER_US G_TIME_SPAN_SECOND
/* The silence of the current source, after two packets of the other one. */
#define SILENT_AFTER_US (60 * G_TIME_SPAN_MILLISECOND)
/* Consecutive packets of another source, over at least MIN_RUN_US, since a network stall delivers several at once. */
#define MIN_RUN 3
#define MIN_RUN_US (40 * G_TIME_SPAN_MILLISECOND)

static VgwRtpSource *
find (VgwRtpSources *self, guint32 ssrc)
{
  for (guint i = 0; i < self->n_sources; i++)
    if (self->sources[i].ssrc == ssrc)
      return &self->sources[i];
  return NULL;
}

/* The source to evict: preferably one that was never genuine, else the one not seen for longest. */
static VgwRtpSource *
find_dispensable (VgwRtpSources *self)
{
  VgwRtpSource *found = NULL;

  for (guint i = 0; i < self->n_sources; i++)
    {
      VgwRtpSource *source = &self->sources[i];

      if (source == self->current || source == self->rival)
        continue;
      if (found == NULL || source->is_genuine < found->is_genuine
          || (source->is_genuine == found->is_genuine && source->seen_us < found->seen_us))
        found = source;
    }
  return found;
}

gboolean
vgw_rtp_sources_admit (VgwRtpSources *self, guint32 ssrc, gint64 now_us, gboolean *has_evicted, guint32 *evicted)
{
  VgwRtpSource *source = find (self, ssrc);

  *has_evicted = FALSE;
  if (source != NULL)
    return TRUE;
  if (!vgw_token_bucket_take (&self->fresh, 1, FRESH_PER_SECOND, FRESH_BURST, now_us))
    return FALSE;
  if (self->n_sources < VGW_RTP_MAX_SOURCES)
    source = &self->sources[self->n_sources++];
  else
    {
      source = find_dispensable (self);
      *has_evicted = TRUE;
      *evicted = source->ssrc;
      if (source == self->runner)
        self->runner = NULL;
    }
  *source = (VgwRtpSource){ .ssrc = ssrc, .seen_us = now_us };
  return TRUE;
}

/* Follows the numbers of @source. Returns whether the packet is newer than those before; @n_lost: how many are missing.
 */
static gboolean
count_packet (VgwRtpSource *source, guint16 seqnum, guint *n_lost)
{
  gint distance = source->has_seqnum ? (gint16) (seqnum - source->seqnum) : 1;

  *n_lost = distance > 1 && distance <= MAX_DROPOUT ? (guint) distance - 1 : 0;
  if (distance <= 0 && distance >= -MAX_MISORDER)
    return FALSE;
  if (source->has_seqnum && distance > 0 && seqnum < source->seqnum)
    source->cycles += 1u << 16;
  source->has_seqnum = TRUE;
  source->seqnum = seqnum;
  return TRUE;
}

/* --- the choice --------------------------------------------------------------------------------------------------- */

static void
switch_to (VgwRtpSources *self, VgwRtpSource *source, const VgwRtpPacket *packet, gint64 now_us)
{
  gint64 elapsed_us = MAX (now_us - self->shown_us, 0);

  if (self->has_shown)
    {
      guint32 timestamp = self->shown_timestamp + (guint32) (elapsed_us * self->clock_rate_hz / G_USEC_PER_SEC);

      source->seq_offset = (guint16) (self->shown_seqnum + 1 - packet->seqnum);
      source->time_offset = timestamp - packet->timestamp;
    }
  self->current = source;
  self->runner = NULL;
  self->mapping.heard_ssrc = source->ssrc;
  self->mapping.n_switches++;
}

static void
start (VgwRtpSources *self, VgwRtpSource *source)
{
  self->current = source;
  self->reported_ssrc = source->ssrc;
  self->mapping.heard_ssrc = source->ssrc;
  self->mapping.shown_ssrc = source->ssrc != self->own_ssrc ? source->ssrc : ~source->ssrc;
}

/* Whether @source has sent enough consecutive packets. */
static gboolean
runs (VgwRtpSources *self, VgwRtpSource *source, gint64 now_us)
{
  if (self->runner != source)
    {
      self->runner = source;
      self->n_run = 0;
      self->run_us = now_us;
    }
  return ++self->n_run >= MIN_RUN && now_us - self->run_us >= MIN_RUN_US;
}

/* Whether @source, which is not the current one, becomes current with new audio. */
static gboolean
takes_over (VgwRtpSources *self, VgwRtpSource *source, gint64 duration_us, gint64 now_us)
{
  gboolean is_fresh = source->heard_us == 0 || self->current->heard_us - source->heard_us > FRESH_AFTER_US;
  gboolean is_silent = source->heard_us > self->current->heard_us
                       && now_us - self->current->heard_us > SILENT_AFTER_US + 2 * duration_us;

  if (self->rival == source)
    {
      self->rival = NULL; /* the current one was a stray packet */
      return TRUE;
    }
  if (is_fresh)
    {
      gboolean is_contested = now_us - self->current->heard_us < FRESH_AFTER_US;

      self->rival = is_contested ? self->current : NULL;
      return TRUE;
    }
  if (!runs (self, source, now_us) && !is_silent)
    return FALSE;
  self->rival = NULL;
  return TRUE;
}

static gboolean
report_switch (VgwRtpSources *self)
{
  gboolean has_switched = self->rival == NULL && self->reported_ssrc != self->current->ssrc;

  if (has_switched)
    self->reported_ssrc = self->current->ssrc;
  return has_switched;
}

/* A packet of the current source. */
static void
go_on (VgwRtpSources *self, VgwRtpKind kind, gint64 now_us)
{
  if (kind == VGW_RTP_OTHER)
    return;
  self->current->heard_us = now_us;
  self->runner = NULL;
  if (kind == VGW_RTP_AUDIO)
    self->rival = NULL;
}

gboolean
vgw_rtp_sources_choose (VgwRtpSources *self, const VgwRtpPacket *packet, VgwRtpKind kind, gint64 duration_us,
                        gint64 now_us, guint *n_lost, gboolean *has_switched)
{
  VgwRtpSource *source = find (self, packet->ssrc);
  gboolean is_newer, passes;

  *has_switched = FALSE;
  *n_lost = 0;
  if (source == NULL || (self->current == NULL && kind == VGW_RTP_OTHER))
    return FALSE;
  source->is_genuine = TRUE;
  source->seen_us = now_us;
  is_newer = count_packet (source, packet->seqnum, n_lost);
  if (self->current == NULL)
    start (self, source);
  if (source == self->current)
    {
      if (is_newer)
        go_on (self, kind, now_us);
      *has_switched = report_switch (self);
      return TRUE;
    }

  *n_lost = 0;
  if (!is_newer || kind == VGW_RTP_OTHER)
    return FALSE;
  passes = kind == VGW_RTP_EVENT || takes_over (self, source, duration_us, now_us);
  if (passes && kind == VGW_RTP_AUDIO)
    switch_to (self, source, packet, now_us);
  else if (passes && (source->heard_us == 0 || now_us - source->heard_us > FRESH_AFTER_US))
    source->time_offset = self->shown_timestamp - packet->timestamp;
  source->heard_us = now_us;
  *has_switched = report_switch (self);
  return passes;
}

/* --- what is shown of it ------------------------------------------------------------------------------------------ */

static void
note_shown (VgwRtpSources *self, const VgwRtpPacket *packet, gint64 now_us)
{
  gint distance = self->has_shown ? (gint16) (packet->seqnum - self->shown_seqnum) : 1;

  if (distance <= 0 && distance >= -MAX_MISORDER)
    return;
  if (self->has_shown && distance > 0 && packet->seqnum < self->shown_seqnum)
    self->shown_cycles += 1u << 16;
  self->has_shown = TRUE;
  self->shown_seqnum = packet->seqnum;
  self->shown_timestamp = packet->timestamp;
  self->shown_us = now_us;
  self->mapping.seq_surplus =
      (self->shown_cycles | self->shown_seqnum) - (self->current->cycles | self->current->seqnum);
}

gboolean
vgw_rtp_sources_show (VgwRtpSources *self, VgwRtpPacket *packet, gint64 now_us)
{
  VgwRtpSource *source = find (self, packet->ssrc);
  VgwRtpPacket as_sent = *packet;

  g_return_val_if_fail (source != NULL && self->current != NULL, FALSE);

  if (source == self->current)
    packet->seqnum = (guint16) (packet->seqnum + source->seq_offset);
  else
    {
      packet->seqnum = (guint16) (self->shown_seqnum + 1);
      self->current->seq_offset++;
    }
  packet->timestamp += source->time_offset;
  packet->ssrc = self->mapping.shown_ssrc;
  note_shown (self, packet, now_us);
  return packet->ssrc != as_sent.ssrc || packet->seqnum != as_sent.seqnum || packet->timestamp != as_sent.timestamp;
}

void
vgw_rtp_sources_skip (VgwRtpSources *self, const VgwRtpPacket *packet)
{
  if (self->current == NULL || !self->has_shown || packet->ssrc != self->current->ssrc)
    return;
  self->current->seq_offset = (guint16) (self->shown_seqnum - self->current->seqnum);
}
