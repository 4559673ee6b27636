#include "config/vgw-config-keys.h"

#include "config/vgw-config-check.h"
#include "config/vgw-config.h"
#include "signaling/vgw-message.h"

#define MAX_PORT 65535
#define MINUTE_MS (60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define YEAR_S (365 * 24 * 3600)

static const VgwConfigGroup groups[] = {
  { "http", "The public listener: the page and the WebSocket at /ws" },
  { "admin", "The admin listener: health, sessions and metrics, for the operator" },
  { "access", "Who may call" },
  { "ice", "How media finds its way" },
  { "media", "The audio path" },
  { "engine", "The speech engine: which one, and what holds for all of them that say nothing else" },
  { "record", "The engine \"record\"" },
  { "manager", "The session manager, which is told of every session" },
  { "limits", "Bounds of sessions" },
  { "log", "The log, on standard error" },
};

static const VgwConfigChoice access_modes[] = { { "open", 0 }, { NULL, 0 } };
static const VgwConfigChoice ice_agents[] = { { "mux", VGW_ICE_AGENT_MUX },
                                              { "nice", VGW_ICE_AGENT_NICE },
                                              { NULL, 0 } };
static const VgwConfigChoice sample_rates[] = {
  { "8000", 8000 }, { "16000", 16000 }, { "24000", 24000 }, { "48000", 48000 }, { NULL, 0 }
};
static const VgwConfigChoice overflows[] = {
  { "wait", VGW_OVERFLOW_WAIT }, { "oldest", VGW_OVERFLOW_OLDEST }, { "newest", VGW_OVERFLOW_NEWEST }, { NULL, 0 }
};
static const VgwConfigChoice barge_ins[] = { { "none", VGW_BARGE_IN_NONE },
                                             { "duck", VGW_BARGE_IN_DUCK },
                                             { "pause", VGW_BARGE_IN_PAUSE },
                                             { "flush", VGW_BARGE_IN_FLUSH },
                                             { NULL, 0 } };
static const VgwConfigChoice hangup_choices[] = { { "drain", VGW_HANGUP_DRAIN },
                                                  { "now", VGW_HANGUP_NOW },
                                                  { NULL, 0 } };
static const VgwConfigChoice manager_types[] = { { "log", 0 }, { NULL, 0 } };
/* GLib's critical is our error: G_LOG_LEVEL_ERROR is for what aborts. */
static const VgwConfigChoice log_levels[] = { { "debug", G_LOG_LEVEL_DEBUG },
                                              { "info", G_LOG_LEVEL_INFO },
                                              { "warning", G_LOG_LEVEL_WARNING },
                                              { "error", G_LOG_LEVEL_CRITICAL },
                                              { NULL, 0 } };
static const VgwConfigChoice log_formats[] = { { "text", VGW_LOG_TEXT }, { "json", VGW_LOG_JSON }, { NULL, 0 } };

#define AT(field) .offset = G_STRUCT_OFFSET (VgwConfig, field)
#define AT_ENGINE(field) .offset = G_STRUCT_OFFSET (VgwConfig, engine_defaults.field)
#define OF_ENGINE(field) .offset = G_STRUCT_OFFSET (VgwEngineConfig, field)

/* clang-format off */
static const VgwConfigKey keys[] = {
  { "http", "address", VGW_CONFIG_TEXT, "127.0.0.1", AT (http_address),
    .check = vgw_config_check_address,
    .brief = "IP address to listen on",
    .detail = "0.0.0.0 is every IPv4 address, :: every IPv6 one. An address that other machines can reach is refused "
              "until access.mode is set, whatever its value: being open to everyone is for you to say.",
    .go_name = "ListenAddress" },
  { "http", "port", VGW_CONFIG_NUMBER, "8080", AT (http_port), .max = MAX_PORT,
    .brief = "TCP port to listen on",
    .detail = "0 takes any free port; the log says which.",
    .go_name = "SignalPort" },
  { "http", "page", VGW_CONFIG_BOOL, "true", AT (http_page),
    .brief = "Serve the page and the client library",
    .detail = "/ws is there either way." },
  { "http", "web-root", VGW_CONFIG_TEXT, "", AT (http_web_root),
    .brief = "Directory to serve in place of the built-in page",
    .detail = "Empty: the built-in page." },
  { "http", "header-timeout-ms", VGW_CONFIG_NUMBER, "10000", AT (http_header_timeout_ms),
    .min = 100, .max = HOUR_MS,
    .brief = "Time from a connection to the end of its request's head",
    .detail = "A connection that takes longer is closed." },
  { "http", "idle-timeout-ms", VGW_CONFIG_NUMBER, "60000", AT (http_idle_timeout_ms),
    .min = 1000, .max = HOUR_MS,
    .brief = "Time after which a silent WebSocket is closed",
    .detail = "A WebSocket that answers no ping for so long counts as gone, and its session ends." },
  { "http", "max-connections", VGW_CONFIG_NUMBER, "2000", AT (http_max_connections),
    .min = 1, .max = 100000,
    .brief = "Open connections in all",
    .detail = "One more closes the oldest that has not sent a whole request, or gets a 503 where "
"there is none. Each takes "
              "a file descriptor." },
  { "http", "max-connections-per-address", VGW_CONFIG_NUMBER, "200", AT (http_max_connections_per_address),
    .max = 100000,
    .brief = "Open connections from one address",
    .detail = "Of IPv6, from one /64. Loopback addresses have no such bound: a proxy on this "
"machine brings all callers. "
              "0: no bound." },

  { "admin", "address", VGW_CONFIG_TEXT, "127.0.0.1", AT (admin_address),
    .check = vgw_config_check_loopback_or_none,
    .brief = "Loopback IP address to listen on",
    .detail = "It asks nobody who they are, so it is for this machine only; a proxy in front can let others in. Empty: "
              "no admin listener." },
  { "admin", "port", VGW_CONFIG_NUMBER, "8081", AT (admin_port), .max = MAX_PORT,
    .brief = "TCP port to listen on",
    .detail = "0 takes any free port; the log says which." },

  { "access", "mode", VGW_CONFIG_TEXT, "open", AT (access_mode), .choices = access_modes,
    .brief = "Who may call",
    .detail = "open: everyone who can reach the listener, from the pages of access.origins." },
  { "access", "origins", VGW_CONFIG_LIST, "", AT (access_origins),
    .check = vgw_config_check_origin,
    .brief = "Origins of web pages that may call, beside the gateway's own",
    .detail = "Such as https://shop.example; * for any; null for pages without an origin (a sandboxed frame, a file), "
              "which anybody can make. A client that sends no Origin, which no browser does, is not held back by this "
              "list." },

  { "ice", "agent", VGW_CONFIG_CHOICE, "mux", AT (ice_agent), .choices = ice_agents,
    .brief = "How the gateway takes part in ICE",
    .detail = "mux: ICE-lite, every session on one UDP port; right for a machine that callers can reach. nice: full "
              "ICE with STUN and TURN servers and ports of its own for each session; for a gateway that is itself "
              "behind a NAT which cannot forward a port." },
  { "ice", "udp-port", VGW_CONFIG_NUMBER, "10000", AT (ice_udp_port), .max = MAX_PORT,
    .brief = "The UDP port of all sessions (agent mux)",
    .detail = "0 takes any free port. A firewall has to let it in." },
  { "ice", "bind-address", VGW_CONFIG_TEXT, "", AT (ice_bind_address), .check = vgw_config_check_address_or_none,
    .brief = "Only local IP address for media (agent mux)",
    .detail = "Empty: every address of the machine." },
  { "ice", "advertise", VGW_CONFIG_LIST, "", AT (ice_advertise), .check = vgw_config_check_address,
    .brief = "IP addresses to tell callers (agent mux)",
    .detail = "For a machine behind a 1:1 NAT, as in most clouds: its public address. Empty: the addresses found on "
              "the machine." },
  { "ice", "stun-servers", VGW_CONFIG_LIST, "stun:stun.l.google.com:19302", AT (ice_stun_servers),
    .check = vgw_config_check_stun_server,
    .brief = "STUN servers that the gateway itself asks (agent nice)",
    .detail = "As stun:HOST:PORT. Empty: none.",
    .go_name = "StunServers" },
  { "ice", "turn-servers", VGW_CONFIG_LIST, "", AT (ice_turn_servers), .flags = VGW_CONFIG_SECRET,
    .check = vgw_config_check_turn_server,
    .brief = "TURN servers that the gateway itself uses (agent nice)",
    .detail = "As turn:USER:PASSWORD@HOST:PORT?transport=udp, or turns: for TLS and transport=tcp. "
"ice.turn-servers-file "
              "names a file that has one on each line." },
  { "ice", "client-servers", VGW_CONFIG_LIST, "", AT (ice_client_servers), .flags = VGW_CONFIG_SECRET,
    .check = vgw_config_check_client_server,
    .brief = "STUN and TURN servers to tell callers",
    .detail = "As stun:HOST:PORT, or turn:USER:PASSWORD@HOST:PORT; every caller sees them. "
"ice.client-servers-file names "
              "a file that has one on each line." },
  { "ice", "min-port", VGW_CONFIG_NUMBER, "0", AT (ice_min_port), .max = MAX_PORT,
    .brief = "First UDP port for sessions (agent nice)",
    .detail = "Together with ice.max-port; both 0: any port." },
  { "ice", "max-port", VGW_CONFIG_NUMBER, "0", AT (ice_max_port), .max = MAX_PORT,
    .brief = "Last UDP port for sessions (agent nice)" },
  { "ice", "gather-timeout-ms", VGW_CONFIG_NUMBER, "2000", AT (ice_gather_timeout_ms), .max = MINUTE_MS,
    .brief = "Time that an answer waits for candidates",
    .detail = "Later candidates follow the answer one by one." },

  { "media", "pipelines", VGW_CONFIG_LIST, "opus;pcmu;pcma;g722", AT (media_pipelines),
    .check = vgw_config_check_pipeline_name,
    .brief = "Pipeline descriptions, best first",
    .detail = "Each is a file NAME.launch. The first one whose codec a caller offers is taken." },
  { "media", "pipeline-dir", VGW_CONFIG_TEXT, "", AT (media_pipeline_dir),
    .brief = "Directory of the pipeline descriptions",
    .detail = "Empty: the installed ones." },
  { "media", "extra-elements", VGW_CONFIG_LIST, "", AT (media_extra_elements),
    .check = vgw_config_check_element_name,
    .brief = "GStreamer elements allowed in pipelines beside the built-in list",
    .detail = "An element that opens files or sockets lets a description do so." },
  { "media", "latency-ms", VGW_CONFIG_NUMBER, "40", AT (media_latency_ms), .max = 2000,
    .brief = "Delay of the jitter buffer" },
  { "media", "adapt-complexity", VGW_CONFIG_BOOL, "true", AT (media_adapt_complexity),
    .brief = "Code speech more simply where the machine has too many calls",
    .detail = "The complexity of vgwopusenc is lowered before speech gets choppy, and raised again "
"after; the log says so." },

  { "engine", "default", VGW_CONFIG_TEXT, "echo", AT (engine_default), .check = vgw_config_check_not_empty,
    .brief = "Engine of a session that asks for none",
    .detail = "The name of a group [engine NAME], or of an engine that is there without one. echo: callers hear "
              "themselves. record: the same, with a WAV file for each caller and each direction." },
  { "engine", "sample-rate", VGW_CONFIG_CHOICE, "16000", AT_ENGINE (sample_rate_hz), .flags = VGW_CONFIG_PER_ENGINE,
    .choices = sample_rates,
    .brief = "Sample rate of the engine's PCM in Hz, in both directions",
    .detail = "A dialect that knows only one rate has that one, unless its group says another, which is an error." },
  { "engine", "max-playout-ms", VGW_CONFIG_NUMBER, "300000", AT_ENGINE (max_playout_ms),
    .flags = VGW_CONFIG_PER_ENGINE, .min = 100, .max = HOUR_MS,
    .brief = "Speech that may wait to be played to a caller",
    .detail = "Memory is used only for what waits: 5 minutes at 16 kHz are 10 MB." },
  { "engine", "overflow", VGW_CONFIG_CHOICE, "wait", AT_ENGINE (overflow), .flags = VGW_CONFIG_PER_ENGINE,
    .choices = overflows,
    .brief = "What happens to speech beyond max-playout-ms",
    .detail = "wait: nothing more is read from the engine's connection until there is room, and nothing is dropped. "
              "oldest, newest: that end of the speech is dropped. An engine whose protocol has flow control is told to "
              "wait before that." },
  { "engine", "prebuffer-ms", VGW_CONFIG_NUMBER, "40", AT_ENGINE (prebuffer_ms), .flags = VGW_CONFIG_PER_ENGINE,
    .max = 500,
    .brief = "Speech that is gathered before an utterance begins, of an engine behind a network",
    .detail = "A bot that sends as it speaks is not in time to the millisecond. Where it was late, "
"up to 120 ms are gathered. "
              "One that sends ahead does not wait." },
  { "engine", "barge-in", VGW_CONFIG_CHOICE, "none", AT_ENGINE (barge_in), .flags = VGW_CONFIG_PER_ENGINE,
    .choices = barge_ins,
    .brief = "What becomes of the engine's speech when the caller speaks",
    .detail = "none: the engine decides. duck: it is turned down meanwhile. pause: it is held, and goes on afterwards. "
              "flush: what waits is dropped. An assistant has flush, unless its own group says otherwise." },
  { "engine", "hangup", VGW_CONFIG_CHOICE, "drain", AT_ENGINE (hangup), .flags = VGW_CONFIG_PER_ENGINE,
    .choices = hangup_choices,
    .brief = "What an engine that hangs up does with its speech that was not heard yet",
    .detail = "drain: it is heard, and then the call ends. now: it is dropped." },
  { "engine", "pass-parameters", VGW_CONFIG_LIST, "", AT_ENGINE (pass_parameters), .flags = VGW_CONFIG_PER_ENGINE,
    .check = vgw_config_check_parameter_name,
    .brief = "Parameters of the page's address (/ws?customer=42) that the engine is told",
    .detail = "Names, such as customer;language. Their values are what a caller says, and prove nothing." },
  { "engine", "speech-start-ms", VGW_CONFIG_NUMBER, "120", AT_ENGINE (speech_start_ms),
    .flags = VGW_CONFIG_PER_ENGINE, .min = 20, .max = 5000,
    .brief = "Voice without a break after which the caller speaks" },
  { "engine", "speech-stop-ms", VGW_CONFIG_NUMBER, "500", AT_ENGINE (speech_stop_ms),
    .flags = VGW_CONFIG_PER_ENGINE, .min = 20, .max = 10000,
    .brief = "Silence after which the caller has stopped" },
  { "engine", "echo-margin-db", VGW_CONFIG_NUMBER, "24", AT_ENGINE (echo_margin_db),
    .flags = VGW_CONFIG_PER_ENGINE, .max = 96,
    .brief = "How much weaker than the engine's voice a caller may be who interrupts it",
    .detail = "What is weaker than that, while the engine speaks and for a second afterwards, is taken for what the "
              "caller's echo cancellation has left of it. 96: nothing is." },
  { "engine", "connect-timeout-ms", VGW_CONFIG_NUMBER, "3000", AT_ENGINE (connect_timeout_ms),
    .flags = VGW_CONFIG_PER_ENGINE, .min = 10, .max = MINUTE_MS,
    .brief = "Time that connecting to the engine may take, each time" },
  { "engine", "max-reconnects", VGW_CONFIG_NUMBER, "3", AT_ENGINE (max_reconnects), .flags = VGW_CONFIG_PER_ENGINE,
    .max = 1000,
    .brief = "How often an engine that was lost in a conversation is connected to again, in one call",
    .detail = "One that is lost once more has failed. Telephony dialects do not connect again in a "
"conversation: there it is "
              "a hang-up." },
  { "engine", "grace-ms", VGW_CONFIG_NUMBER, "10000", AT_ENGINE (grace_ms), .flags = VGW_CONFIG_PER_ENGINE,
    .max = HOUR_MS, .alias = "grace",
    .brief = "Time without a connection after which an engine has failed",
    .detail = "Until then connecting is tried again. 0: the first failure is the last. engine.grace "
"= 10s is understood "
              "as well." },
  { "engine", "buffer-ms", VGW_CONFIG_NUMBER, "2000", AT_ENGINE (buffer_ms), .flags = VGW_CONFIG_PER_ENGINE,
    .min = 20, .max = MINUTE_MS,
    .brief = "The caller's voice that is kept while there is no connection",
    .detail = "The newest; the engine gets it when it is back." },
  { "engine", "stall-ms", VGW_CONFIG_NUMBER, "5000", AT_ENGINE (stall_ms), .flags = VGW_CONFIG_PER_ENGINE,
    .min = 100, .max = MINUTE_MS,
    .brief = "Time after which an engine that takes nothing of what it is sent is lost" },
  { "engine", "on-failure", VGW_CONFIG_TEXT, "end", AT_ENGINE (on_failure), .flags = VGW_CONFIG_PER_ENGINE,
    .check = vgw_config_check_on_failure,
    .brief = "What happens when an engine has failed (end, hold or fallback:NAME)",
    .detail = "end: the call ends. hold: it goes on without an engine. fallback:NAME: that engine, which must have the "
              "same sample rate, takes over." },

  { "record", "directory", VGW_CONFIG_TEXT, "recordings", AT (record_directory), .check = vgw_config_check_not_empty,
    .brief = "Directory of the WAV files",
    .detail = "Created where it is missing; relative to the working directory." },

  { "manager", "type", VGW_CONFIG_TEXT, "log", AT (manager_type), .choices = manager_types,
    .brief = "Kind of session manager",
    .detail = "log: a line in the log for each session that begins, changes or ends." },

  { "limits", "max-sessions", VGW_CONFIG_NUMBER, "500", AT (limits_max_sessions),
    .flags = VGW_CONFIG_RELOADABLE, .max = 1000000,
    .brief = "Sessions at the same time",
    .detail = "One more is told busy. 0: no bound." },
  { "limits", "max-sessions-per-address", VGW_CONFIG_NUMBER, "50", AT (limits_max_sessions_per_address),
    .flags = VGW_CONFIG_RELOADABLE, .max = 1000000,
    .brief = "Sessions at the same time from one address",
    .detail = "Of IPv6, from one /64. Loopback addresses have no such bound: a proxy on this "
"machine brings all callers. "
              "0: no bound." },
  { "limits", "offer-timeout-ms", VGW_CONFIG_NUMBER, "10000", AT (limits_offer_timeout_ms),
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time from connecting to the offer",
    .detail = "0: no bound." },
  { "limits", "connect-timeout-ms", VGW_CONFIG_NUMBER, "20000", AT (limits_connect_timeout_ms),
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time from the answer to the first media",
    .detail = "0: no bound." },
  { "limits", "media-timeout-ms", VGW_CONFIG_NUMBER, "30000", AT (limits_media_timeout_ms),
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time without media or connectivity check that ends a call",
    .detail = "0: no bound." },
  { "limits", "max-duration-s", VGW_CONFIG_NUMBER, "14400", AT (limits_max_duration_s),
    .flags = VGW_CONFIG_RELOADABLE, .max = YEAR_S,
    .brief = "Length of a call in seconds",
    .detail = "0: no bound." },
  { "limits", "max-candidates", VGW_CONFIG_NUMBER, "64", AT (limits_max_candidates),
    .flags = VGW_CONFIG_RELOADABLE, .min = 1, .max = 1000,
    .brief = "ICE candidates of a caller" },
  { "limits", "max-data-channels", VGW_CONFIG_NUMBER, "4", AT (limits_max_data_channels), .max = 64,
    .brief = "Data channels of a caller" },
  { "limits", "max-message-bytes", VGW_CONFIG_NUMBER, "65536", AT (limits_max_message_bytes),
    .min = 4096, .max = VGW_MESSAGE_MAX_BYTES,
    .brief = "Size of a signaling message, and of one on a data channel" },
  { "limits", "max-events-per-second", VGW_CONFIG_NUMBER, "20", AT (limits_max_events_per_second), .max = 1000,
    .brief = "Events of a caller, and of its engine, in a second",
    .detail = "Twice as many may come at once; what goes beyond is dropped. 0: no bound." },
  { "limits", "max-mlines", VGW_CONFIG_NUMBER, "8", AT (limits_max_mlines), .min = 1, .max = 64,
    .brief = "Media sections of an offer" },

  { "log", "level", VGW_CONFIG_CHOICE, "info", AT (log_level), .flags = VGW_CONFIG_RELOADABLE, .choices = log_levels,
    .brief = "The least severe lines to show",
    .detail = "debug includes the SDP of every call." },
  { "log", "format", VGW_CONFIG_CHOICE, "text", AT (log_format), .flags = VGW_CONFIG_RELOADABLE,
    .choices = log_formats,
    .brief = "text for people, json for a collector: one object on each line" },
};

/* Of [engine NAME] alone. */
static const VgwConfigKey engine_rows[] = {
  { "engine NAME", "type", VGW_CONFIG_TEXT, "", OF_ENGINE (type), .check = vgw_config_check_engine_type,
    .brief = "Kind of engine: echo, record, websocket, audiosocket, or assistant where that was built",
    .detail = "Has to be set, unless NAME is the type." },
  { "engine NAME", "url", VGW_CONFIG_TEXT, "", OF_ENGINE (url),
    .brief = "Where the bot listens (websocket, audiosocket)",
    .detail = "ws://HOST[:PORT]/PATH or wss:// for a websocket, tcp://HOST:PORT for an audiosocket." },
  { "engine NAME", "dialect", VGW_CONFIG_TEXT, "native", OF_ENGINE (dialect), .check = vgw_config_check_dialect,
    .brief = "Protocol that the bot speaks over its WebSocket" },
  { "engine NAME", "authorization", VGW_CONFIG_TEXT, "", OF_ENGINE (authorization), .flags = VGW_CONFIG_SECRET,
    .check = vgw_config_check_header,
    .brief = "Authorization header for the bot's WebSocket",
    .detail = "Such as Bearer TOKEN. authorization-file names a file that has it." },
  { "engine NAME", "tls-ca", VGW_CONFIG_TEXT, "", OF_ENGINE (tls_ca),
    .brief = "File of the authorities that may sign the bot's certificate (wss://)",
    .detail = "PEM, one or more, in place of those of the system: of a private authority, or of the "
"bot itself where it "
              "signs its own. Relative to the working directory, and read once, at the start." },
  { "engine NAME", "wraps", VGW_CONFIG_TEXT, "", OF_ENGINE (wraps), .check = vgw_config_check_engine_name_or_none,
    .brief = "Name of the engine whose calls are recorded (record)",
    .detail = "What this group does not say it has from that engine. Empty: an echo." },
  { "engine NAME", "record-directory", VGW_CONFIG_TEXT, "", OF_ENGINE (record_directory),
    .brief = "Directory of the WAV files (record)",
    .detail = "Empty: that of [record]." },
  { "engine NAME", "selectable", VGW_CONFIG_BOOL, "false", OF_ENGINE (is_selectable),
    .brief = "Let clients ask for this engine by /ws?engine=NAME",
    .detail = "engine.default can always be asked for." },
};
/* clang-format on */

const VgwConfigKey *
vgw_config_keys (guint *n_keys)
{
  *n_keys = G_N_ELEMENTS (keys);
  return keys;
}

const VgwConfigGroup *
vgw_config_groups (guint *n_groups)
{
  *n_groups = G_N_ELEMENTS (groups);
  return groups;
}

const VgwConfigKey *
vgw_config_engine_rows (guint *n_rows)
{
  *n_rows = G_N_ELEMENTS (engine_rows);
  return engine_rows;
}

guint
vgw_config_count_engine_rows (void)
{
  return G_N_ELEMENTS (engine_rows) + G_N_ELEMENTS (keys);
}

guint
vgw_config_engine_row_number (const VgwConfigKey *row)
{
  if (row->flags & VGW_CONFIG_PER_ENGINE)
    return G_N_ELEMENTS (engine_rows) + (guint) (row - keys);
  return (guint) (row - engine_rows);
}

VgwConfigKey
vgw_config_engine_key (const VgwConfigKey *row)
{
  VgwConfigKey key = *row;

  if (row->flags & VGW_CONFIG_PER_ENGINE)
    key.offset -= G_STRUCT_OFFSET (VgwConfig, engine_defaults);
  return key;
}
