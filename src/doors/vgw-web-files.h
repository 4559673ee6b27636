/* The page and the client library, held in memory: the built-in ones, or a directory's as they were at start, and the
 * built-in client library beside them. A path is looked up as it is and never joined to a directory, so there is
 * nothing to traverse. */
#pragma once

#include <glib.h>

typedef struct _VgwWebFiles VgwWebFiles;

typedef struct
{
  GBytes *content;
  const char *content_type; /* static */
  char *etag;               /* strong, with its quotes */
  gboolean is_built_in;
} VgwWebFile;

/* @directory (nullable), or empty for the built-in files: a directory in place of the page; blocks while it is read, so
 * only at start. Of the client library its own files are used where it has them. Hidden files are left out. Errors:
 * G_FILE_ERROR, or VGW_ERROR_CONFIG beyond a bound (files, bytes, depth), with the path in the message. Returns:
 * (transfer full) */
VgwWebFiles *vgw_web_files_new (const char *directory, GError **error);
void vgw_web_files_free (VgwWebFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwWebFiles, vgw_web_files_free)

/* @path: of a URI, decoded: "/page.js"; "/" is index.html. Returns: (transfer none) (nullable) */
const VgwWebFile *vgw_web_files_lookup (VgwWebFiles *self, const char *path);
