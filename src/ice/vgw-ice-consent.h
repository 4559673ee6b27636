/* The consent of one address to receive, and the time of the next check. A value, without locks, sockets and clock.
 *
 * A peer's connectivity check authenticates its sender, but not the source address, which can be forged; and a captured
 * check can be sent again from anywhere. So media is sent to an address only with a recent proof: the answer to a check
 * of the gateway, whose random transaction is known only to a receiver at that address (RFC 8445 section 7.2.5, RFC
 * 7675). A lite agent need not send checks, but may: every full agent answers them.
 *
 * For a peer that answers none the completed DTLS handshake is the proof, since it also requires that our packets were
 * received; the peer's checks renew it, for the 30 s of RFC 7675 section 5.1. */
#pragma once

#include <glib.h>

#define VGW_ICE_TRANSACTION_BYTES 12 /* RFC 8489 section 5 */

/* The time without an answer after which only checks are sent. RFC 7675 allows 30 s; that is a lot of traffic to a
 * spoofed or abandoned address, and five unanswered checks are more than packet loss. */
#define VGW_ICE_CONSENT_US (5 * G_USEC_PER_SEC)
#define VGW_ICE_CONSENT_DTLS_US (30 * G_USEC_PER_SEC) /* RFC 7675 section 5.1 */

/* The time without an answer after which another proved address of the same peer is preferred. */
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
  guint n_paid;          /* own checks that may be sent without a proof, by the peer's last check */
  guint n_tries;         /* own checks since the last answer */
  gint64 first_try_us;   /* the first of them */
  gboolean is_pending;   /* @id is a transaction that waits for its answer */
  guint8 id[VGW_ICE_TRANSACTION_BYTES];
} VgwIceConsent;

/* A valid check was received from the peer. */
void vgw_ice_consent_checked (VgwIceConsent *self, gint64 now_us);

/* The peer has restarted ICE there: what is pending is not awaited, and the next check of our own is due. The proof
 * stays: it is of the address. */
void vgw_ice_consent_restart (VgwIceConsent *self);

/* The answer to the pending transaction was received, or the DTLS handshake was completed. */
void vgw_ice_consent_proved (VgwIceConsent *self, VgwIceProof proof, gint64 now_us);

/* Whether media may be sent: there is a recent proof. */
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

/* A check is being sent. TRUE where it needs a new transaction, which the caller stores in @id; repetitions keep it,
 * since an answer may arrive after the next repetition. */
gboolean vgw_ice_consent_tried (VgwIceConsent *self, gint64 now_us);

/* For GHashTable, over the ids of transactions. */
guint vgw_ice_transaction_hash (gconstpointer id);
gboolean vgw_ice_transaction_equal (gconstpointer a, gconstpointer b);
