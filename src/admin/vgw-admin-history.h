/* The last minutes of all calls and of the gateway, for the dashboard: samples taken on the main thread, always, so
 * that what happened before somebody looked is there. Bounded: some 12 KB for each call, VGW_ADMIN_MAX_ENDED calls
 * after their end. The work is spread over the second: the figures of a fifth of the calls are read in one iteration of
 * the main loop. Main thread only. */
#pragma once

#include "admin/vgw-admin-diagnosis.h"
#include "base/vgw-turn.h"
#include "session/vgw-session-table.h"

#define VGW_ADMIN_SAMPLE_MS 1000
#define VGW_ADMIN_MAX_SAMPLES 300 /* 5 minutes */
#define VGW_ADMIN_LEVELS 5        /* in each sample */
#define VGW_ADMIN_MAX_ENDED 50    /* calls that are kept after their end */
#define VGW_ADMIN_MAX_TURNS 50    /* the last ones of a call */
#define VGW_ADMIN_UNKNOWN G_MAXUINT16
#define VGW_ADMIN_QUIET 96 /* dB below full scale: silence, or less */

typedef struct _VgwAdminHistory VgwAdminHistory;

/* A second of a call. VGW_ADMIN_UNKNOWN where a figure is not known. */
typedef struct
{
  guint8 caller_level[VGW_ADMIN_LEVELS]; /* dB below full scale, at most VGW_ADMIN_QUIET */
  guint8 bot_level[VGW_ADMIN_LEVELS];
  guint16 received_loss, sent_loss; /* per mille, in this second; sent: since the caller's last report */
  guint16 received_jitter_ms, sent_jitter_ms;
  guint16 round_trip_ms;
} VgwAdminCallSample;

/* A second of the gateway. */
typedef struct
{
  guint16 calls;                   /* that there are */
  guint16 started, ended, refused; /* in this second */
  guint16 setup_ms;                /* mean of those that were connected in this second */
  guint16 lag_ms;                  /* the longest delay of the main loop */
  guint16 cpu_percent;             /* of one processor */
} VgwAdminSample;

/* A call that is there, or has ended. The strings live as long as the record. */
typedef struct
{
  char *id;
  char *client_address; /* (nullable) */
  char *identity;       /* (nullable) */
  const char *engine;   /* outlives the gateway's calls: of the configuration */
  char *codec;          /* (nullable) */
  gint64 started_at_us; /* g_get_real_time () */
  gint64 duration_ms;
  gint64 ended_at_us; /* g_get_real_time (); 0: not yet */
  VgwDiagnosisFacts facts;
  guint64 first_second; /* of the gateway's samples, when it was first seen */
  guint64 n_samples;    /* in all; the last VGW_ADMIN_MAX_SAMPLES are kept */
} VgwAdminCall;

/* @table outlives it. (transfer full) */
VgwAdminHistory *vgw_admin_history_new (VgwSessionTable *table);
void vgw_admin_history_free (VgwAdminHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VgwAdminHistory, vgw_admin_history_free)

/* How many seconds were sampled so far. */
guint64 vgw_admin_history_count (VgwAdminHistory *self);

/* Second @number, one of the last VGW_ADMIN_MAX_SAMPLES, else NULL. (transfer none) */
const VgwAdminSample *vgw_admin_history_get (VgwAdminHistory *self, guint64 number);

/* NULL where there is no such call, also among those that have ended. (transfer none) */
const VgwAdminCall *vgw_admin_history_find (VgwAdminHistory *self, const char *id);

/* The present ones, in no order, and those that have ended, the last one first. (element-type VgwAdminCall) (transfer
 * container) */
GPtrArray *vgw_admin_history_list (VgwAdminHistory *self);
GPtrArray *vgw_admin_history_list_ended (VgwAdminHistory *self);

/* Sample @number of a call, one of the last VGW_ADMIN_MAX_SAMPLES before n_samples, else NULL. (transfer none) */
const VgwAdminCallSample *vgw_admin_call_get (const VgwAdminCall *call, guint64 number);

/* The turns of a call that are kept: @i counts from the oldest of them. NULL at their end. (transfer none) */
const VgwTurn *vgw_admin_call_get_turn (const VgwAdminCall *call, guint i);
