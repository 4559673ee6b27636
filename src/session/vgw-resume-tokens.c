#include "session/vgw-resume-tokens.h"

#include "base/vgw-random.h"

#define TOKEN_BYTES 16 /* 128 bits: a token cannot be guessed */

typedef struct
{
  char *token;
  char *session_id;
} Entry;

/* Both tables have the same entries; the first one owns them. */
struct _VgwResumeTokens
{
  GHashTable *by_session; /* session_id → Entry */
  GHashTable *by_token;   /* token → Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->token);
  g_free (entry->session_id);
  g_free (entry);
}

VgwResumeTokens *
vgw_resume_tokens_new (void)
{
  VgwResumeTokens *self = g_new0 (VgwResumeTokens, 1);

  self->by_session = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->by_token = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
vgw_resume_tokens_free (VgwResumeTokens *self)
{
  g_hash_table_unref (self->by_token);
  g_hash_table_unref (self->by_session);
  g_free (self);
}

const char *
vgw_resume_tokens_issue (VgwResumeTokens *self, const char *session_id)
{
  Entry *entry = g_new0 (Entry, 1);

  vgw_resume_tokens_revoke (self, session_id);
  entry->session_id = g_strdup (session_id);
  entry->token = vgw_random_base64url (TOKEN_BYTES);
  g_hash_table_insert (self->by_session, entry->session_id, entry);
  g_hash_table_insert (self->by_token, entry->token, entry);
  return entry->token;
}

const char *
vgw_resume_tokens_find (VgwResumeTokens *self, const char *token)
{
  const Entry *entry = g_hash_table_lookup (self->by_token, token);

  return entry != NULL ? entry->session_id : NULL;
}

void
vgw_resume_tokens_revoke (VgwResumeTokens *self, const char *session_id)
{
  const Entry *entry = g_hash_table_lookup (self->by_session, session_id);

  if (entry == NULL)
    return;
  g_hash_table_remove (self->by_token, entry->token);
  g_hash_table_remove (self->by_session, session_id);
}
