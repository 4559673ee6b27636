/* What a browser reads before it calls: the page, the client library, the list of engines; and /healthz. Main
 * thread. */
#pragma once

#include "net/vgw-http-server.h"

typedef struct _VgwPages VgwPages;

/* Of the group [http] of the configuration, but for engines. */
typedef struct
{
  gboolean serves_page;
  const char *web_root; /* (nullable) or empty; a directory in place of the built-in page */
  const char *engines;  /* (nullable) JSON that GET /engines answers with; copied */
} VgwPagesSettings;

/* Adds its routes to @server, whose shutdown it outlives. Errors: those of vgw_web_files_new (). Returns: (transfer
 * full) */
VgwPages *vgw_pages_new (VgwHttpServer *server, const VgwPagesSettings *settings, GError **error);
void vgw_pages_free (VgwPages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwPages, vgw_pages_free)
