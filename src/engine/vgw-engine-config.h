/* One engine as the operator configured it: a group [engine NAME], or one of the built-in names. A value. */
#pragma once

#include <gio/gio.h>

/* Defaults; the default of an enum is its first value. The table of keys uses them. */
#define VGW_ENGINE_DEFAULT_SAMPLE_RATE_HZ 16000
#define VGW_ENGINE_DEFAULT_MAX_PLAYOUT_MS 300000
#define VGW_ENGINE_DEFAULT_PREBUFFER_MS 40
#define VGW_ENGINE_DEFAULT_SPEECH_START_MS 120
#define VGW_ENGINE_DEFAULT_SPEECH_STOP_MS 500
#define VGW_ENGINE_DEFAULT_ECHO_MARGIN_DB 24
#define VGW_ENGINE_DEFAULT_CONNECT_TIMEOUT_MS 3000
#define VGW_ENGINE_DEFAULT_MAX_RECONNECTS 3
#define VGW_ENGINE_DEFAULT_GRACE_MS 10000
#define VGW_ENGINE_DEFAULT_BUFFER_MS 2000
#define VGW_ENGINE_DEFAULT_STALL_MS 5000
#define VGW_ENGINE_DEFAULT_DIALECT "native"
#define VGW_ENGINE_DEFAULT_RECORD_DIRECTORY "recordings"
#define VGW_ENGINE_DEFAULT_ON_FAILURE "end"

typedef enum
{
  VGW_OVERFLOW_WAIT,   /* the engine is not read while the playout queue is full */
  VGW_OVERFLOW_OLDEST, /* the oldest audio is dropped */
  VGW_OVERFLOW_NEWEST,
} VgwOverflow;

typedef enum
{
  VGW_BARGE_IN_NONE,  /* the engine decides */
  VGW_BARGE_IN_DUCK,  /* the bot's audio is attenuated while the caller speaks */
  VGW_BARGE_IN_PAUSE, /* it is held, and continues afterwards */
  VGW_BARGE_IN_FLUSH, /* it is dropped */
} VgwBargeIn;

typedef enum
{
  VGW_HANGUP_DRAIN, /* queued audio is played, then the call ends */
  VGW_HANGUP_NOW,
} VgwHangup;

typedef enum
{
  VGW_ON_FAILURE_END,
  VGW_ON_FAILURE_HOLD,     /* the call continues without an engine */
  VGW_ON_FAILURE_FALLBACK, /* another engine takes over */
} VgwOnFailure;

/* Strings are owned, and never NULL; authorities is a reference. */
typedef struct
{
  char *name;
  char *type;                /* "echo", "record", "websocket", "audiosocket" */
  char *url;                 /* websocket: ws:// or wss://; audiosocket: tcp://host:port; "" for the others */
  char *dialect;             /* websocket: the name of a VgwDialect */
  char *authorization;       /* websocket: value of the Authorization header, "" for none; secret */
  char *tls_ca;              /* websocket, wss: path of a file of authorities, "" for those of the system */
  GTlsDatabase *authorities; /* (nullable) of tls_ca or the system, see vgw_engine_config_load_authorities () */
  char *wraps;               /* record: name of the engine whose call is recorded; "": echo */
  char *on_failure;          /* "end", "hold" or "fallback:NAME"; see vgw_engine_config_get_on_failure () */
  char *record_directory;
  char **pass_parameters; /* names of the page's parameters that are passed to the engine; never NULL */
  gboolean skips_silence; /* echo: plays back only what is louder than silence */
  gboolean is_selectable; /* a client may request it with /ws?engine=NAME */
  guint sample_rate_hz;   /* of both directions: 8000, 16000, 24000, 48000 */
  guint max_playout_ms;
  VgwOverflow overflow;
  gboolean may_speed_up; /* its speech may be played faster to reduce delay */
  guint prebuffer_ms;    /* of a networked engine's audio, gathered before an utterance begins */
  VgwBargeIn barge_in;
  VgwHangup hangup;                      /* what an engine's hang-up does */
  guint speech_start_ms, speech_stop_ms; /* of continuous voice, of continuous silence */
  guint echo_margin_db;                  /* sound that is weaker than the engine's by more counts as its echo */
  guint connect_timeout_ms;
  guint max_reconnects; /* in one call, after the loss of settled connections */
  guint grace_ms;       /* of one outage, for all attempts together */
  guint buffer_ms;      /* of the caller's audio, buffered while there is no connection */
  guint stall_ms;       /* time without reading after which a bot counts as lost */
} VgwEngineConfig;

/* The groups [engine] and [engine NAME] of the configuration. */
typedef struct
{
  const char *default_name; /* the engine of a session that requests none */
  VgwEngineConfig defaults; /* the keys of [engine] and [record]; the rest is empty */
  GPtrArray *engines;       /* VgwEngineConfig, complete, including those without a group */
} VgwEngineSettings;

/* An engine @name of @type with the defaults of the documentation. Returns: (transfer full) */
VgwEngineConfig *vgw_engine_config_new (const char *name, const char *type);
VgwEngineConfig *vgw_engine_config_copy (const VgwEngineConfig *config);
void vgw_engine_config_free (VgwEngineConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineConfig, vgw_engine_config_free)

/* For a wss: url, loads tls_ca, or the authorities of the system, so that connecting reads no file. Errors: those of
 * vgw_tls_load_authorities (). */
gboolean vgw_engine_config_load_authorities (VgwEngineConfig *config, GError **error);

/* What to do when @config's engine has failed. @fallback (out) (nullable): the name of the engine that takes over,
 * borrowed from @config. */
VgwOnFailure vgw_engine_config_get_on_failure (const VgwEngineConfig *config, const char **fallback);

/* The one of @engines that takes over when @config's engine has failed, or NULL. (transfer none) */
const VgwEngineConfig *vgw_engine_config_find_fallback (const VgwEngineConfig *config, GPtrArray *engines);

/* FALSE for what is built in: it needs no buffer for what a network does to audio, and an echo must come back at once.
 * A recorder may have anything in it. */
gboolean vgw_engine_config_is_behind_network (const VgwEngineConfig *config);

/* The one called @name in @engines (element-type VgwEngineConfig), or NULL. (transfer none) */
const VgwEngineConfig *vgw_engine_config_find (GPtrArray *engines, const char *name);
