#include "ice/vgw-ice-path-set.h"

#define PROBE_AGAIN_US (G_USEC_PER_SEC / 2)

VgwIceKnownPath *
vgw_ice_path_set_find (VgwIcePathSet *self, const VgwIcePath *path)
{
  for (guint i = 0; i < self->n_known; i++)
    if (vgw_ice_path_equal (&self->known[i]->path, path))
      return self->known[i];
  return NULL;
}

VgwIceKnownPath *
vgw_ice_path_set_find_excess (VgwIcePathSet *self, gint64 now_us)
{
  VgwIceKnownPath *worst = NULL;
  gboolean is_worst_fresh = FALSE;

  if (self->n_known < VGW_ICE_MAX_PATHS)
    return NULL;
  for (guint i = 0; i < self->n_known; i++)
    {
      VgwIceKnownPath *known = self->known[i];
      gboolean is_fresh = vgw_ice_consent_is_fresh (&known->consent, now_us);

      if (known == self->current || known == self->handshake)
        continue;
      if (worst == NULL || (!is_fresh && is_worst_fresh)
          || (is_fresh == is_worst_fresh && known->last_used_us < worst->last_used_us))
        {
          worst = known;
          is_worst_fresh = is_fresh;
        }
    }
  return worst;
}

VgwIceKnownPath *
vgw_ice_path_set_add (VgwIcePathSet *self, const VgwIcePath *path, gint64 now_us)
{
  VgwIceKnownPath *known;

  g_return_val_if_fail (self->n_known < VGW_ICE_MAX_PATHS, NULL);

  known = g_new0 (VgwIceKnownPath, 1);
  known->path = *path;
  known->last_used_us = now_us;
  self->known[self->n_known++] = known;
  return known;
}

void
vgw_ice_path_set_remove (VgwIcePathSet *self, VgwIceKnownPath *known)
{
  for (guint i = 0; i < self->n_known; i++)
    if (self->known[i] == known)
      {
        self->known[i] = self->known[--self->n_known];
        break;
      }
  if (self->current == known)
    self->current = NULL;
  if (self->handshake == known)
    self->handshake = NULL;
  g_free (known);
}

void
vgw_ice_path_set_checked (VgwIcePathSet *self, VgwIceKnownPath *known, gboolean is_nominated, gint64 now_us)
{
  /* after an interruption it is a new nomination: the peer may have used another path meanwhile */
  gboolean is_after_break = now_us - known->consent.last_check_us > VGW_ICE_CONSENT_US;
  VgwIceKnownPath *current;

  if (is_nominated && (!known->is_nominating || is_after_break))
    known->nominated_us = now_us;
  known->is_nominating = is_nominated;
  known->last_used_us = now_us;
  self->has_nominated |= is_nominated;
  vgw_ice_consent_checked (&known->consent, now_us);

  if (!self->has_proof && self->handshake == NULL && known->is_owned && (is_nominated || !self->has_nominated))
    self->current = known;
  current = self->current;
  /* Checks the old address. While a check of ours is pending, its repetitions are enough: further ones, at the rate of
   * the peer's checks, would replace its id before the answer arrives. */
  if (current != NULL && current != known && !current->consent.is_pending
      && now_us - current->consent.last_answer_us >= PROBE_AGAIN_US)
    current->consent.next_try_us = MIN (current->consent.next_try_us, now_us);
}

void
vgw_ice_path_set_proved (VgwIcePathSet *self, VgwIceKnownPath *known, VgwIceProof proof, gint64 now_us)
{
  vgw_ice_consent_proved (&known->consent, proof, now_us);
  self->has_proof = TRUE;
  self->handshake = NULL;
}

/* A proved path that is better than the present one, or NULL. */
static VgwIceKnownPath *
find_better (VgwIcePathSet *self, gint64 now_us)
{
  VgwIceKnownPath *current = self->current;
  gboolean is_dead = current == NULL || vgw_ice_consent_is_dead (&current->consent, now_us);
  VgwIceKnownPath *best = NULL;

  for (guint i = 0; i < self->n_known; i++)
    {
      VgwIceKnownPath *known = self->known[i];

      if (known == current || !known->is_owned || vgw_ice_consent_is_dead (&known->consent, now_us))
        continue;
      if (!is_dead && known->nominated_us <= current->nominated_us
          && !vgw_ice_consent_is_left (&current->consent, &known->consent, now_us))
        continue;
      if (best == NULL || known->nominated_us > best->nominated_us)
        best = known;
    }
  return best;
}

gboolean
vgw_ice_path_set_choose (VgwIcePathSet *self, gint64 now_us)
{
  VgwIceKnownPath *better = self->has_proof ? find_better (self, now_us) : NULL;
  gboolean has_moved = FALSE;

  if (better == NULL)
    return FALSE;
  if (self->current != NULL && self->current->consent.proof != VGW_ICE_PROOF_NONE)
    {
      has_moved = TRUE;
      /* otherwise an old nomination would select the old address again without a new one */
      if (better->nominated_us <= self->current->nominated_us)
        better->nominated_us = now_us;
    }
  self->current = better;
  return has_moved;
}

gboolean
vgw_ice_path_set_is_silent (const VgwIcePathSet *self, gint64 now_us)
{
  return self->has_proof && (self->current == NULL || !vgw_ice_consent_is_fresh (&self->current->consent, now_us));
}

gboolean
vgw_ice_path_set_may_deliver (const VgwIcePathSet *self, const VgwIceKnownPath *known)
{
  return known->consent.proof != VGW_ICE_PROOF_NONE || self->current == NULL
         || self->current->consent.proof != VGW_ICE_PROOF_ANSWER;
}
