#include "ice/vgw-ice-consent.h"

#include <string.h>

#define RETRY_US (G_USEC_PER_SEC / 2)      /* RFC 8489 section 6.2.1: the first RTO */
#define SLOW_RETRY_US (2 * G_USEC_PER_SEC) /* once it is no matter of loss */
#define LEFT_US (8 * G_USEC_PER_SEC / 10)  /* after RETRY_US a second try, and 0.3 s for its answer */
#define FAST_TRIES 6u
#define TRIES_PER_TRANSACTION 8u
#define INTERVAL_MIN_MS 1600 /* 2 s ± 20 % (RFC 7675 section 5.1) */
#define INTERVAL_MAX_MS 2400
#define INTEREST_US (8 * G_USEC_PER_SEC) /* peers check the pairs that they may use each 2.5 to 6 s */

/* For a possibly spoofed check: with its answer three times its size, the limit of RFC 9000 section 8.1. */
#define CHECKS_PER_CHECK 2u

void
vgw_ice_consent_checked (VgwIceConsent *self, gint64 now_us)
{
  self->last_check_us = now_us;
  self->n_paid = CHECKS_PER_CHECK;
}

void
vgw_ice_consent_restart (VgwIceConsent *self)
{
  self->is_pending = FALSE;
  self->n_tries = 0;
  self->next_try_us = 0;
}

void
vgw_ice_consent_proved (VgwIceConsent *self, VgwIceProof proof, gint64 now_us)
{
  self->proof = MAX (self->proof, proof);
  self->last_answer_us = now_us;
  self->n_tries = 0;
  self->is_pending = FALSE;
  self->next_try_us = now_us + g_random_int_range (INTERVAL_MIN_MS, INTERVAL_MAX_MS) * G_TIME_SPAN_MILLISECOND;
}

static gint64
get_age_us (const VgwIceConsent *self, gint64 now_us)
{
  if (self->proof == VGW_ICE_PROOF_ANSWER)
    return now_us - self->last_answer_us;
  return now_us - MAX (self->last_answer_us, self->last_check_us);
}

gboolean
vgw_ice_consent_is_fresh (const VgwIceConsent *self, gint64 now_us)
{
  switch (self->proof)
    {
    case VGW_ICE_PROOF_NONE:
      return FALSE;
    case VGW_ICE_PROOF_DTLS:
      return get_age_us (self, now_us) < VGW_ICE_CONSENT_DTLS_US;
    case VGW_ICE_PROOF_ANSWER:
      return get_age_us (self, now_us) < VGW_ICE_CONSENT_US;
    }
  g_return_val_if_reached (FALSE);
}

gboolean
vgw_ice_consent_is_held (const VgwIceConsent *self, gint64 now_us)
{
  return vgw_ice_consent_is_fresh (self, now_us) || now_us - self->last_check_us < VGW_ICE_CONSENT_US;
}

gboolean
vgw_ice_consent_is_dead (const VgwIceConsent *self, gint64 now_us)
{
  if (self->proof == VGW_ICE_PROOF_ANSWER)
    return get_age_us (self, now_us) >= VGW_ICE_DEAD_US;
  return !vgw_ice_consent_is_fresh (self, now_us);
}

gboolean
vgw_ice_consent_is_left (const VgwIceConsent *self, const VgwIceConsent *other, gint64 now_us)
{
  return self->n_tries >= 2 && now_us - self->first_try_us >= LEFT_US && other->last_answer_us >= self->first_try_us;
}

gboolean
vgw_ice_consent_is_due (const VgwIceConsent *self, gboolean is_current, gint64 now_us)
{
  if (now_us < self->next_try_us)
    return FALSE;
  if (is_current && self->proof != VGW_ICE_PROOF_NONE)
    return TRUE;
  if (vgw_ice_consent_is_fresh (self, now_us))
    return now_us - self->last_check_us < INTEREST_US;
  return self->n_paid > 0;
}

gboolean
vgw_ice_consent_tried (VgwIceConsent *self, gint64 now_us)
{
  gboolean is_new = !self->is_pending || self->n_tries % TRIES_PER_TRANSACTION == 0;

  self->is_pending = TRUE;
  if (self->n_tries == 0)
    self->first_try_us = now_us;
  self->n_tries++;
  self->n_paid -= self->n_paid > 0;
  self->next_try_us = now_us + (self->n_tries < FAST_TRIES ? RETRY_US : SLOW_RETRY_US);
  return is_new;
}

guint
vgw_ice_transaction_hash (gconstpointer id)
{
  guint32 word;

  memcpy (&word, id, sizeof word); /* random bytes need no mixing */
  return word;
}

gboolean
vgw_ice_transaction_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, VGW_ICE_TRANSACTION_BYTES) == 0;
}
