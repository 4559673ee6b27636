#include "net/vgw-http-content-type.h"

static const struct
{
  const char *suffix;
  const char *content_type;
} content_types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".mjs", "text/javascript; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".json", "application/json" },
  { ".map", "application/json" },
  { ".svg", "image/svg+xml" },
  { ".png", "image/png" },
  { ".jpg", "image/jpeg" },
  { ".ico", "image/x-icon" },
  { ".webp", "image/webp" },
  { ".woff2", "font/woff2" },
  { ".wav", "audio/wav" },
  { ".mp3", "audio/mpeg" },
  { ".ogg", "audio/ogg" },
  { ".wasm", "application/wasm" },
  { ".webmanifest", "application/manifest+json" },
  { ".ts", "text/plain; charset=utf-8" }, /* .d.ts; the registered type of .ts is an MPEG stream */
  { ".txt", "text/plain; charset=utf-8" },
};

const char *
vgw_http_content_type_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (content_types); i++)
    if (g_str_has_suffix (name, content_types[i].suffix))
      return content_types[i].content_type;
  return "application/octet-stream";
}
