/* Threads: the probes of the DTLS decoder run with the stream lock of its sink pad, one packet at a time, on any
 * thread; fields without a comment are theirs. The probe of the reports runs on webrtcbin's RTCP thread. */
#include "media/vgw-rtp-intake.h"

#include <stdatomic.h>

#include "base/vgw-audio-format.h"
#include "base/vgw-log.h"
#include "base/vgw-token-bucket.h"
#include "elements/vgw-rtp-reception.h"
#include "media/vgw-pad-shortcut.h"
#include "media/vgw-rtp-outgoing.h"
#include "media/vgw-rtp-reports.h"
#include "media/vgw-rtp-sources.h"

/* Packets per second, and the burst after a network stall of 5 s. 400 are frames of 2.5 ms, the shortest. */
#define RTP_PER_SECOND 400
#define RTP_BURST 2000
#define RTCP_PER_SECOND 50
#define RTCP_BURST 250
#define DTLS_PER_SECOND 500 /* data channels: 4 Mbit/s and more */
#define DTLS_BURST 2000
/* Microseconds of audio: as in vgw-bridge-input.c, which sees the same in samples. */
#define AUDIO_PER_SECOND 1050000
#define AUDIO_BURST 5000000
#define MAX_LOST_US (3 * G_TIME_SPAN_SECOND) /* the longest concealment of one gap */
/* A second with more dropped than this is a bad one. After MAX_BAD of them a flood is reported; GOOD_PER_BAD good ones
 * cancel a bad one. A sender with a clock at twice the rate has half of its audio dropped, but is not a flood. */
#define BAD_DROPPED_PACKETS 200
#define BAD_DROPPED_US (2 * G_TIME_SPAN_SECOND)
#define MAX_BAD 5
#define GOOD_PER_BAD 10

/* RFC 7983 section 7; RTCP as distinguished by srtpdec */
#define DTLS_FIRST_BYTE_MIN 20
#define DTLS_FIRST_BYTE_MAX 63
#define RTCP_TYPE_MIN 64
#define RTCP_TYPE_MAX 80
#define RTCP_SSRC_OFFSET 4
#define RTP_SSRC_OFFSET 8
#define RTP_SEQNUM_OFFSET 2
#define MAX_PENDING_NOTICES 2

struct _VgwRtpIntake
{
  gatomicrefcount ref_count;
  VgwMedia *media;

  /* constant once the pipeline runs */
  gint audio_payload_type, dtmf_payload_type; /* -1 for none */
  VgwRtpCodec codec;
  VgwMailbox *mailbox;
  VgwMailboxFunc switch_func, flood_func;

  GWeakRef srtp_dec;       /* one of its pads has a reference to this */
  VgwRtpReception arrived; /* of arrived_ssrc; only its duplicates are read: by any thread */
  guint32 arrived_ssrc;
  VgwRtpSources sources;
  VgwTokenBucket rtp, rtcp, dtls, audio;
  gint64 now_us;        /* when the present packet arrived */
  gint64 last_audio_us; /* how long the last packet of audio was */
  gint64 second_us;     /* when the present second began */
  gint64 second_dropped_us;
  guint n_second_dropped;
  guint n_bad, n_good;
  gboolean is_flood;
  guint n_told;

  GMutex lock;
  VgwRtpMapping mapping; /* guarded by lock; that of sources, for other threads */

  VgwRtpReports reports; /* RTCP thread only */

  _Atomic gint64 last_packet_us, last_audio_packet_us;
  _Atomic gboolean has_dtls;
  _Atomic guint64 counts[VGW_RTP_N_COUNTS];

  VgwRtpOutgoing outgoing;
};

VgwRtpIntake *
vgw_rtp_intake_new (VgwMedia *media)
{
  VgwRtpIntake *self = g_new0 (VgwRtpIntake, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  vgw_rtp_outgoing_init (&self->outgoing);
  self->media = g_object_ref (media);
  g_weak_ref_init (&self->srtp_dec, NULL);
  self->audio_payload_type = self->dtmf_payload_type = -1;
  return self;
}

VgwRtpIntake *
vgw_rtp_intake_ref (VgwRtpIntake *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
vgw_rtp_intake_unref (VgwRtpIntake *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_weak_ref_clear (&self->srtp_dec);
  g_clear_pointer (&self->mailbox, vgw_mailbox_unref);
  g_mutex_clear (&self->lock);
  vgw_rtp_outgoing_clear (&self->outgoing);
  g_object_unref (self->media);
  g_free (self);
}

static void
count (VgwRtpIntake *self, VgwRtpCount which)
{
  atomic_fetch_add_explicit (&self->counts[which], 1, memory_order_relaxed);
  vgw_media_count_rtp (self->media, which);
}

/* --- too much ----------------------------------------------------------------------------------------------------- */

/* The end of a second. */
static void
judge (VgwRtpIntake *self)
{
  gint64 n_seconds = (self->now_us - self->second_us) / G_USEC_PER_SEC;
  gboolean is_bad = self->n_second_dropped > BAD_DROPPED_PACKETS || self->second_dropped_us > BAD_DROPPED_US;

  if (is_bad)
    self->n_bad++;
  self->n_good += (guint) CLAMP (n_seconds - is_bad, 0, MAX_BAD * GOOD_PER_BAD);
  for (; self->n_good >= GOOD_PER_BAD; self->n_good -= GOOD_PER_BAD)
    self->n_bad -= self->n_bad > 0;
  self->second_us = self->now_us;
  self->second_dropped_us = 0;
  self->n_second_dropped = 0;
  if (self->n_bad < MAX_BAD || self->is_flood)
    return;
  self->is_flood = TRUE;
  count (self, VGW_RTP_COUNT_FLOODS);
  if (self->mailbox != NULL)
    vgw_mailbox_post (self->mailbox, self->flood_func, NULL, NULL);
}

static gboolean
drop_for_rate (VgwRtpIntake *self)
{
  self->n_second_dropped++;
  count (self, VGW_RTP_COUNT_RATE_DROPPED);
  return FALSE;
}

/* --- before decryption -------------------------------------------------------------------------------------------- */

static void
remove_key (VgwRtpIntake *self, guint32 ssrc)
{
  g_autoptr (GstElement) srtp_dec = g_weak_ref_get (&self->srtp_dec);

  if (srtp_dec != NULL)
    g_signal_emit_by_name (srtp_dec, "remove-key", ssrc);
}

static gboolean
admit_source (VgwRtpIntake *self, const guint8 *data)
{
  guint32 ssrc = GST_READ_UINT32_BE (data);
  guint32 evicted = 0;
  gboolean has_evicted;

  if (!vgw_rtp_sources_admit (&self->sources, ssrc, self->now_us, &has_evicted, &evicted))
    {
      self->n_second_dropped++;
      count (self, VGW_RTP_COUNT_SOURCE_DROPPED);
      return FALSE;
    }
  if (has_evicted)
    remove_key (self, evicted);
  return TRUE;
}

/* Duplicates are counted here, since SRTP drops them (RFC 3711 section 3.3.2). */
static void
note_arrival (VgwRtpIntake *self, const guint8 *data)
{
  guint32 ssrc = GST_READ_UINT32_BE (data + RTP_SSRC_OFFSET);
  guint16 seqnum = GST_READ_UINT16_BE (data + RTP_SEQNUM_OFFSET);
  guint64 highest = self->arrived.highest_seqnum;

  if (ssrc != self->arrived_ssrc || !self->arrived.is_started)
    {
      vgw_rtp_reception_restart (&self->arrived);
      self->arrived_ssrc = ssrc;
      highest = 1 << 16 | seqnum; /* extended by a cycle, so that an earlier packet is not negative */
    }
  vgw_rtp_reception_add (&self->arrived, highest + (guint64) (gint16) (seqnum - (guint16) highest), FALSE);
}

static gboolean
admit_data (VgwRtpIntake *self, const guint8 *data, gsize length)
{
  gboolean is_rtcp;

  if (length < RTP_SSRC_OFFSET + sizeof (guint32))
    return TRUE; /* too short for any of them */
  if (data[0] >= DTLS_FIRST_BYTE_MIN && data[0] <= DTLS_FIRST_BYTE_MAX)
    {
      atomic_store_explicit (&self->has_dtls, TRUE, memory_order_relaxed);
      return vgw_token_bucket_take (&self->dtls, 1, DTLS_PER_SECOND, DTLS_BURST, self->now_us) || drop_for_rate (self);
    }
  is_rtcp = (data[1] & 0x7f) >= RTCP_TYPE_MIN && (data[1] & 0x7f) <= RTCP_TYPE_MAX;
  if (is_rtcp ? !vgw_token_bucket_take (&self->rtcp, 1, RTCP_PER_SECOND, RTCP_BURST, self->now_us)
              : !vgw_token_bucket_take (&self->rtp, 1, RTP_PER_SECOND, RTP_BURST, self->now_us))
    return drop_for_rate (self);
  if (!is_rtcp)
    note_arrival (self, data);
  return admit_source (self, data + (is_rtcp ? RTCP_SSRC_OFFSET : RTP_SSRC_OFFSET));
}

/* Returns whether *@buffer passes; may change it. */
typedef gboolean (*FilterFunc) (VgwRtpIntake *self, GstBuffer **buffer);

static gboolean
admit (VgwRtpIntake *self, GstBuffer **buffer)
{
  GstMapInfo map;
  gboolean is_admitted;

  self->now_us = g_get_monotonic_time ();
  atomic_store_explicit (&self->last_packet_us, self->now_us, memory_order_relaxed);
  if (self->now_us - self->second_us >= G_USEC_PER_SEC)
    judge (self);
  if (!gst_buffer_map (*buffer, &map, GST_MAP_READ))
    return FALSE;
  is_admitted = admit_data (self, map.data, map.size);
  gst_buffer_unmap (*buffer, &map);
  return is_admitted;
}

/* --- after decryption --------------------------------------------------------------------------------------------- */

static void
publish_mapping (VgwRtpIntake *self)
{
  g_mutex_lock (&self->lock);
  self->mapping = self->sources.mapping;
  g_mutex_unlock (&self->lock);
}

static void
report_switch (VgwRtpIntake *self)
{
  count (self, VGW_RTP_COUNT_SOURCE_CHANGES);
  if (self->mailbox == NULL || self->n_told >= VGW_RTP_MAX_REPORTED_SWITCHES)
    return;
  if (vgw_mailbox_post_bounded (self->mailbox, MAX_PENDING_NOTICES, self->switch_func,
                                g_memdup2 (&self->sources.current->ssrc, sizeof (guint32)), g_free))
    self->n_told++;
}

static gint64
get_duration_us (VgwRtpIntake *self, const VgwRtpPacket *packet, VgwRtpKind kind)
{
  guint ticks;

  if (kind != VGW_RTP_AUDIO)
    return 0;
  ticks = vgw_rtp_codec_get_duration (self->codec, packet->payload, packet->payload_length);
  return (gint64) ticks * G_USEC_PER_SEC / self->sources.clock_rate_hz;
}

/* Whether the limit covers the audio of a packet, and the concealment before it. @is_late: it is reordered, and was
 * counted as lost already. */
static gboolean
is_affordable (VgwRtpIntake *self, gint64 duration_us, guint n_lost, gboolean is_late)
{
  gint64 cost_us;

  if (is_late)
    duration_us = MAX (duration_us - self->last_audio_us, 0);
  else if (duration_us > 0)
    self->last_audio_us = duration_us;
  cost_us = duration_us + MIN (n_lost * self->last_audio_us, MAX_LOST_US);
  if (vgw_token_bucket_take (&self->audio, (guint) cost_us, AUDIO_PER_SECOND, AUDIO_BURST, self->now_us))
    return TRUE;
  self->second_dropped_us += cost_us;
  count (self, VGW_RTP_COUNT_AUDIO_DROPPED);
  return FALSE;
}

/* Whether @packet, of @data, passes; it may be changed. */
static gboolean
choose (VgwRtpIntake *self, VgwRtpPacket *packet, gboolean *is_changed)
{
  VgwRtpKind kind = vgw_rtp_packet_get_kind (packet->payload_type, packet->payload_length, self->audio_payload_type,
                                             self->dtmf_payload_type);
  gint64 duration_us = get_duration_us (self, packet, kind);
  gint64 decoded_us = duration_us;
  VgwRtpMapping before = self->sources.mapping;
  gboolean passes, has_switched, is_late;
  guint n_lost;

  if (kind == VGW_RTP_AUDIO && duration_us == 0 && self->codec == VGW_RTP_CODEC_OPUS)
    decoded_us = self->last_audio_us > 0 ? self->last_audio_us : VGW_FRAME_US; /* it is concealed */
  passes = vgw_rtp_sources_choose (&self->sources, packet, kind, duration_us, self->now_us, &n_lost, &has_switched);
  if (kind == VGW_RTP_OTHER)
    count (self, VGW_RTP_COUNT_IGNORED);
  else if (!passes)
    count (self, VGW_RTP_COUNT_SOURCE_DROPPED);
  is_late = self->sources.current != NULL && packet->ssrc == self->sources.current->ssrc
            && packet->seqnum != self->sources.current->seqnum; /* which is that of the newest */
  if (passes && !is_affordable (self, decoded_us, n_lost, is_late))
    {
      vgw_rtp_sources_skip (&self->sources, packet);
      passes = FALSE;
    }
  if (passes)
    *is_changed = vgw_rtp_sources_show (&self->sources, packet, self->now_us);
  if (before.n_switches != self->sources.mapping.n_switches || before.heard_ssrc != self->sources.mapping.heard_ssrc
      || before.seq_surplus != self->sources.mapping.seq_surplus)
    publish_mapping (self);
  if (has_switched)
    report_switch (self);
  return passes;
}

static void
rewrite (GstBuffer **buffer, const VgwRtpPacket *packet)
{
  GstMapInfo map;

  *buffer = gst_buffer_make_writable (*buffer);
  if (!gst_buffer_map (*buffer, &map, GST_MAP_READWRITE))
    return;
  GST_WRITE_UINT16_BE (map.data + 2, packet->seqnum);
  GST_WRITE_UINT32_BE (map.data + 4, packet->timestamp);
  GST_WRITE_UINT32_BE (map.data + 8, packet->ssrc);
  gst_buffer_unmap (*buffer, &map);
}

static gboolean
filter_rtp (VgwRtpIntake *self, GstBuffer **buffer)
{
  gboolean passes, is_changed = FALSE;
  VgwRtpPacket packet;
  GstMapInfo map;

  if (!gst_buffer_map (*buffer, &map, GST_MAP_READ))
    return FALSE;
  passes = vgw_rtp_packet_parse (&packet, map.data, map.size) && choose (self, &packet, &is_changed);
  gst_buffer_unmap (*buffer, &map);
  if (passes)
    atomic_store_explicit (&self->last_audio_packet_us, self->now_us, memory_order_relaxed);
  if (passes && is_changed)
    rewrite (buffer, &packet);
  return passes;
}

/* What the caller reports, if @data has that. */
static void
receive_reports (VgwRtpIntake *self, const guint8 *data, gsize length)
{
  gint64 round_trip_us;

  if (vgw_rtp_outgoing_receive_reports (&self->outgoing, self->sources.own_ssrc, data, length, self->now_us,
                                        &round_trip_us))
    vgw_media_observe_time (self->media, VGW_MEDIA_TIME_ROUND_TRIP, round_trip_us);
}

static gboolean
filter_rtcp (VgwRtpIntake *self, GstBuffer **buffer)
{
  gboolean is_valid;
  GstMapInfo map;

  *buffer = gst_buffer_make_writable (*buffer);
  if (!gst_buffer_map (*buffer, &map, GST_MAP_READWRITE))
    return FALSE;
  receive_reports (self, map.data, map.size);
  is_valid = vgw_rtp_reports_receive (map.data, map.size, &self->sources.mapping);
  gst_buffer_unmap (*buffer, &map);
  return is_valid;
}

/* RTCP thread. */
static gboolean
send_rtcp (VgwRtpIntake *self, GstBuffer **buffer)
{
  VgwRtpMapping mapping;
  GstMapInfo map;

  *buffer = gst_buffer_make_writable (*buffer);
  if (!gst_buffer_map (*buffer, &map, GST_MAP_READWRITE))
    return FALSE;
  g_mutex_lock (&self->lock);
  mapping = self->mapping;
  g_mutex_unlock (&self->lock);
  vgw_rtp_outgoing_send_reports (&self->outgoing, map.data, map.size, g_get_monotonic_time ());
  vgw_rtp_reports_send (&self->reports, map.data, map.size, &mapping);
  gst_buffer_unmap (*buffer, &map);
  return TRUE;
}

/* The thread that sends. */
static gboolean
count_sent (VgwRtpIntake *self, GstBuffer **buffer)
{
  vgw_rtp_outgoing_count (&self->outgoing, *buffer);
  return TRUE;
}

/* --- probes ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  VgwRtpIntake *self;
  FilterFunc filter;
} Probe;

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  vgw_rtp_intake_unref (probe->self);
  g_free (probe);
}

static gboolean
take_of_list (GstBuffer **buffer, guint index, gpointer user_data)
{
  Probe *probe = user_data;

  if (!probe->filter (probe->self, buffer))
    gst_clear_buffer (buffer); /* removes it from the list */
  return TRUE;
}

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Probe *probe = user_data;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0)
    {
      GstBufferList *list = gst_buffer_list_make_writable (GST_PAD_PROBE_INFO_BUFFER_LIST (info));

      gst_buffer_list_foreach (list, take_of_list, probe);
      info->data = list;
      return GST_PAD_PROBE_OK;
    }
  return probe->filter (probe->self, (GstBuffer **) &info->data) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void
add_probe (VgwRtpIntake *self, GstPad *pad, FilterFunc filter)
{
  Probe *probe;

  g_return_if_fail (pad != NULL);
  probe = g_new (Probe, 1);
  *probe = (Probe){ vgw_rtp_intake_ref (self), filter };
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_data, probe, probe_free);
}

void
vgw_rtp_intake_watch (VgwRtpIntake *self, GstElement *dtls_dec)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (dtls_dec, "sink");
  g_autoptr (GstPad) rtp_ghost = gst_element_get_static_pad (dtls_dec, "rtp_src");
  g_autoptr (GstPad) rtp = gst_ghost_pad_get_target (GST_GHOST_PAD (rtp_ghost));
  g_autoptr (GstPad) rtcp = gst_element_get_static_pad (dtls_dec, "rtcp_src");
  g_autoptr (GstIterator) found = gst_bin_iterate_all_by_element_factory_name (GST_BIN (dtls_dec), "srtpdec");
  g_auto (GValue) item = G_VALUE_INIT;

  if (gst_iterator_next (found, &item) == GST_ITERATOR_OK)
    g_weak_ref_set (&self->srtp_dec, g_value_get_object (&item));
  add_probe (self, sink, admit);
  add_probe (self, rtp, filter_rtp);
  vgw_pad_shortcut_add (rtp);
  add_probe (self, rtcp, filter_rtcp);
}

static void
on_rtpbin_pad (GstElement *rtpbin, GstPad *pad, VgwRtpIntake *self)
{
  if (g_str_has_prefix (GST_PAD_NAME (pad), "send_rtcp_src_"))
    add_probe (self, pad, send_rtcp);
  /* Since GStreamer 1.24, rtpsession makes no sender reports before it knows the latency of what it sends, and no sink
   * of ours tells it. It is 0: a packet is sent in the thread that made it. */
  else if (g_str_has_prefix (GST_PAD_NAME (pad), "send_rtp_src_"))
    {
      gst_pad_send_event (pad, gst_event_new_latency (0));
      vgw_pad_shortcut_add (pad);
    }
}

void
vgw_rtp_intake_watch_reports (VgwRtpIntake *self, GstElement *rtpbin)
{
  g_signal_connect_data (rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad), vgw_rtp_intake_ref (self),
                         (GClosureNotify) G_CALLBACK (vgw_rtp_intake_unref), 0);
}

void
vgw_rtp_intake_watch_sent (VgwRtpIntake *self, GstElement *rtp_out)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (rtp_out, "src");

  vgw_rtp_outgoing_set_pad (&self->outgoing, pad);
  add_probe (self, pad, count_sent);
  vgw_pad_shortcut_add (pad);
}

/* --- main thread -------------------------------------------------------------------------------------------------- */

void
vgw_rtp_intake_set_stream (VgwRtpIntake *self, const VgwOfferCodec *codec, const VgwOfferCodec *dtmf, guint32 own_ssrc)
{
  self->audio_payload_type = (gint) codec->payload_type;
  self->dtmf_payload_type = dtmf != NULL ? (gint) dtmf->payload_type : -1;
  self->codec = vgw_rtp_codec_from_name (codec->name);
  self->sources.clock_rate_hz = codec->clock_rate_hz;
  self->sources.own_ssrc = own_ssrc;
}

void
vgw_rtp_intake_set_funcs (VgwRtpIntake *self, VgwMailbox *mailbox, VgwMailboxFunc switch_func,
                          VgwMailboxFunc flood_func)
{
  g_return_if_fail (self->mailbox == NULL);
  self->mailbox = vgw_mailbox_ref (mailbox);
  self->switch_func = switch_func;
  self->flood_func = flood_func;
}

gint64
vgw_rtp_intake_get_last_packet_us (VgwRtpIntake *self)
{
  return atomic_load_explicit (&self->last_packet_us, memory_order_relaxed);
}

gint64
vgw_rtp_intake_get_last_audio_us (VgwRtpIntake *self)
{
  return atomic_load_explicit (&self->last_audio_packet_us, memory_order_relaxed);
}

gboolean
vgw_rtp_intake_has_dtls (VgwRtpIntake *self)
{
  return atomic_load_explicit (&self->has_dtls, memory_order_relaxed);
}

guint32
vgw_rtp_intake_get_ssrc (VgwRtpIntake *self)
{
  guint32 ssrc;

  g_mutex_lock (&self->lock);
  ssrc = self->mapping.heard_ssrc;
  g_mutex_unlock (&self->lock);
  return ssrc;
}

void
vgw_rtp_intake_get_stats (VgwRtpIntake *self, VgwRtpStats *stats)
{
  vgw_rtp_stats_read (stats, self->counts);
}

void
vgw_rtp_intake_get_call_stats (VgwRtpIntake *self, VgwCallStats *stats)
{
  stats->received.duplicated = (gint64) vgw_rtp_reception_get (&self->arrived, VGW_RTP_RECEPTION_DUPLICATES);
  vgw_rtp_outgoing_get_stats (&self->outgoing, self->sources.clock_rate_hz, stats);
}

void
vgw_rtp_intake_log (VgwRtpIntake *self, const char *session_id)
{
  VgwRtpStats stats;

  vgw_rtp_intake_get_stats (self, &stats);
  if (stats.rate_dropped + stats.audio_dropped + stats.source_dropped + stats.ignored + stats.source_changes == 0)
    return;
  vgw_info (session_id,
            "RTP: ssrc-changes=%" G_GUINT64_FORMAT " ignored=%" G_GUINT64_FORMAT " dropped-for-ssrc=%" G_GUINT64_FORMAT
            " dropped-for-rate=%" G_GUINT64_FORMAT " dropped-for-duration=%" G_GUINT64_FORMAT,
            stats.source_changes, stats.ignored, stats.source_dropped, stats.rate_dropped, stats.audio_dropped);
}
