#include "engine/vgw-bot-channel.h"

#define CLOSE_TIMEOUT_MS 1000
#define WORK_BURST_US 100000 /* two seconds' share of the thread's time */

static const char *
null_if_empty (const char *text)
{
  return *text != '\0' ? text : NULL;
}

/* A bot may fill the playout queue with one message. */
static gsize
compute_max_binary_bytes (const VgwEngineConfig *config)
{
  const guint64 queue_bytes = (guint64) config->max_playout_ms * config->sample_rate_hz * sizeof (gint16) / 1000;

  return (gsize) MAX (queue_bytes, VGW_BOT_CHANNEL_MIN_FRAME_BYTES);
}

/* For audio in base64. The dialect refuses other text above VGW_DIALECT_MAX_TEXT_BYTES. */
static gsize
compute_max_text_bytes (const VgwEngineConfig *config, const VgwDialect *dialect)
{
  if (!dialect->has_audio_in_text)
    return VGW_BOT_CHANNEL_MIN_FRAME_BYTES;
  return compute_max_binary_bytes (config) / 3 * 4 + VGW_DIALECT_MAX_TEXT_BYTES;
}

/* The audio that was buffered without a connection is sent at once, at worst in base64. */
static gsize
compute_max_queue_bytes (const VgwEngineConfig *config)
{
  return VGW_BOT_CHANNEL_MAX_UNSENT_BYTES
         + (gsize) config->sample_rate_hz * sizeof (gint16) * config->buffer_ms / 1000 * 3 / 2;
}

static void
on_channel_gone (gpointer io, GObject *channel)
{
  vgw_engine_io_release (io);
}

VgwWsChannel *
vgw_bot_channel_new (VgwEngineIo *io, const VgwEngineConfig *config, const VgwDialect *dialect, const char *traceparent,
                     guint timeout_ms, gboolean (*may_read) (gpointer user_data), gpointer user_data)
{
  const VgwDialTarget target = { .url = config->url,
                                 .is_stream = dialect->is_stream,
                                 .subprotocol = dialect->subprotocol,
                                 .authorization = null_if_empty (config->authorization),
                                 .traceparent = traceparent,
                                 .authorities = config->authorities,
                                 .stall_ms = config->stall_ms };
  const VgwWsChannelSettings settings = { .role = dialect->is_stream ? VGW_WS_STREAM : VGW_WS_CLIENT,
                                          .max_text_bytes = compute_max_text_bytes (config, dialect),
                                          .max_binary_bytes = compute_max_binary_bytes (config),
                                          .max_queue_bytes = compute_max_queue_bytes (config),
                                          .max_bytes_after_close = VGW_BOT_CHANNEL_MAX_BURST_BYTES,
                                          .close_timeout_ms = CLOSE_TIMEOUT_MS,
                                          .limits = { .max_bytes_per_s = VGW_BOT_CHANNEL_MAX_BYTES_PER_S,
                                                      .max_burst_bytes = VGW_BOT_CHANNEL_MAX_BURST_BYTES,
                                                      .work_percent = VGW_BOT_CHANNEL_TIME_PERCENT,
                                                      .work_burst_us = WORK_BURST_US },
                                          .may_read = may_read,
                                          .user_data = user_data };
  VgwWsChannel *channel = vgw_ws_channel_new_client (&target, timeout_ms, &settings);

  vgw_engine_io_hold (io);
  g_object_weak_ref (G_OBJECT (channel), on_channel_gone, io);
  return channel;
}
