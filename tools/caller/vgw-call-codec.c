#include "caller/vgw-call-codec.h"

#define TO_OUTPUT " ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"

/* The payloaders of G.711 and G.722 use the buffer's timestamp: counting bytes is wrong by a packet after a pause. */
#define BY_TIME " perfect-rtptime=false max-ptime=20000000"

/* Payload types: static ones from RFC 3551 table 4; 111 is what browsers offer Opus as. */
static const VgwCallCodec codecs[] = {
  {
      .name = "opus",
      .input_rate_hz = 16000,
      .rtp_clock_rate_hz = 48000,
      .encoder = "opusenc audio-type=generic frame-size=20 bitrate=32000",
      .encoded_caps = "audio/x-opus",
      .payloader = "rtpopuspay pt=111",
      .rtp_caps = "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,"
                  "encoding-params=(string)2,minptime=(string)10,useinbandfec=(string)1",
      .decoder = "rtpopusdepay name=depay ! vgwopusdec ! "
                 "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved",
  },
  {
      .name = "pcmu",
      .input_rate_hz = 8000,
      .rtp_clock_rate_hz = 8000,
      .encoder = "mulawenc",
      .encoded_caps = "audio/x-mulaw,rate=8000,channels=1",
      .payloader = "rtppcmupay pt=0" BY_TIME,
      .rtp_caps = "application/x-rtp,media=audio,encoding-name=PCMU,payload=0,clock-rate=8000",
      .decoder = "rtppcmudepay name=depay ! mulawdec" TO_OUTPUT,
  },
  {
      .name = "pcma",
      .input_rate_hz = 8000,
      .rtp_clock_rate_hz = 8000,
      .encoder = "alawenc",
      .encoded_caps = "audio/x-alaw,rate=8000,channels=1",
      .payloader = "rtppcmapay pt=8" BY_TIME,
      .rtp_caps = "application/x-rtp,media=audio,encoding-name=PCMA,payload=8,clock-rate=8000",
      .decoder = "rtppcmadepay name=depay ! alawdec" TO_OUTPUT,
  },
  {
      .name = "g722",
      .input_rate_hz = 16000,
      .rtp_clock_rate_hz = 8000, /* RFC 3551 section 4.5.2: 8000 for historical reasons */
      .encoder = "avenc_g722",
      .encoded_caps = "audio/G722,rate=16000,channels=1",
      .payloader = "rtpg722pay pt=9" BY_TIME,
      .rtp_caps = "application/x-rtp,media=audio,encoding-name=G722,payload=9,clock-rate=8000",
      .decoder = "rtpg722depay name=depay ! avdec_g722" TO_OUTPUT,
  },
};

const VgwCallCodec *
vgw_call_codec_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codecs); i++)
    {
      if (g_ascii_strcasecmp (codecs[i].name, name) == 0)
        return &codecs[i];
    }
  return NULL;
}
