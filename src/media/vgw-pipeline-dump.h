/* GST_DEBUG_DUMP_DOT_DIR, for a developer: the graph of each call's pipeline as a file for Graphviz. */
#pragma once

#include <gst/gst.h>

typedef struct _VgwPipelineDump VgwPipelineDump;

/* For @directory, the value of the variable. Returns: (transfer full) (nullable: NULL or "", no directory) */
VgwPipelineDump *vgw_pipeline_dump_new (const char *directory);

/* A file that is being written is finished. @self (nullable) */
void vgw_pipeline_dump_free (VgwPipelineDump *self);

/* Writes @pipeline to TIME-SESSION.dot, on a thread of GLib's pool, since drawing takes locks of the pipeline, and the
 * disk may be slow: elements, pads, links, states and media types, without properties and caps, which have keys. One at
 * a time, and 1,000 in all: beyond that none is written. @self (nullable). Any thread. */
void vgw_pipeline_dump_write (VgwPipelineDump *self, GstElement *pipeline, const char *session_id);
