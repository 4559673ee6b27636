#include "config/vgw-config-keys.h"

#include <string.h>

#include "signaling/vgw-message.h"

#define MINUTE_MS (60 * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define YEAR_S (365 * 24 * 3600)

const VgwConfigGroup vgw_config_groups[] = {
  { "http", "The public listener: the page and the doors (/ws, WHIP, Pipecat, OpenAI)" },
  { "admin", "The admin listener: health, metrics, the admin API and the dashboard, for the operator" },
  { "access", "Who may call" },
  { "node", "One of several gateways that share the calls of one service (docs/DEPLOY.md, \"Several gateways\")" },
  { "ice", "How media is connected" },
  { "media", "The audio path" },
  { "engine", "Speech engines: the default one, and the defaults for all engines" },
  { "record", "Recordings: the engine \"record\", and a record of each call" },
  { "manager", "The session managers, which are notified of every session" },
  { "session", "Sessions that have temporarily lost their client" },
  { "limits", "Limits of sessions" },
  { "shutdown", "The end of the gateway" },
  { "log", "The log, on standard error" },
  { NULL },
};

/* clang-format off */
static const VgwConfigChoice access_modes[] = { { "open", VGW_ACCESS_OPEN }, { "token", VGW_ACCESS_TOKEN },
                                                { NULL, 0 } };
static const VgwConfigChoice admission_defaults[] = { { "deny", FALSE }, { "allow", TRUE }, { NULL, 0 } };
static const VgwConfigChoice ice_agents[] = { { "mux", VGW_ICE_AGENT_MUX }, { "nice", VGW_ICE_AGENT_NICE },
                                              { NULL, 0 } };
static const VgwConfigChoice sample_rates[] = { { "8000", 8000 }, { "16000", 16000 }, { "24000", 24000 },
                                                { "48000", 48000 }, { NULL, 0 } };
static const VgwConfigChoice overflows[] = { { "wait", VGW_OVERFLOW_WAIT }, { "oldest", VGW_OVERFLOW_OLDEST },
                                             { "newest", VGW_OVERFLOW_NEWEST }, { NULL, 0 } };
static const VgwConfigChoice barge_ins[] = { { "none", VGW_BARGE_IN_NONE }, { "duck", VGW_BARGE_IN_DUCK },
                                             { "pause", VGW_BARGE_IN_PAUSE }, { "flush", VGW_BARGE_IN_FLUSH },
                                             { NULL, 0 } };
static const VgwConfigChoice hangups[] = { { "drain", VGW_HANGUP_DRAIN }, { "now", VGW_HANGUP_NOW }, { NULL, 0 } };
/* "error" is GLib's critical: G_LOG_LEVEL_ERROR aborts. */
static const VgwConfigChoice log_levels[] = { { "debug", G_LOG_LEVEL_DEBUG }, { "info", G_LOG_LEVEL_INFO },
                                              { "warning", G_LOG_LEVEL_WARNING }, { "error", G_LOG_LEVEL_CRITICAL },
                                              { NULL, 0 } };
static const VgwConfigChoice log_formats[] = { { "text", VGW_LOG_TEXT }, { "json", VGW_LOG_JSON }, { NULL, 0 } };

/* The offset of @member and its struct. The other arguments are the allowed types of the member, "TYPE: 0"; with
 * another one it does not compile. */
#define AT(type, member, ...) \
  G_STRUCT_OFFSET (type, member) + 0 * sizeof (_Generic (((type *) NULL)->member, __VA_ARGS__)), \
  _Generic ((type *) NULL, VgwConfig *: FALSE, VgwEngineConfig *: TRUE)
#define TEXT(type, member) VGW_CONFIG_TEXT, AT (type, member, char *: 0, const char *: 0)
#define LIST(type, member) VGW_CONFIG_LIST, AT (type, member, char **: 0, const char *const *: 0)
#define CHOICE(type, member) VGW_CONFIG_CHOICE, AT (type, member, guint: 0, gint: 0) /* what an enum may be */
#define NUMBER(type, member) VGW_CONFIG_NUMBER, AT (type, member, guint: 0)
#define MILLISECONDS(type, member) VGW_CONFIG_MILLISECONDS, AT (type, member, guint: 0)
#define SECONDS(type, member) VGW_CONFIG_SECONDS, AT (type, member, guint: 0)
#define PORT(type, member) VGW_CONFIG_PORT, AT (type, member, guint16: 0)
#define BOOL(type, member) VGW_CONFIG_BOOL, AT (type, member, gboolean: 0)
#define DEFAULT(name) G_STRINGIFY (VGW_ENGINE_DEFAULT_##name)

const VgwConfigKey vgw_config_keys[] = {
  { "http", "address", TEXT (VgwConfig, http.address), "127.0.0.1", .check = VGW_CONFIG_CHECK_ADDRESS,
    .brief = "IP address to listen on",
    .detail = "0.0.0.0 is every IPv4 address, :: every IPv6 one. An address that other machines can reach is refused "
              "unless access.mode = token or access.allow-open-network = true." },
  { "http", "port", PORT (VgwConfig, http.port), "8080",
    .brief = "TCP port to listen on",
    .detail = "0 takes any free port, which is logged." },
  { "http", "tls-certificate", TEXT (VgwConfig, http.tls_certificate), "",
    .flags = VGW_CONFIG_RELOADABLE | VGW_CONFIG_FILE_NAME,
    .brief = "PEM file with the certificate for https: and wss:",
    .detail = "Followed by those of intermediate authorities, as in fullchain.pem. Set together with http.tls-key. A "
              "reload reads both files again; open connections keep the old certificate. Empty: no TLS." },
  { "http", "tls-key", TEXT (VgwConfig, http.tls_key), "",
    .flags = VGW_CONFIG_RELOADABLE | VGW_CONFIG_FILE_NAME,
    .brief = "PEM file with the private key of http.tls-certificate",
    .detail = "Without a passphrase. It must not be accessible to other users (chmod 600 or 640)." },
  { "http", "page", BOOL (VgwConfig, pages.serves_page), "true",
    .brief = "Serve the page and the client library",
    .detail = "The doors are served in either case." },
  { "http", "web-root", TEXT (VgwConfig, pages.web_root), "",
    .brief = "Directory to serve in place of the built-in page",
    .detail = "Read at start. /voice-gateway.js stays, unless the directory has it. Empty: the built-in page." },
  { "http", "header-timeout-ms", MILLISECONDS (VgwConfig, http.header_timeout_ms), "10000", .min = 100,
    .max = HOUR_MS,
    .brief = "Time limit for receiving the head of a request",
    .detail = "From connecting, including the TLS handshake. A connection that takes longer is closed." },
  { "http", "idle-timeout-ms", MILLISECONDS (VgwConfig, http.idle_timeout_ms), "60000", .min = 1000, .max = HOUR_MS,
    .brief = "Time after which an unresponsive WebSocket is closed",
    .detail = "A WebSocket that has answered no ping for this long counts as lost: its session waits for the client "
              "for session.resume-grace-ms." },
  { "http", "max-connections", NUMBER (VgwConfig, http.max_connections), "2000", .min = 1, .max = 100000,
    .brief = "Maximum number of open connections",
    .detail = "A connection beyond the limit replaces the oldest one that has not sent a complete request; if there "
              "is none, it is answered with 503, or with TLS closed. Each connection uses a file descriptor." },
  { "http", "max-connections-per-address", NUMBER (VgwConfig, http.max_connections_per_address), "200", .max = 100000,
    .brief = "Maximum number of open connections from one address",
    .detail = "For IPv6 the limit is per /64. Loopback addresses are exempt, since a proxy on this machine forwards "
              "all callers. 0: no limit." },

  { "http", "trusted-proxies", LIST (VgwConfig, http.trusted_proxies), "",
    .check = VGW_CONFIG_CHECK_ADDRESS_OR_PREFIX,
    .brief = "Addresses of the proxies that forward callers",
    .detail = "IP addresses or prefixes, such as 127.0.0.1;10.0.0.0/8;fd00::/8. In requests from these, the "
              "caller's address is the last one in X-Forwarded-For or Forwarded (RFC 7239) that is not a trusted "
              "proxy. The proxy must remove the header that it does not set itself; a request in which the two "
              "disagree is refused. Connections from trusted proxies are exempt from "
              "http.max-connections-per-address." },

  { "admin", "address", TEXT (VgwConfig, admin.address), "127.0.0.1", .check = VGW_CONFIG_CHECK_ADDRESS_OR_NONE,
    .brief = "IP address to listen on",
    .detail = "An address that other machines can reach needs admin.token-file. The listener has no TLS: put a proxy "
              "with TLS in front of it, or use a private network. Empty: no admin listener." },
  { "admin", "port", PORT (VgwConfig, admin.port), "8081",
    .brief = "TCP port to listen on",
    .detail = "0 takes any free port, which is logged." },
  { "admin", "token", LIST (VgwConfig, admin.tokens), "",
    .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE | VGW_CONFIG_RELOADABLE, .check = VGW_CONFIG_CHECK_ADMIN_TOKEN,
    .brief = "Tokens, one of which each request needs, as Authorization: Bearer TOKEN",
    .detail = "Use admin.token-file, which names a file with one token on each line; it must not be accessible to "
              "other users (chmod 600 or 640). A token has 32 to 512 letters, digits and - . _ ~. Without any, "
              "everyone on this machine may use the listener." },

  { "access", "mode", CHOICE (VgwConfig, access.mode), "open", .choices = access_modes,
    .brief = "Who may call",
    .detail = "open: everyone who can reach the listener. token: clients with an access token, a JSON Web Token that "
              "is signed with a key of access.token-keys-file. In both modes web pages must have the gateway's own "
              "origin, or one in access.origins." },
  { "access", "allow-open-network", BOOL (VgwConfig, access.allows_open_network), "false",
    .brief = "Allow access.mode = open on an address that other machines can reach",
    .detail = "Then everyone who can reach the address may call, and use the speech engines." },
  { "access", "token-keys", LIST (VgwConfig, access.token_keys), "",
    .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE | VGW_CONFIG_RELOADABLE, .check = VGW_CONFIG_CHECK_TOKEN_KEY,
    .brief = "Keys that sign access tokens, as KEYID: SECRET",
    .detail = "Use access.token-keys-file, which names a file with one key on each line; it must not be accessible "
              "to other users (chmod 600 or 640). A secret has 32 to 512 characters without spaces, and is used "
              "unchanged. Several keys allow rotation: add the new key, reload, sign with it, remove the old key, "
              "reload." },
  { "access", "token-audience", TEXT (VgwConfig, access.token_audience), "voice-gateway",
    .flags = VGW_CONFIG_RELOADABLE, .check = VGW_CONFIG_CHECK_NOT_EMPTY,
    .brief = "Required audience (claim aud) of access tokens" },
  { "access", "origins", LIST (VgwConfig, access.origins), "", .check = VGW_CONFIG_CHECK_ORIGIN,
    .brief = "Origins of web pages that may call, in addition to the gateway's own",
    .detail = "Needed also for the gateway's own host name where access.mode is open and access.allow-open-network is "
              "false, as behind a proxy; addresses and localhost need none. Such as https://shop.example; * allows any "
              "origin; null allows pages without an origin (a sandboxed frame, a file), which anybody can create. A "
              "client that sends no Origin header is not restricted by this list; every browser sends one." },

  { "node", "name", TEXT (VgwConfig, node.name), "", .check = VGW_CONFIG_CHECK_NODE_NAME_OR_NONE,
    .brief = "Name of this gateway, which is another one than those of the others",
    .detail = "It is part of the ids of sessions, so that a request for a session of another gateway is sent on to "
              "that one. Empty: there are no others." },
  { "node", "url", TEXT (VgwConfig, node.url), "", .check = VGW_CONFIG_CHECK_NODE_URL_OR_NONE,
    .brief = "Address of the public listener, for the other gateways",
    .detail = "Such as http://10.0.0.7:8080: where the others reach http.port. With https: the certificate is verified "
              "for that host. Reported to the others where they share a directory; node.peers needs none. Empty: "
              "http.address and http.port, unless that is every address, or of this machine alone." },
  { "node", "admin-url", TEXT (VgwConfig, node.admin_url), "", .check = VGW_CONFIG_CHECK_NODE_URL_OR_NONE,
    .brief = "Address of the admin listener, for the other gateways",
    .detail = "As node.url, for admin.address and admin.port." },
  { "node", "keys", LIST (VgwConfig, node.keys), "", .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE,
    .check = VGW_CONFIG_CHECK_NODE_KEY,
    .brief = "Keys that all gateways share, for the signatures of ids and of requests that are sent on",
    .detail = "Use node.keys-file, which names a file with one key on each line; it must not be accessible to other "
              "users. The first key signs, and all are accepted, so that the gateways can change from one to the other "
              "one at a time." },
  { "node", "peers", LIST (VgwConfig, node.peers), "", .check = VGW_CONFIG_CHECK_NODE_PEER,
    .brief = "The other gateways, as NAME=URL or NAME=URL,ADMIN-URL",
    .detail = "Such as b=http://10.0.0.8:8080,http://10.0.0.8:8081;c=http://10.0.0.9:8080: where the public listener "
              "is, and the admin listener, which requests of the admin API are sent on to. Requests are sent to these "
              "addresses only, and to those of the shared directory." },
  { "node", "tls-ca", TEXT (VgwConfig, node.tls_ca), "", .flags = VGW_CONFIG_FILE_NAME,
    .brief = "Certificates to trust for connections to gateways with https:",
    .detail = "A PEM file, which replaces the system's authorities: the certificate of a private authority, or a "
              "self-signed one. Relative to the working directory, and read once, at startup." },

  { "ice", "agent", CHOICE (VgwConfig, media.ice_agent), "mux", .choices = ice_agents,
    .brief = "ICE agent",
    .detail = "mux: ICE-lite, with all sessions on one UDP port; for a machine that callers can reach. nice: full "
              "ICE with STUN and TURN servers, and separate ports for each session; for a gateway that is itself "
              "behind a NAT which cannot forward a port." },
  { "ice", "udp-port", PORT (VgwConfig, media.udp_port), "10000",
    .brief = "UDP port of all sessions (agent mux)",
    .detail = "0 takes any free port. Open it in the firewall." },
  { "ice", "tcp-port", PORT (VgwConfig, media.ice_tcp.port), "0",
    .brief = "TCP port for callers whose network blocks UDP (agent mux)",
    .detail = "0: no ICE over TCP. Callers use it only if UDP does not work. It cannot be the port of another "
              "listener. Open it in the firewall; most networks allow 443." },
  { "ice", "tcp-max-connections", NUMBER (VgwConfig, media.ice_tcp.max_connections), "1000", .min = 1, .max = 65535,
    .brief = "Maximum number of TCP connections to ice.tcp-port",
    .detail = "A call has one, or a few while it is set up. A connection beyond the limit replaces the oldest one "
              "without a valid connectivity check." },
  { "ice", "tcp-max-connections-per-address", NUMBER (VgwConfig, media.ice_tcp.max_connections_per_address), "100",
    .min = 1, .max = 65535,
    .brief = "Maximum number of TCP connections to ice.tcp-port from one address",
    .detail = "For IPv6 the limit is per /64. Loopback addresses are exempt." },
  { "ice", "bind-address", TEXT (VgwConfig, media.bind_address), "", .check = VGW_CONFIG_CHECK_ADDRESS_OR_NONE,
    .brief = "Local IP address to use for media (agent mux)",
    .detail = "Empty: every address of the machine." },
  { "ice", "advertise", LIST (VgwConfig, media.advertise), "", .flags = VGW_CONFIG_RELOADABLE,
    .check = VGW_CONFIG_CHECK_ADVERTISED,
    .brief = "Addresses to advertise in candidates (agent mux)",
    .detail = "For a machine behind a 1:1 NAT, as in most clouds: its public address. Each is an IP address or a "
              "host name, as HOST or HOST:PORT ([ADDRESS]:PORT for IPv6); PORT is the UDP port that callers use, if "
              "it is not ice.udp-port, such as the published port of a container (for TCP see "
              "ice.advertise-tcp-port). At most 16 addresses. Names are resolved at startup and at each reload. Empty: "
              "the addresses found on the machine." },
  { "ice", "advertise-tcp-port", PORT (VgwConfig, media.ice_tcp.advertised_port), "0",
    .brief = "TCP port to advertise in candidates (agent mux)",
    .detail = "For a published port that is not ice.tcp-port, such as that of a container. It is the same for every "
              "address of ice.advertise, whose PORT is for UDP. 0: ice.tcp-port." },
  { "ice", "stun-servers", LIST (VgwConfig, media.stun_servers), "stun:stun.l.google.com:19302",
    .check = VGW_CONFIG_CHECK_STUN_SERVER,
    .brief = "STUN servers that the gateway itself uses (agent nice)",
    .detail = "As stun:HOST:PORT. Empty: none. With agent mux, no STUN server is contacted." },
  { "ice", "turn-servers", LIST (VgwConfig, media.turn_servers), "", .flags = VGW_CONFIG_SECRET,
    .check = VGW_CONFIG_CHECK_TURN_SERVER,
    .brief = "TURN servers that the gateway itself uses (agent nice)",
    .detail = "As turn:USER:PASSWORD@HOST:PORT?transport=udp, or turns: for TLS and transport=tcp. "
              "ice.turn-servers-file names a file with one on each line. With agent mux, no TURN server is "
              "contacted." },
  { "ice", "client-servers", LIST (VgwConfig, client_servers), "", .flags = VGW_CONFIG_SECRET,
    .check = VGW_CONFIG_CHECK_CLIENT_SERVER,
    .brief = "STUN and TURN servers for callers",
    .detail = "Sent to every caller. As stun:HOST:PORT, or turn:USER:PASSWORD@HOST:PORT. ice.client-servers-file "
              "names a file with one on each line. For a TURN server without USER:PASSWORD see "
              "ice.client-turn-secret." },
  { "ice", "client-turn-secret", TEXT (VgwConfig, client_turn_secret), "",
    .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE | VGW_CONFIG_RELOADABLE, .check = VGW_CONFIG_CHECK_HEADER,
    .brief = "Secret shared with the TURN servers in ice.client-servers that have no USER:PASSWORD",
    .detail = "Every session then gets credentials of its own that expire: static-auth-secret of coturn with "
              "use-auth-secret. Use ice.client-turn-secret-file, which names a file with the secret." },
  { "ice", "client-turn-ttl-s", SECONDS (VgwConfig, client_turn_ttl_s), "14400", .flags = VGW_CONFIG_RELOADABLE,
    .min = 60, .max = YEAR_S,
    .brief = "Time until credentials created with ice.client-turn-secret expire",
    .detail = "At least the length of a call: a caller may allocate a relay again when its network changes." },
  { "ice", "min-port", PORT (VgwConfig, media.min_port), "0",
    .brief = "First UDP port for sessions (agent nice)",
    .detail = "Set together with ice.max-port; if both are 0, any port is used." },
  { "ice", "max-port", PORT (VgwConfig, media.max_port), "0",
    .brief = "Last UDP port for sessions (agent nice)" },
  { "ice", "gather-timeout-ms", MILLISECONDS (VgwConfig, media.gather_timeout_ms), "2000", .max = MINUTE_MS,
    .brief = "Time limit for gathering candidates before the answer is sent",
    .detail = "Candidates found later are sent one by one after the answer." },

  { "media", "pipelines", LIST (VgwConfig, media.pipelines), "opus;pcmu;pcma;g722",
    .check = VGW_CONFIG_CHECK_PIPELINE_NAME,
    .brief = "Pipeline descriptions, in order of preference",
    .detail = "Each is a file NAME.launch. A call uses the first one whose codec the caller offers." },
  { "media", "pipeline-dir", TEXT (VgwConfig, media.pipeline_dir), "",
    .brief = "Directory of the pipeline descriptions",
    .detail = "Empty: the installed ones." },
  { "media", "extra-elements", LIST (VgwConfig, media.extra_elements), "", .check = VGW_CONFIG_CHECK_ELEMENT_NAME,
    .brief = "GStreamer elements allowed in pipelines in addition to the built-in list",
    .detail = "An element that opens files or sockets lets a description do so." },
  { "media", "latency-ms", MILLISECONDS (VgwConfig, media.latency_ms), "40", .max = 2000,
    .brief = "Longest wait of the jitter buffer for a missing packet",
    .detail = "It waits only on paths that have reordered packets in the last minute, half as long again as the "
              "longest delay of these." },
  { "media", "dtx", BOOL (VgwConfig, media.uses_dtx), "true",
    .brief = "Send nothing but keep-alives while the bot is silent",
    .detail = "With Opus, after 200 ms without audio or with digital silence of the bot, no frame is encoded, and a "
              "packet of one byte is sent every 400 ms. Audio that is merely quiet is always sent. A caller can refuse "
              "it with usedtx=0 in its offer." },
  { "media", "caller-dtx", BOOL (VgwConfig, media.asks_for_dtx), "false",
    .brief = "Ask callers to send nothing while they are silent",
    .detail = "usedtx=1 in the answer, for Opus: takes less CPU time, and the bot hears silence, not the room." },
  { "media", "adapt-complexity", BOOL (VgwConfig, media.adapts_complexity), "true",
    .brief = "Lower the Opus complexity while the machine is overloaded",
    .detail = "The complexity of vgwopusenc is lowered before frames are sent late, and raised again afterwards; the "
              "log reports both." },

  { "engine NAME", "type", TEXT (VgwEngineConfig, type), "", .check = VGW_CONFIG_CHECK_ENGINE_TYPE,
    .brief = "Kind of engine: echo, record, websocket or audiosocket",
    .detail = "Required, unless NAME is the name of a type." },
  { "engine NAME", "url", TEXT (VgwEngineConfig, url), "",
    .brief = "Where the bot listens (websocket, audiosocket)",
    .detail = "ws://HOST[:PORT]/PATH or wss:// for a websocket, tcp://HOST:PORT for an audiosocket." },
  { "engine NAME", "dialect", TEXT (VgwEngineConfig, dialect), VGW_ENGINE_DEFAULT_DIALECT,
    .check = VGW_CONFIG_CHECK_DIALECT,
    .brief = "Protocol of the bot's WebSocket: native, twilio, jambonz, asterisk or vosk" },
  { "engine NAME", "authorization", TEXT (VgwEngineConfig, authorization), "", .flags = VGW_CONFIG_SECRET,
    .check = VGW_CONFIG_CHECK_HEADER,
    .brief = "Value of the Authorization header for the bot's WebSocket",
    .detail = "Such as Bearer TOKEN. authorization-file names a file that contains it." },
  { "engine NAME", "tls-ca", TEXT (VgwEngineConfig, tls_ca), "", .flags = VGW_CONFIG_FILE_NAME,
    .brief = "Certificates to trust for the bot's TLS connection (wss://)",
    .detail = "A PEM file, which replaces the system's authorities: the certificate of a private authority, or a "
              "self-signed one. Relative to the working directory, and read once, at startup." },
  { "engine NAME", "wraps", TEXT (VgwEngineConfig, wraps), "", .check = VGW_CONFIG_CHECK_ENGINE_NAME_OR_NONE,
    .brief = "Name of the engine whose calls are recorded (record)",
    .detail = "Keys that this group does not set are taken from that engine. Empty: an echo is recorded." },
  { "engine NAME", "record-directory", TEXT (VgwEngineConfig, record_directory), "",
    .brief = "Directory of the WAV files (record)",
    .detail = "Empty: the directory of [record]." },
  { "engine NAME", "skip-silence", BOOL (VgwEngineConfig, skips_silence), "false",
    .brief = "Play back only sound, and nothing while the caller is silent (echo)",
    .detail = "As a bot does, which sends no audio between its utterances: for measurements of conversations." },
  { "engine NAME", "selectable", BOOL (VgwEngineConfig, is_selectable), "false",
    .brief = "Let clients select this engine (?engine=NAME, /whip/NAME, OpenAI's model)",
    .detail = "engine.default can always be selected." },

  { "engine", "default", TEXT (VgwConfig, engine.default_name), "echo", .check = VGW_CONFIG_CHECK_NOT_EMPTY,
    .brief = "Engine of sessions that do not select one",
    .detail = "The name of a group [engine NAME], or of a built-in engine. echo: callers hear themselves. record: "
              "the same, with a WAV file for each caller and each direction." },
  { "engine", "sample-rate", CHOICE (VgwEngineConfig, sample_rate_hz), DEFAULT (SAMPLE_RATE_HZ),
    .choices = sample_rates,
    .brief = "Sample rate of the engine's PCM in Hz, in both directions",
    .detail = "A dialect with a fixed rate uses that rate; setting another one in its group is an error." },
  { "engine", "max-playout-ms", MILLISECONDS (VgwEngineConfig, max_playout_ms), DEFAULT (MAX_PLAYOUT_MS),
    .min = 100, .max = HOUR_MS,
    .brief = "Maximum length of the playout queue: the engine's audio that is not sent yet",
    .detail = "Memory is used only for queued audio: 5 minutes at 16 kHz are 10 MB." },
  { "engine", "overflow", CHOICE (VgwEngineConfig, overflow), "wait", .choices = overflows,
    .brief = "What to do when the playout queue is full",
    .detail = "wait: stop reading from the engine's connection until there is room; nothing is dropped. oldest, "
              "newest: drop the oldest or newest audio. An engine whose protocol has flow control is paused before "
              "that." },
  { "engine", "prebuffer-ms", MILLISECONDS (VgwEngineConfig, prebuffer_ms), DEFAULT (PREBUFFER_MS), .max = 500,
    .brief = "Audio to collect before an utterance starts, for an engine with a url",
    .detail = "This compensates for the jitter of a bot that sends in real time; after late packets up to 120 ms are "
              "collected. Audio that is sent ahead is not delayed." },
  { "engine", "speed-up", BOOL (VgwEngineConfig, may_speed_up), "true",
    .brief = "Play speech of an engine in real time up to 25 % faster while the queue has delay from a stall",
    .detail = "With its pitch. false: delay is taken out of pauses only." },
  { "engine", "barge-in", CHOICE (VgwEngineConfig, barge_in), "none", .choices = barge_ins,
    .brief = "What to do with queued engine audio when the caller speaks",
    .detail = "none: nothing, the engine decides. duck: attenuate it meanwhile. pause: pause it, and continue "
              "afterwards. flush: drop it." },
  { "engine", "hangup", CHOICE (VgwEngineConfig, hangup), "drain", .choices = hangups,
    .brief = "What to do with queued engine audio when the engine hangs up",
    .detail = "drain: play it, then end the call. now: drop it, and end the call at once." },
  { "engine", "pass-parameters", LIST (VgwEngineConfig, pass_parameters), "",
    .check = VGW_CONFIG_CHECK_PARAMETER_NAME,
    .brief = "Parameters of the request that starts a call to pass to the engine",
    .detail = "Names, such as customer;language, of parameters in the address (/ws?customer=42) or in Pipecat's "
              "requestData. Their values come from the caller and are not authenticated." },
  { "engine", "speech-start-ms", MILLISECONDS (VgwEngineConfig, speech_start_ms), DEFAULT (SPEECH_START_MS),
    .min = 20, .max = 5000,
    .brief = "Continuous voice needed before the caller counts as speaking" },
  { "engine", "speech-stop-ms", MILLISECONDS (VgwEngineConfig, speech_stop_ms), DEFAULT (SPEECH_STOP_MS),
    .min = 20, .max = 10000,
    .brief = "Continuous silence needed before the caller counts as silent" },
  { "engine", "echo-margin-db", NUMBER (VgwEngineConfig, echo_margin_db), DEFAULT (ECHO_MARGIN_DB), .max = 96,
    .brief = "How much quieter than the engine's audio a caller may be to interrupt it",
    .detail = "Quieter sound, while the engine speaks and for a second afterwards, is treated as the residue of the "
              "caller's echo cancellation. 96 disables the check." },
  { "engine", "connect-timeout-ms", MILLISECONDS (VgwEngineConfig, connect_timeout_ms), DEFAULT (CONNECT_TIMEOUT_MS),
    .min = 10, .max = MINUTE_MS,
    .brief = "Time limit for each attempt to connect to the engine" },
  { "engine", "max-reconnects", NUMBER (VgwEngineConfig, max_reconnects), DEFAULT (MAX_RECONNECTS), .max = 1000,
    .brief = "How often to reconnect to an engine that was lost in a conversation, in one call",
    .detail = "After that the engine has failed. Telephony dialects do not reconnect in a conversation: there, a "
              "lost connection is a hang-up." },
  { "engine", "grace-ms", MILLISECONDS (VgwEngineConfig, grace_ms), DEFAULT (GRACE_MS),
    .max = HOUR_MS, .alias = "grace",
    .brief = "Time without a connection after which an engine has failed",
    .detail = "The gateway retries until then. 0: the first failure is final. engine.grace = 10s is accepted as "
              "well." },
  { "engine", "buffer-ms", MILLISECONDS (VgwEngineConfig, buffer_ms), DEFAULT (BUFFER_MS),
    .min = 20, .max = MINUTE_MS,
    .brief = "Caller audio to keep while there is no connection to the engine",
    .detail = "The newest audio; it is sent to the engine once it is connected again." },
  { "engine", "stall-ms", MILLISECONDS (VgwEngineConfig, stall_ms), DEFAULT (STALL_MS), .min = 100, .max = MINUTE_MS,
    .brief = "Time after which an engine that does not read its audio counts as lost" },
  { "engine", "on-failure", TEXT (VgwEngineConfig, on_failure), VGW_ENGINE_DEFAULT_ON_FAILURE,
    .check = VGW_CONFIG_CHECK_ON_FAILURE,
    .brief = "What to do when an engine has failed (end, hold or fallback:NAME)",
    .detail = "end: end the call. hold: continue it without an engine. fallback:NAME: continue it with that engine, "
              "which must have the same sample rate." },

  { "record", "directory", TEXT (VgwConfig, engine.defaults.record_directory), VGW_ENGINE_DEFAULT_RECORD_DIRECTORY,
    .check = VGW_CONFIG_CHECK_NOT_EMPTY,
    .brief = "Directory of the WAV files",
    .detail = "Created if it does not exist; relative to the working directory." },
  { "record", "call-bundle", TEXT (VgwConfig, bundles.directory), "",
    .brief = "Directory in which a record of each call is kept",
    .detail = "A folder for each call, with its audio in stereo, its events, and a page that shows and plays both "
              "(docs/RECORDING.md). Empty: none. A bot pauses it with the event recording-pause." },
  { "record", "call-bundle-max-mb", NUMBER (VgwConfig, bundles.max_mb), "10000", .max = 100 * 1000 * 1000,
    .brief = "Size of that directory in MB above which the oldest records are removed",
    .detail = "The calls that go on are not removed. 0: no limit." },
  { "record", "call-bundle-max-days", NUMBER (VgwConfig, bundles.max_days), "30", .max = 36500,
    .brief = "Age in days after which a record of a call is removed",
    .detail = "0: no limit." },
  { "record", "call-bundle-max-minutes", NUMBER (VgwConfig, bundles.max_minutes), "120", .max = 24 * 60,
    .brief = "Length of the audio that is recorded of one call",
    .detail = "Its events are recorded to the end. 0: no limit." },

  { "manager", "types", LIST (VgwConfig, manager.types), "log", .check = VGW_CONFIG_CHECK_MANAGER_TYPE,
    .brief = "Session managers (log, webhook, redis)",
    .detail = "log: a line in the log when a session starts, changes or ends. webhook: an HTTP request to "
              "manager.webhook-url. redis: keys and a stream of events in the server of manager.redis-url. All of "
              "them are notified of every session." },
  { "manager", "update-interval-s", SECONDS (VgwConfig, manager.update_interval_s), "30",
    .flags = VGW_CONFIG_RELOADABLE, .max = 3600,
    .brief = "Time between two updates about a session that has not changed, with its statistics",
    .detail = "Applies to new sessions. 0: only changes are reported. log does not write these updates." },
  { "manager", "webhook-url", TEXT (VgwConfig, manager.webhook.url), "",
    .check = VGW_CONFIG_CHECK_HTTP_URL_OR_NONE,
    .brief = "Address that session events are posted to",
    .detail = "Redirects are not followed, and the certificate of an https address is verified." },
  { "manager", "webhook-secret", LIST (VgwConfig, manager.webhook.secrets), "",
    .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE | VGW_CONFIG_RELOADABLE,
    .check = VGW_CONFIG_CHECK_WEBHOOK_SECRET,
    .brief = "Secrets that sign the events, as whsec_BASE64",
    .detail = "Use manager.webhook-secret-file, which names a file with one secret on each line; it must not be "
              "accessible to other users. Each event has a signature of each secret, so that a receiver can change "
              "from one to the other. Empty: events are not signed." },
  { "manager", "webhook-timeout-ms", MILLISECONDS (VgwConfig, manager.webhook.timeout_ms), "10000", .min = 100,
    .max = MINUTE_MS,
    .brief = "Time limit for one request to the webhook" },
  { "manager", "webhook-retry-s", SECONDS (VgwConfig, manager.webhook.retry_s), "600", .max = 24 * 3600,
    .flags = VGW_CONFIG_RELOADABLE,
    .brief = "How long an event is repeated that was not delivered",
    .detail = "With growing pauses, up to a minute. The later events of its session wait. 0: it is not repeated." },
  { "manager", "webhook-queue", NUMBER (VgwConfig, manager.webhook.max_events), "1000", .min = 8, .max = 100000,
    .flags = VGW_CONFIG_RELOADABLE,
    .brief = "Maximum number of events that wait for the webhook",
    .detail = "Events beyond the limit are dropped and counted in vgw_manager_dropped_total." },
  { "manager", "webhook-admission", BOOL (VgwConfig, manager.webhook.has_admission), "false",
    .flags = VGW_CONFIG_RELOADABLE,
    .brief = "Let the webhook decide which sessions are admitted",
    .detail = "A session begins when session.register is answered with {\"admit\":true}." },
  { "manager", "webhook-admission-timeout-s", SECONDS (VgwConfig, manager.webhook.admission_timeout_s), "5",
    .flags = VGW_CONFIG_RELOADABLE, .min = 1, .max = 20,
    .brief = "How long a session waits for the webhook's decision" },
  { "manager", "webhook-admission-default", CHOICE (VgwConfig, manager.webhook.admits_by_default), "deny",
    .flags = VGW_CONFIG_RELOADABLE, .choices = admission_defaults,
    .brief = "What happens to a session about which the webhook has not decided in time" },
  { "manager", "redis-url", TEXT (VgwConfig, manager.redis.url), "", .check = VGW_CONFIG_CHECK_REDIS_URL_OR_NONE,
    .brief = "Redis server that sessions, nodes and events are written to",
    .detail = "redis://HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:/PATH. Credentials are keys of their own." },
  { "manager", "redis-username", TEXT (VgwConfig, manager.redis.username), "", .flags = VGW_CONFIG_RELOADABLE,
    .brief = "User of the Redis server",
    .detail = "Empty: the user \"default\"." },
  { "manager", "redis-password", TEXT (VgwConfig, manager.redis.password), "",
    .flags = VGW_CONFIG_SECRET | VGW_CONFIG_PRIVATE | VGW_CONFIG_RELOADABLE,
    .brief = "Password for the Redis server",
    .detail = "Use manager.redis-password-file, which names a file with the password; it must not be accessible to "
              "other users. A reload applies it to the next connection." },
  { "manager", "redis-ca", TEXT (VgwConfig, manager.redis.ca), "", .flags = VGW_CONFIG_FILE_NAME,
    .brief = "PEM file with the certificate authorities for rediss:",
    .detail = "It replaces the system's authorities. Empty: those of the system." },
  { "manager", "redis-prefix", TEXT (VgwConfig, manager.redis.prefix), "vgw:",
    .brief = "Beginning of the names of all keys in Redis",
    .detail = "Gateways with the same prefix in the same database are nodes of one service." },
  { "manager", "redis-ttl-s", SECONDS (VgwConfig, manager.redis.ttl_s), "30", .min = 3, .max = 3600,
    .brief = "Time after which the keys of a gateway that has died disappear",
    .detail = "A running gateway refreshes its keys three times within it." },
  { "manager", "redis-timeout-ms", MILLISECONDS (VgwConfig, manager.redis.timeout_ms), "5000", .min = 100,
    .max = MINUTE_MS,
    .brief = "Time limit for connecting to Redis, and for its reply to a command",
    .detail = "After that, the connection is closed and made again." },
  { "manager", "redis-stream-length", NUMBER (VgwConfig, manager.redis.max_stream_length), "10000", .max = 10000000,
    .brief = "Number of events that the stream in Redis keeps, approximately",
    .detail = "0: no events are written, only the keys of sessions and nodes." },
  { "manager", "redis-queue", NUMBER (VgwConfig, manager.redis.max_events), "1000", .min = 8, .max = 100000,
    .flags = VGW_CONFIG_RELOADABLE,
    .brief = "Maximum number of events that wait for Redis",
    .detail = "Events beyond the limit are dropped and counted in vgw_manager_dropped_total." },

  { "session", "resume-grace-ms", MILLISECONDS (VgwConfig, session.resume_grace_ms), "30000", .max = HOUR_MS,
    .flags = VGW_CONFIG_RELOADABLE,
    .brief = "How long a session waits for a client that has lost its WebSocket or its media connection",
    .detail = "A client that returns within that time with its resume token continues the call. 0: a lost WebSocket "
              "ends the session at once." },

  { "limits", "max-sessions", NUMBER (VgwConfig, limits.max_sessions), "500", .flags = VGW_CONFIG_RELOADABLE,
    .max = 1000000,
    .brief = "Maximum number of sessions at the same time",
    .detail = "Further sessions are refused with busy. 0: no limit." },
  { "limits", "max-sessions-per-address", NUMBER (VgwConfig, limits.max_sessions_per_address), "50",
    .flags = VGW_CONFIG_RELOADABLE, .max = 1000000,
    .brief = "Maximum number of sessions at the same time from one address",
    .detail = "For IPv6 the limit is per /64. Loopback addresses are exempt, since a proxy on this machine forwards "
              "all callers. 0: no limit." },
  { "limits", "max-new-sessions-per-minute", NUMBER (VgwConfig, limits.max_new_sessions_per_minute), "60",
    .flags = VGW_CONFIG_RELOADABLE, .max = 100000,
    .brief = "Maximum number of new sessions per minute from one address",
    .detail = "A burst of this number is accepted; after that, sessions are accepted at this rate. For IPv6 the "
              "limit is per /64. Loopback addresses are exempt. 0: no limit." },
  { "limits", "offer-timeout-ms", MILLISECONDS (VgwConfig, limits.offer_timeout_ms), "10000",
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time limit from connecting to the offer",
    .detail = "0: no limit." },
  { "limits", "connect-timeout-ms", MILLISECONDS (VgwConfig, limits.connect_timeout_ms), "20000",
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time limit from the answer until ICE and DTLS are connected",
    .detail = "0: no limit." },
  { "limits", "media-timeout-ms", MILLISECONDS (VgwConfig, limits.media_timeout_ms), "30000",
    .flags = VGW_CONFIG_RELOADABLE, .max = HOUR_MS,
    .brief = "Time without media and connectivity checks after which a call ends",
    .detail = "0: no limit." },
  { "limits", "max-duration-s", SECONDS (VgwConfig, limits.max_duration_s), "14400", .flags = VGW_CONFIG_RELOADABLE,
    .max = YEAR_S,
    .brief = "Maximum length of a call in seconds",
    .detail = "0: no limit." },
  { "limits", "max-candidates", NUMBER (VgwConfig, limits.max_candidates), "64", .flags = VGW_CONFIG_RELOADABLE,
    .min = 1, .max = 1000,
    .brief = "Maximum number of ICE candidates from a caller" },
  { "limits", "max-data-channels", NUMBER (VgwConfig, limits.max_data_channels), "4", .max = 64,
    .brief = "Maximum number of open data channels of a caller" },
  { "limits", "max-message-bytes", NUMBER (VgwConfig, limits.max_message_bytes), "65536", .min = 4096,
    .max = VGW_MESSAGE_MAX_BYTES,
    .brief = "Maximum size of a signaling message, and of a message on a data channel" },
  { "limits", "max-events-per-second", NUMBER (VgwConfig, limits.max_events_per_second), "20", .max = 1000,
    .brief = "Maximum number of events per second, from a caller and from its engine",
    .detail = "A burst may have twice as many; further events are dropped. 0: no limit." },
  { "limits", "max-mlines", NUMBER (VgwConfig, media.max_mlines), "8", .min = 1, .max = 64,
    .brief = "Maximum number of m-lines (media sections) in an offer" },

  { "shutdown", "drain-timeout-s", SECONDS (VgwConfig, drain_timeout_s), "0", .flags = VGW_CONFIG_RELOADABLE,
    .max = 24 * 3600,
    .brief = "How long calls in progress may continue after SIGTERM",
    .detail = "Meanwhile new sessions are refused, and /readyz is 503. The gateway ends with "
              "the last call, after this time, or at a second signal. SIGINT (Ctrl+C) ends all calls at once. 0: "
              "SIGTERM ends all calls at once, too. With Type=notify, systemd waits for it; other service managers "
              "need a longer stop timeout." },

  { "log", "level", CHOICE (VgwConfig, log.level), "info", .flags = VGW_CONFIG_RELOADABLE, .choices = log_levels,
    .brief = "Lowest level to log",
    .detail = "debug includes the SDP of every call." },
  { "log", "format", CHOICE (VgwConfig, log.format), "text", .flags = VGW_CONFIG_RELOADABLE, .choices = log_formats,
    .brief = "Format of the log: text for people, json for collectors (one object per line)" },
  { NULL },
};
/* clang-format on */

const char *
vgw_config_get_engine_name (const char *group)
{
  return g_str_has_prefix (group, "engine ") ? group + strlen ("engine ") : NULL;
}

gboolean
vgw_config_is_in_group (const VgwConfigKey *key, const char *group)
{
  return vgw_config_get_engine_name (group) != NULL ? key->is_of_engine : g_strcmp0 (key->group, group) == 0;
}

gboolean
vgw_config_has_group (const char *group)
{
  const VgwConfigGroup *at = vgw_config_groups;

  while (at->name != NULL && strcmp (at->name, group) != 0)
    at++;
  return at->name != NULL;
}

const VgwConfigKey *
vgw_config_find_key (const char *group, const char *name, gboolean *is_file)
{
  gsize length = strlen (name);

  for (const VgwConfigKey *key = vgw_config_keys; key->name != NULL; key++)
    {
      gsize key_length = strlen (key->name);

      *is_file = (key->flags & VGW_CONFIG_SECRET) && length > key_length
                 && strcmp (name + key_length, VGW_CONFIG_FILE_SUFFIX) == 0
                 && strncmp (name, key->name, key_length) == 0;
      if (vgw_config_is_in_group (key, group)
          && (*is_file || strcmp (name, key->name) == 0 || g_strcmp0 (name, key->alias) == 0))
        return key;
    }
  return NULL;
}

VgwConfigOrigin *
vgw_config_origins_new (void)
{
  return g_new0 (VgwConfigOrigin, G_N_ELEMENTS (vgw_config_keys));
}

void
vgw_config_origins_free (VgwConfigOrigin *origins)
{
  for (gsize i = 0; origins != NULL && i < G_N_ELEMENTS (vgw_config_keys); i++)
    g_free (origins[i].where);
  g_free (origins);
}

VgwConfigOrigin *
vgw_config_origins_find (VgwConfigOrigin *origins, const char *group, const char *name)
{
  gboolean is_file;

  return &origins[vgw_config_find_key (group, name, &is_file) - vgw_config_keys];
}

gpointer
vgw_config_get_values (const VgwConfig *config, const VgwConfigKey *key)
{
  return (gpointer) (key->is_of_engine ? (gconstpointer) &config->engine.defaults : config);
}
