/* Why a call has no audio, or bad audio, in words: what a person would conclude from its figures. Pure. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/vgw-call-connection.h"
#include "base/vgw-call-stats.h"
#include "session/vgw-session-state.h"

#define VGW_ADMIN_MAX_FINDINGS 8 /* of one call; the first ones are kept */

typedef enum
{
  VGW_FINDING_PROBLEM, /* somebody hears nothing */
  VGW_FINDING_WARNING, /* … or hears badly */
  VGW_FINDING_NOTE,    /* explains the present state */
  VGW_FINDING_GOOD,
} VgwFindingLevel;

/* One kind of finding; all texts are static. */
typedef struct
{
  const char *code; /* "no-check" */
  VgwFindingLevel level;
  const char *title;  /* a short sentence */
  const char *cause;  /* what it means */
  const char *advice; /* (nullable) what to do */
} VgwFindingInfo;

typedef struct
{
  const VgwFindingInfo *info;
  char figures[48]; /* "12.5 % lost"; may be empty */
} VgwFinding;

/* What is known of a call at a moment. Times in ms. */
typedef struct
{
  VgwSessionPhase phase;
  gint64 phase_ms;    /* since it entered that phase */
  const char *reason; /* (nullable) static: why it has ended */
  VgwCallConnection connection;
  VgwCallStats stats;
  gint64 caller_quiet_ms; /* since the caller's audio was last louder than silence, or since the connection */
  gint64 bot_quiet_ms;    /* the same of the bot's */
  gboolean has_caller_spoken, has_bot_spoken; /* louder than silence at any time */
  gint64 quiet_played_ms;                     /* of the engine's audio, sent in the last bot_quiet_ms */
  double received_loss; /* share of the caller's packets that were lost in the last seconds; -1: unknown */
  double sent_loss;     /* share of the sent packets, as the caller reports; -1: unknown */
} VgwDiagnosisFacts;

/* The finding of number @i, for the documents and their test; NULL at the end. (transfer none) */
const VgwFindingInfo *vgw_admin_finding_get_info (guint i);
const char *vgw_admin_finding_level_to_string (VgwFindingLevel level); /* "problem", … */

/* Fills @findings, the most severe first, and of the same level in the order of the audio's path. Returns: their
 * number, 1 at least. */
guint vgw_admin_diagnose (const VgwDiagnosisFacts *facts, VgwFinding findings[VGW_ADMIN_MAX_FINDINGS]);

/* The same as an array of objects: code, level, title, figures (nullable), cause, advice (nullable). (transfer full) */
JsonArray *vgw_admin_diagnosis_to_json (const VgwDiagnosisFacts *facts);
