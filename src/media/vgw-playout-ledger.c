#include "media/vgw-playout-ledger.h"

#include <string.h>

/* Events beyond that are dropped, but not those of places. Marks have a lower limit. */
#define MAX_EVENTS (2u * VGW_PLAYOUT_MAX_MARKS)

typedef struct
{
  guint64 position;
  char *name;       /* NULL: a place */
  guint64 place;    /* its number */
  gboolean is_lost; /* some of its audio was dropped */
} Mark;

static void
mark_free (gpointer data)
{
  Mark *mark = data;

  g_free (mark->name);
  g_free (mark);
}

static guint
count_names (const VgwPlayoutEvent *event)
{
  return (event->name != NULL) + (event->marks != NULL ? g_strv_length ((char **) event->marks) : 0);
}

/* Queues a copy of @event, with the time. */
static void
add_event (VgwPlayoutLedger *self, const VgwPlayoutEvent *event)
{
  VgwPlayoutEvent *copy;

  if (event->type == VGW_PLAYOUT_PLACE)
    self->n_place_events++;
  else if (self->events.length - self->n_place_events >= MAX_EVENTS)
    {
      self->n_names -= count_names (event);
      self->n_lost++;
      return;
    }
  copy = vgw_playout_event_copy (event);
  copy->at_us = g_get_monotonic_time ();
  g_queue_push_tail (&self->events, copy);
}

void
vgw_playout_ledger_init (VgwPlayoutLedger *self)
{
  *self = (VgwPlayoutLedger){ .marks = G_QUEUE_INIT, .events = G_QUEUE_INIT };
}

void
vgw_playout_ledger_clear (VgwPlayoutLedger *self)
{
  g_queue_clear_full (&self->marks, mark_free);
  g_queue_clear_full (&self->events, (GDestroyNotify) vgw_playout_event_free);
  self->n_names = 0;
  self->n_places = 0;
  self->n_place_events = 0;
  self->has_gap = FALSE;
}

static Mark *
add_mark (VgwPlayoutLedger *self, guint64 position)
{
  Mark *mark = g_new0 (Mark, 1);

  mark->position = position;
  g_queue_push_tail (&self->marks, mark);
  return mark;
}

gboolean
vgw_playout_ledger_mark (VgwPlayoutLedger *self, const char *name, guint64 position)
{
  Mark *mark;

  if (self->n_names >= VGW_PLAYOUT_MAX_MARKS || strlen (name) > VGW_PLAYOUT_MAX_MARK_BYTES)
    return FALSE;
  mark = add_mark (self, position);
  mark->name = g_strdup (name);
  mark->is_lost = self->has_gap;
  self->has_gap = FALSE;
  self->n_names++;
  return TRUE;
}

guint64
vgw_playout_ledger_add_place (VgwPlayoutLedger *self, guint64 position)
{
  if (self->n_places >= VGW_PLAYOUT_MAX_PLACES)
    return 0;
  self->n_places++;
  return add_mark (self, position)->place = ++self->last_place;
}

void
vgw_playout_ledger_drop_marks (VgwPlayoutLedger *self)
{
  GList *next;

  for (GList *item = self->marks.head; item != NULL; item = next)
    {
      next = item->next;
      if (((Mark *) item->data)->name == NULL)
        continue;
      mark_free (item->data);
      g_queue_delete_link (&self->marks, item);
      self->n_names--;
    }
  self->has_gap = FALSE;
}

void
vgw_playout_ledger_lose_newest (VgwPlayoutLedger *self)
{
  self->has_gap = TRUE;
}

void
vgw_playout_ledger_lose (VgwPlayoutLedger *self, guint64 from, guint64 to)
{
  for (GList *item = self->marks.head; item != NULL; item = item->next)
    {
      Mark *mark = item->data;

      if (mark->name == NULL || mark->position <= from)
        continue;
      mark->is_lost = TRUE;
      if (mark->position >= to)
        return;
    }
  self->has_gap = TRUE;
}

void
vgw_playout_ledger_reach (VgwPlayoutLedger *self, guint64 position, const VgwPlayoutEvent *now)
{
  Mark *first;

  while ((first = g_queue_peek_head (&self->marks)) != NULL && first->position <= position)
    {
      VgwPlayoutEvent event = *now;

      if (first->name == NULL)
        event.type = VGW_PLAYOUT_PLACE;
      else
        event.type = first->is_lost ? VGW_PLAYOUT_LOST : VGW_PLAYOUT_MARK;
      event.name = first->name;
      event.place = first->place;
      add_event (self, &event);
      mark_free (g_queue_pop_head (&self->marks));
    }
}

void
vgw_playout_ledger_drop (VgwPlayoutLedger *self, const VgwPlayoutEvent *now)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  VgwPlayoutEvent event = *now;

  for (GList *item = self->marks.head; item != NULL; item = item->next)
    if (((Mark *) item->data)->name != NULL)
      g_ptr_array_add (names, ((Mark *) item->data)->name);
  g_ptr_array_add (names, NULL);
  event.type = VGW_PLAYOUT_CLEARED;
  self->has_gap = FALSE;
  event.marks = (const char *const *) names->pdata;
  add_event (self, &event);
  event = *now;
  event.type = VGW_PLAYOUT_PLACE;
  event.is_lost = TRUE;
  for (GList *item = self->marks.head; item != NULL; item = item->next)
    if ((event.place = ((Mark *) item->data)->place) != 0)
      add_event (self, &event);
  g_queue_clear_full (&self->marks, mark_free);
}

void
vgw_playout_ledger_note (VgwPlayoutLedger *self, VgwPlayoutEventType type, const VgwPlayoutEvent *now)
{
  VgwPlayoutEvent event = *now;

  event.type = type;
  add_event (self, &event);
}

void
vgw_playout_ledger_describe (const VgwPlayoutLedger *self, guint64 position, guint rate_hz, JsonObject *object)
{
  JsonArray *marks = json_array_new ();
  guint n_left_out = 0;

  for (GList *item = self->marks.head; item != NULL; item = item->next)
    {
      const Mark *mark = item->data;
      JsonObject *described;

      if (mark->name == NULL)
        continue;
      if (json_array_get_length (marks) == VGW_PLAYOUT_MAX_DESCRIBED_MARKS)
        {
          n_left_out++;
          continue;
        }
      described = json_object_new ();
      json_object_set_string_member (described, "name", mark->name);
      json_object_set_int_member (described, "in_ms", (gint64) ((mark->position - position) * 1000 / rate_hz));
      json_object_set_boolean_member (described, "is_lost", mark->is_lost);
      json_array_add_object_element (marks, described);
    }
  json_object_set_array_member (object, "marks", marks);
  json_object_set_int_member (object, "marks_left_out", n_left_out);
}

VgwPlayoutEvent *
vgw_playout_ledger_take (VgwPlayoutLedger *self)
{
  VgwPlayoutEvent *event = g_queue_pop_head (&self->events);

  if (event != NULL)
    {
      self->n_names -= count_names (event);
      self->n_places -= event->type == VGW_PLAYOUT_PLACE;
      self->n_place_events -= event->type == VGW_PLAYOUT_PLACE;
    }
  return event;
}
