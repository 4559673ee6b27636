#include "doors/vgw-pipecat-starts.h"

#include "base/vgw-address-group.h"

typedef struct
{
  char *name;
  char *group; /* of the client's address */
  char *parameters;
  gint64 made_us;
} Start;

struct _VgwPipecatStarts
{
  const VgwNodeIds *node_ids;
  GHashTable *by_name; /* name, owned by the value → Start */
  GQueue in_order;     /* Start*, of by_name */
};

static void
start_free (gpointer data)
{
  Start *start = data;

  g_free (start->name);
  g_free (start->group);
  g_free (start->parameters);
  g_free (start);
}

VgwPipecatStarts *
vgw_pipecat_starts_new (const VgwNodeIds *node_ids)
{
  VgwPipecatStarts *self = g_new0 (VgwPipecatStarts, 1);

  self->node_ids = node_ids;
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

static void
remove_start (VgwPipecatStarts *self, GList *link)
{
  const Start *start = link->data;

  g_queue_delete_link (&self->in_order, link);
  g_hash_table_remove (self->by_name, start->name);
}

/* The oldest one of @group, where there are so many that it has to go; else NULL. (transfer none) */
static GList *
find_surplus (VgwPipecatStarts *self, const char *group)
{
  GList *oldest = NULL;
  guint n = 0;

  for (GList *link = self->in_order.tail; link != NULL; link = link->prev)
    if (g_str_equal (((const Start *) link->data)->group, group))
      {
        oldest = link;
        n++;
      }
  return n >= VGW_PIPECAT_MAX_STARTS_PER_ADDRESS ? oldest : NULL;
}

/* For one more of @group: without those that are over, and without the oldest where there are too many.
 * @is_bounded: too many of the group, too. */
static void
make_room (VgwPipecatStarts *self, const char *group, gboolean is_bounded, gint64 now_us)
{
  GList *surplus;

  while (self->in_order.head != NULL && is_over (self->in_order.head->data, now_us))
    remove_start (self, self->in_order.head);
  surplus = is_bounded ? find_surplus (self, group) : NULL;
  if (surplus == NULL && self->in_order.length >= VGW_PIPECAT_MAX_STARTS)
    surplus = self->in_order.head;
  if (surplus != NULL)
    remove_start (self, surplus);
}

const char *
vgw_pipecat_starts_add (VgwPipecatStarts *self, const char *address, char *parameters, gint64 now_us)
{
  Start *start = g_new0 (Start, 1);

  start->group = vgw_address_group (address);
  /* a proxy on this machine brings all callers */
  make_room (self, start->group, !vgw_address_is_loopback (address), now_us);
  start->name = vgw_node_ids_make (self->node_ids);
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
