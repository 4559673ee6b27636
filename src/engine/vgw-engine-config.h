/* One engine as the operator configured it: a group [engine NAME], or one of the built-in names. A value. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Of every engine that says nothing else; an enum has its first value. The table of keys has them from here. */
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
  VGW_OVERFLOW_WAIT,   /* while the playout queue is full nothing is read from the engine */
  VGW_OVERFLOW_OLDEST, /* … its oldest audio is dropped */
  VGW_OVERFLOW_NEWEST,
} VgwOverflow;

typedef enum
{
  VGW_BARGE_IN_NONE,  /* the engine decides */
  VGW_BARGE_IN_DUCK,  /* the bot's voice is turned down while the caller speaks */
  VGW_BARGE_IN_PAUSE, /* … is held, and goes on afterwards */
  VGW_BARGE_IN_FLUSH, /* … is dropped */
} VgwBargeIn;

typedef enum
{
  VGW_HANGUP_DRAIN, /* what waits to be heard is heard, and then the call ends */
  VGW_HANGUP_NOW,
} VgwHangup;

typedef enum
{
  VGW_ON_FAILURE_END,
  VGW_ON_FAILURE_HOLD,     /* the call goes on without an engine */
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
  char **pass_parameters; /* names of the page's parameters that the engine gets; never NULL */
  gboolean is_selectable; /* a client may ask for it with /ws?engine=NAME */
  guint sample_rate_hz;   /* of both directions: 8000, 16000, 24000, 48000 */
  guint max_playout_ms;
  VgwOverflow overflow;
  guint prebuffer_ms; /* of the speech of an engine behind a network, before an utterance begins */
  VgwBargeIn barge_in;
  VgwHangup hangup;                      /* what an engine's hang-up does */
  guint speech_start_ms, speech_stop_ms; /* of continuous voice, of continuous silence */
  guint echo_margin_db;                  /* what is so much weaker than the engine's voice is taken for its echo */
  guint connect_timeout_ms;
  guint max_reconnects; /* in one call, after connections that had settled were lost */
  guint grace_ms;       /* for connecting again after a failure, all tries together */
  guint buffer_ms;      /* of the caller's audio, kept while there is no connection */
  guint stall_ms;       /* for which a bot may take none of its audio before it counts as lost */
} VgwEngineConfig;

/* The groups [engine] and [engine NAME] of the configuration. */
typedef struct
{
  const char *default_name; /* the engine of a session that asks for none */
  VgwEngineConfig defaults; /* what [engine] and [record] say for all engines; the rest is empty */
  GPtrArray *engines;       /* VgwEngineConfig, complete, those that need no group among them */
} VgwEngineSettings;

/* An engine @name of @type with the defaults of the documentation. Returns: (transfer full) */
VgwEngineConfig *vgw_engine_config_new (const char *name, const char *type);
VgwEngineConfig *vgw_engine_config_copy (const VgwEngineConfig *config);
void vgw_engine_config_free (VgwEngineConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwEngineConfig, vgw_engine_config_free)

/* For a url with wss:, reads the file of tls_ca, or what the system has, into authorities: once, so that connecting
 * reads none. Errors: those of vgw_tls_load_authorities (). */
gboolean vgw_engine_config_load_authorities (VgwEngineConfig *config, GError **error);

/* What to do when @config's engine has failed. @fallback (out) (nullable): the name of the engine that takes over, into
 * @config; NULL where none does. */
VgwOnFailure vgw_engine_config_get_on_failure (const VgwEngineConfig *config, const char **fallback);

/* The one called @name in @engines (element-type VgwEngineConfig), or NULL. (transfer none) */
const VgwEngineConfig *vgw_engine_config_find (GPtrArray *engines, const char *name);

G_END_DECLS
