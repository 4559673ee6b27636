#include "session/vgw-resume-tokens.h"

/* A session's tokens. */
typedef struct
{
  char *session_id;
  char *used; /* (nullable) what the client has returned with, until it is known to have the next one */
  char *next; /* (nullable) what it has been sent last */
} Entry;

/* Both tables have the same entries; the first one owns them. */
struct _VgwResumeTokens
{
  const VgwNodeIds *node_ids;
  GHashTable *by_session; /* session_id → Entry */
  GHashTable *by_token;   /* used, next → Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->used);
  g_free (entry->next);
  g_free (entry->session_id);
  g_free (entry);
}

VgwResumeTokens *
vgw_resume_tokens_new (const VgwNodeIds *node_ids)
{
  VgwResumeTokens *self = g_new0 (VgwResumeTokens, 1);

  self->node_ids = node_ids;
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

static void
drop (VgwResumeTokens *self, char **token)
{
  if (*token != NULL)
    g_hash_table_remove (self->by_token, *token);
  g_clear_pointer (token, g_free);
}

static Entry *
ensure_entry (VgwResumeTokens *self, const char *session_id)
{
  Entry *entry = g_hash_table_lookup (self->by_session, session_id);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->session_id = g_strdup (session_id);
      g_hash_table_insert (self->by_session, entry->session_id, entry);
    }
  return entry;
}

const char *
vgw_resume_tokens_issue (VgwResumeTokens *self, const char *session_id)
{
  Entry *entry = ensure_entry (self, session_id);

  drop (self, &entry->next);
  entry->next = vgw_node_ids_make (self->node_ids);
  g_hash_table_insert (self->by_token, entry->next, entry);
  return entry->next;
}

const char *
vgw_resume_tokens_find (VgwResumeTokens *self, const char *token)
{
  const Entry *entry = g_hash_table_lookup (self->by_token, token);

  return entry != NULL ? entry->session_id : NULL;
}

void
vgw_resume_tokens_use (VgwResumeTokens *self, const char *token)
{
  Entry *entry = g_hash_table_lookup (self->by_token, token);

  g_return_if_fail (entry != NULL);
  if (g_strcmp0 (token, entry->next) == 0)
    {
      drop (self, &entry->used);
      entry->used = g_steal_pointer (&entry->next);
    }
  else
    drop (self, &entry->next);
}

void
vgw_resume_tokens_confirm (VgwResumeTokens *self, const char *session_id)
{
  Entry *entry = g_hash_table_lookup (self->by_session, session_id);

  if (entry != NULL)
    drop (self, &entry->used);
}

void
vgw_resume_tokens_revoke (VgwResumeTokens *self, const char *session_id)
{
  Entry *entry = g_hash_table_lookup (self->by_session, session_id);

  if (entry == NULL)
    return;
  drop (self, &entry->used);
  drop (self, &entry->next);
  g_hash_table_remove (self->by_session, session_id);
}
