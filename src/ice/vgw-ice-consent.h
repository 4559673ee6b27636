/* Whether an address still receives what is sent to it, and when to ask. A value, without locks, sockets and clock.
 *
 * A peer's connectivity check proves who sent it, but not from where: its source address can be forged, and the same
 * bytes can be sent again from anywhere. So media goes to an address only while it has a fresh proof. That is the
 * answer to a check of our own, whose random transaction only a receiver at that address can know (RFC 8445
 * section 7.2.5, RFC 7675). A lite agent need not send checks, and may: every full agent answers them.
 *
 * For a peer that answers none the completed DTLS handshake is the proof, as it too needs our packets to have been
 * received; it is kept alive by the peer's own checks, for the 30 s of RFC 7675 section 5.1. */
#pragma once

#include <glib.h>

#define VGW_ICE_TRANSACTION_BYTES 12 /* RFC 8489 section 5 */

/* Without an answer for so long nothing is sent but checks. RFC 7675 allows 30 s; most of what a spoofed or an
 * abandoned address receives in that time is needless, and five unanswered checks are more than loss. */
#define VGW_ICE_CONSENT_US (5 * G_USEC_PER_SEC)
#define VGW_ICE_CONSENT_DTLS_US (30 * G_USEC_PER_SEC) /* RFC 7675 section 5.1 */

/* Without an answer for so long another proved address of the same peer is preferred. */
#define VGW_ICE_DEAD_US (3 * G_USEC_PER_SEC)

typedef enum
{
  VGW_ICE_PROOF_NONE,
  VGW_ICE_PROOF_DTLS,
  VGW_ICE_PROOF_ANSWER,
} VgwIceProof;

typedef struct
{
  VgwIceProof proof;
  gint64 last_check_us;  /* the peer's last valid check from there */
  gint64 last_answer_us; /* to a check of ours, or the handshake */
  gint64 next_try_us;    /* not before that */
  guint n_paid;          /* own checks that the peer's last check still allows, where nothing is proved */
  guint n_tries;         /* own checks since the last answer */
  gint64 first_try_us;   /* the first of them */
  gboolean is_pending;   /* @id is a transaction that waits for its answer */
  guint8 id[VGW_ICE_TRANSACTION_BYTES];
} VgwIceConsent;

/* A valid check came from the peer. */
void vgw_ice_consent_checked (VgwIceConsent *self, gint64 now_us);

/* The peer has restarted ICE there: what is pending is not awaited, and the next check of our own is due. The proof
 * stays: it is of the address. */
void vgw_ice_consent_restart (VgwIceConsent *self);

/* The right answer to the pending transaction came, or the handshake was completed there. */
void vgw_ice_consent_proved (VgwIceConsent *self, VgwIceProof proof, gint64 now_us);

/* Whether it was proved, lately enough for media to be sent there. */
gboolean vgw_ice_consent_is_fresh (const VgwIceConsent *self, gint64 now_us);

/* Whether the route that has the address keeps it against a check of another session. */
gboolean vgw_ice_consent_is_held (const VgwIceConsent *self, gint64 now_us);

/* Whether another proved address is to be preferred: there is no proof, or it is not of the last seconds. */
gboolean vgw_ice_consent_is_dead (const VgwIceConsent *self, gint64 now_us);

/* Whether the peer has left for @other: that has answered, and two checks here have not been answered since, for longer
 * than an answer takes. */
gboolean vgw_ice_consent_is_left (const VgwIceConsent *self, const VgwIceConsent *other, gint64 now_us);

/* Whether a check of our own is due. @is_current: media goes there, or did. */
gboolean vgw_ice_consent_is_due (const VgwIceConsent *self, gboolean is_current, gint64 now_us);

/* A check of our own is being sent. TRUE where it is to have a new transaction, which the caller puts into @id: one
 * is kept for the repetitions, as an answer may take longer than the time until the next of them. */
gboolean vgw_ice_consent_tried (VgwIceConsent *self, gint64 now_us);

/* For GHashTable, over the ids of transactions. */
guint vgw_ice_transaction_hash (gconstpointer id);
gboolean vgw_ice_transaction_equal (gconstpointer a, gconstpointer b);
