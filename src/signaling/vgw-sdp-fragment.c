#include "signaling/vgw-sdp-fragment.h"

#include <string.h>

#include "base/vgw-error.h"
#include "base/vgw-ice-credential.h"

#define END_OF_CANDIDATES "end-of-candidates"

static void
candidate_free (VgwSdpCandidate *candidate)
{
  g_free (candidate->text);
  g_free (candidate->mid);
  g_free (candidate);
}

VgwSdpFragment *
vgw_sdp_fragment_new (void)
{
  VgwSdpFragment *self = g_new0 (VgwSdpFragment, 1);

  self->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) candidate_free);
  return self;
}

void
vgw_sdp_fragment_free (VgwSdpFragment *self)
{
  g_free (self->ufrag);
  g_free (self->pwd);
  g_free (self->mline);
  g_free (self->mid);
  g_ptr_array_unref (self->candidates);
  g_free (self);
}

void
vgw_sdp_fragment_add_candidate (VgwSdpFragment *self, const char *text, const char *mid)
{
  VgwSdpCandidate *candidate = g_new (VgwSdpCandidate, 1);

  candidate->text = g_strdup (text);
  candidate->mid = g_strdup (mid);
  g_ptr_array_add (self->candidates, candidate);
}

static gboolean
bad (GError **error, const char *message)
{
  g_set_error (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE, "the fragment %s", message);
  return FALSE;
}

static gboolean
read_credential (char **credential, const char *value, gsize min_length, GError **error)
{
  if (!vgw_ice_credential_is_valid (value, min_length))
    return bad (error, "has malformed ICE credentials");
  if (*credential != NULL && strcmp (*credential, value) != 0)
    return bad (error, "has ICE credentials of more than one transport");
  g_free (*credential);
  *credential = g_strdup (value);
  return TRUE;
}

/* Of the m-line whose candidates begin at @n_before. */
static void
read_mid (VgwSdpFragment *self, const char *mid, guint n_before)
{
  if (self->mid == NULL && self->mline != NULL)
    self->mid = g_strdup (mid);
  for (guint i = n_before; i < self->candidates->len; i++)
    {
      VgwSdpCandidate *candidate = g_ptr_array_index (self->candidates, i);

      g_free (candidate->mid);
      candidate->mid = g_strdup (mid);
    }
}

/* The part of @text after @prefix, or NULL. */
static const char *
after (const char *text, const char *prefix)
{
  return g_str_has_prefix (text, prefix) ? text + strlen (prefix) : NULL;
}

/* @mid (inout) and @n_before (inout): of the m-line that the attribute is in. */
static gboolean
read_attribute (VgwSdpFragment *self, const char *attribute, char **mid, guint n_before, GError **error)
{
  const char *value;

  if ((value = after (attribute, "ice-ufrag:")) != NULL)
    return read_credential (&self->ufrag, value, VGW_ICE_MIN_UFRAG_LENGTH, error);
  if ((value = after (attribute, "ice-pwd:")) != NULL)
    return read_credential (&self->pwd, value, VGW_ICE_MIN_PWD_LENGTH, error);
  if (after (attribute, "candidate:") != NULL)
    vgw_sdp_fragment_add_candidate (self, attribute, *mid);
  else if ((value = after (attribute, "mid:")) != NULL)
    {
      if (*mid != NULL)
        return bad (error, "has an m-line with two mids");
      *mid = g_strdup (value);
      read_mid (self, value, n_before);
    }
  else if (strcmp (attribute, END_OF_CANDIDATES) == 0)
    self->is_complete = TRUE;
  return TRUE;
}

static gboolean
is_line (const char *line)
{
  if (!g_ascii_isalpha (line[0]) || line[1] != '=')
    return FALSE;
  for (; *line != '\0'; line++)
    if (g_ascii_iscntrl (*line) && *line != '\t')
      return FALSE;
  return TRUE;
}

static gboolean
read_lines (VgwSdpFragment *self, char **lines, GError **error)
{
  g_autofree char *mid = NULL;
  guint n_before = 0;

  for (; *lines != NULL; lines++)
    {
      g_strchomp (*lines);
      if (**lines == '\0')
        continue;
      if (!is_line (*lines))
        return bad (error, "has a line that is not SDP");
      if (**lines == 'm')
        {
          g_clear_pointer (&mid, g_free);
          n_before = self->candidates->len;
          if (self->mline == NULL)
            self->mline = g_strdup (*lines);
        }
      else if (**lines == 'a' && !read_attribute (self, *lines + strlen ("a="), &mid, n_before, error))
        return FALSE;
    }
  return TRUE;
}

VgwSdpFragment *
vgw_sdp_fragment_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (VgwSdpFragment) self = vgw_sdp_fragment_new ();
  g_auto (GStrv) lines = NULL;
  g_autofree char *copy = NULL;

  if (!g_utf8_validate (text, length, NULL))
    {
      bad (error, "is not text");
      return NULL;
    }
  copy = g_strndup (text, length);
  lines = g_strsplit (copy, "\n", -1);
  if (!read_lines (self, lines, error))
    return NULL;
  if ((self->ufrag == NULL) != (self->pwd == NULL))
    bad (error, "has only one of ice-ufrag and ice-pwd");
  else if (self->ufrag == NULL && self->candidates->len == 0 && !self->is_complete)
    bad (error, "has neither candidates nor ICE credentials");
  else
    return g_steal_pointer (&self);
  return NULL;
}

char *
vgw_sdp_fragment_to_text (const VgwSdpFragment *self)
{
  GString *text = g_string_new ("a=ice-lite\r\n");

  if (self->mline != NULL)
    g_string_append_printf (text, "%s\r\n", self->mline);
  if (self->mid != NULL)
    g_string_append_printf (text, "a=mid:%s\r\n", self->mid);
  if (self->ufrag != NULL)
    g_string_append_printf (text, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", self->ufrag, self->pwd);
  for (guint i = 0; i < self->candidates->len; i++)
    {
      const VgwSdpCandidate *candidate = g_ptr_array_index (self->candidates, i);

      g_string_append_printf (text, "a=%s\r\n", candidate->text);
    }
  if (self->is_complete)
    g_string_append (text, "a=" END_OF_CANDIDATES "\r\n");
  return g_string_free (text, FALSE);
}
