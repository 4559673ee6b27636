#include "doors/vgw-pipecat-starts.h"

#include "base/vgw-random.h"

#define NAME_BYTES 16

typedef struct
{
  char *name;
  char *parameters;
  gint64 made_us;
} Start;

struct _VgwPipecatStarts
{
  GHashTable *by_name; /* name, owned by the value → Start */
  GQueue in_order;     /* Start*, of by_name */
};

static void
start_free (gpointer data)
{
  Start *start = data;

  g_free (start->name);
  g_free (start->parameters);
  g_free (start);
}

VgwPipecatStarts *
vgw_pipecat_starts_new (void)
{
  VgwPipecatStarts *self = g_new0 (VgwPipecatStarts, 1);

  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, start_free);
  return self;
}

void
vgw_pipecat_starts_free (VgwPipecatStarts *self)
{
  g_queue_clear (&self->in_order);
  g_hash_table_unref (self->by_name);
  g_free (self);
}

static gboolean
is_over (const Start *start, gint64 now_us)
{
  return now_us - start->made_us >= VGW_PIPECAT_START_LIFETIME_US;
}

/* Of those that are over, and the oldest where there are too many. */
static void
make_room (VgwPipecatStarts *self, gint64 now_us)
{
  Start *oldest;

  while ((oldest = g_queue_peek_head (&self->in_order)) != NULL
         && (is_over (oldest, now_us) || g_queue_get_length (&self->in_order) >= VGW_PIPECAT_MAX_STARTS))
    {
      g_queue_pop_head (&self->in_order);
      g_hash_table_remove (self->by_name, oldest->name);
    }
}

const char *
vgw_pipecat_starts_add (VgwPipecatStarts *self, char *parameters, gint64 now_us)
{
  Start *start = g_new0 (Start, 1);

  make_room (self, now_us);
  start->name = vgw_random_base64url (NAME_BYTES);
  start->parameters = parameters;
  start->made_us = now_us;
  g_queue_push_tail (&self->in_order, start);
  g_hash_table_insert (self->by_name, start->name, start);
  return start->name;
}

const char *
vgw_pipecat_starts_find (VgwPipecatStarts *self, const char *name, gint64 now_us)
{
  const Start *start = g_hash_table_lookup (self->by_name, name);

  return start != NULL && !is_over (start, now_us) ? start->parameters : NULL;
}
