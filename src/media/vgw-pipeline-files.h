/* Files that a description writes, with a sink that has the property "location": their names and their ends. */
#pragma once

#include <gst/gst.h>

/* What stands for the session's id in a "location". */
#define VGW_PIPELINE_SESSION "${session}"

/* Gives each such sink of @pipeline its file for @session_id: ID, or ID-2, ID-3, … where a peer of the same session has
 * written that. Before the pipeline is started. Main thread. */
void vgw_pipeline_files_name (GstElement *pipeline, const char *session_id);

/* Ends the branches of @pipeline that lead to such sinks, so that muxers can complete their headers, and waits until
 * the files are whole; 2 s at most. At once where there is none. Before the pipeline is stopped; on a reaper thread. */
void vgw_pipeline_files_finish (GstElement *pipeline);
