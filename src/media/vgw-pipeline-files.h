/* The files written by a description, that is, by sinks with the property "location". */
#pragma once

#include <gst/gst.h>

/* The placeholder of the session's id in a "location". */
#define VGW_PIPELINE_SESSION "${session}"

/* Sets the file of each such sink of @pipeline for @session_id: ID, or ID-2, ID-3, … where a previous peer of the
 * session has written it. Before the pipeline is started. Main thread. */
void vgw_pipeline_files_name (GstElement *pipeline, const char *session_id);

/* Sends EOS to the branches of @pipeline with such sinks, so that muxers complete their headers, and waits until the
 * files are complete, for 2 s at most. Before the pipeline is stopped; on a reaper thread. */
void vgw_pipeline_files_finish (GstElement *pipeline);
