/* Locks: a lane's `lock` guards its entries. It is a leaf, not held while a registered function runs, nor while the
 * thread waits for a deadline, so that add, hurry and remove never wait for another session. */
#include "media/vgw-pacer.h"

#include "base/vgw-audio-format.h"
#include "base/vgw-audio-thread.h"

#define N_PHASES 4u
/* Slots of a millisecond, more than VGW_PACER_MAX_US of them. */
#define N_SLOTS 64
#define SLOT_US G_TIME_SPAN_MILLISECOND
/* After a longer pause of the process (SIGSTOP, a debugger) the missed calls are skipped. */
#define MAX_CATCH_UP_US G_TIME_SPAN_SECOND
#define MAX_THREADS 64u

typedef struct
{
  GList link; /* in its queue; its data is the entry */
  GQueue *queue;
  guint id;
  guint phase; /* in which it began */
  VgwPacerFunc func;
  gpointer user_data;
  gint64 due_us;
  gboolean is_hurried; /* while it ran */
  gboolean is_removed; /* while it ran */
} Entry;

/* The state of one thread. Slot n holds what is due in (n - 1, n] ms after the start; there are N_SLOTS at a time. */
typedef struct
{
  GThread *thread;
  gint64 start_us; /* constant */

  GMutex lock;
  GCond wake; /* something is due earlier, or should_quit */
  GCond idle; /* running changed */
  /* guarded by lock */
  GHashTable *entries; /* by their ids */
  GQueue slots[N_SLOTS];
  gint64 slot; /* the first that may hold an entry */
  guint n_in_phase[N_PHASES];
  guint last_id;
  Entry *running; /* (nullable) in no slot */
  gboolean should_quit;
  VgwPacerStats stats;
} Lane;

struct _VgwPacer
{
  guint n_lanes; /* constant, as the lanes are */
  Lane *lanes;
};

/* --- slots; lock held --------------------------------------------------------------------------------------------- */

static gint64
get_slot_now (const Lane *self)
{
  return (g_get_monotonic_time () - self->start_us) / SLOT_US;
}

static void
insert_at (Lane *self, Entry *entry, gint64 slot)
{
  entry->queue = &self->slots[slot % N_SLOTS];
  g_queue_push_tail_link (entry->queue, &entry->link);
}

static void
insert (Lane *self, Entry *entry)
{
  gint64 slot = (entry->due_us - self->start_us + SLOT_US - 1) / SLOT_US;

  insert_at (self, entry, CLAMP (slot, self->slot, self->slot + N_SLOTS - 1));
}

/* The present slot is never in the future while the lock is free. */
static void
insert_now (Lane *self, Entry *entry)
{
  entry->due_us = g_get_monotonic_time ();
  insert_at (self, entry, self->slot);
}

static void
withdraw (Entry *entry)
{
  g_queue_unlink (entry->queue, &entry->link);
  entry->queue = NULL;
}

/* Moves on to the first slot with an entry; one there must be. */
static void
find_next_slot (Lane *self)
{
  while (self->slots[self->slot % N_SLOTS].length == 0)
    self->slot++;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

/* Where the function asked for it to be called next, within bounds. */
static gint64
bound_due_us (gint64 due_us, gint64 now_us)
{
  if (due_us < now_us - MAX_CATCH_UP_US)
    return now_us;
  return MIN (due_us, now_us + VGW_PACER_MAX_US);
}

/* Lock held on entry and return, free during the call. */
static void
run (Lane *self, Entry *entry)
{
  gint64 due_us = entry->due_us;

  self->stats.ticks++;
  self->stats.late_ticks += g_get_monotonic_time () - due_us >= VGW_FRAME_US;
  self->running = entry;
  entry->is_hurried = FALSE;
  g_mutex_unlock (&self->lock);
  due_us = entry->func (due_us, entry->user_data);
  g_mutex_lock (&self->lock);
  self->running = NULL;
  g_cond_broadcast (&self->idle);
  if (entry->is_removed)
    {
      g_free (entry);
      return;
    }
  entry->due_us = bound_due_us (due_us, g_get_monotonic_time ());
  if (entry->is_hurried && entry->due_us > g_get_monotonic_time ())
    insert_now (self, entry);
  else
    insert (self, entry);
}

/* Calls what is in the present slot; what is added to it meanwhile waits for the next look. A thread that is behind by
 * more than all slots has entries in them that are due later. */
static void
run_slot (Lane *self)
{
  GQueue *queue = &self->slots[self->slot % N_SLOTS];

  for (guint i = queue->length; i > 0 && queue->length > 0 && !self->should_quit; i--)
    {
      Entry *entry = queue->head->data;

      withdraw (entry);
      if (entry->due_us > g_get_monotonic_time ())
        insert (self, entry);
      else
        run (self, entry);
    }
}

static gpointer
lane_thread (gpointer data)
{
  Lane *self = data;

  vgw_audio_thread_begin (VGW_AUDIO_THREAD_NICE_SENDING);
  g_mutex_lock (&self->lock);
  while (!self->should_quit)
    {
      gint64 deadline_us;

      if (g_hash_table_size (self->entries) == 0)
        {
          g_cond_wait (&self->wake, &self->lock);
          continue;
        }
      find_next_slot (self);
      deadline_us = self->start_us + self->slot * SLOT_US;
      if (g_get_monotonic_time () < deadline_us)
        {
          /* what is added or hurried meanwhile may be due in an earlier slot */
          self->slot = get_slot_now (self);
          g_cond_wait_until (&self->wake, &self->lock, deadline_us);
          continue;
        }
      run_slot (self);
    }
  g_mutex_unlock (&self->lock);
  vgw_audio_thread_end ();
  return NULL;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static void
lane_start (Lane *self, gint64 start_us)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->idle);
  for (guint i = 0; i < N_SLOTS; i++)
    g_queue_init (&self->slots[i]);
  self->entries = g_hash_table_new (NULL, NULL);
  self->start_us = start_us;
  self->thread = g_thread_new ("vgw-pacer", lane_thread, self);
}

static void
lane_stop (Lane *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_mutex_lock (&self->lock);
  self->should_quit = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    g_free (entry);
  g_hash_table_unref (self->entries);
  g_cond_clear (&self->idle);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->lock);
}

VgwPacer *
vgw_pacer_new (guint n_threads)
{
  VgwPacer *self = g_new0 (VgwPacer, 1);
  gint64 start_us = g_get_monotonic_time ();

  self->n_lanes = MIN (n_threads > 0 ? n_threads : g_get_num_processors (), MAX_THREADS);
  self->lanes = g_new0 (Lane, self->n_lanes);
  for (guint i = 0; i < self->n_lanes; i++)
    lane_start (&self->lanes[i], start_us);
  return self;
}

void
vgw_pacer_free (VgwPacer *self)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < self->n_lanes; i++)
    lane_stop (&self->lanes[i]);
  g_free (self->lanes);
  g_free (self);
}

void
vgw_pacer_get_stats (VgwPacer *self, VgwPacerStats *stats)
{
  *stats = (VgwPacerStats){ 0 };
  for (guint i = 0; i < self->n_lanes; i++)
    {
      Lane *lane = &self->lanes[i];

      g_mutex_lock (&lane->lock);
      stats->ticks += lane->stats.ticks;
      stats->late_ticks += lane->stats.late_ticks;
      g_mutex_unlock (&lane->lock);
    }
}

static guint
count_entries (Lane *lane)
{
  guint n_entries;

  g_mutex_lock (&lane->lock);
  n_entries = g_hash_table_size (lane->entries);
  g_mutex_unlock (&lane->lock);
  return n_entries;
}

/* Not exact where another thread adds at the same time. */
static guint
find_emptiest_lane (VgwPacer *self)
{
  guint emptiest = 0, fewest = count_entries (&self->lanes[0]);

  for (guint i = 1; i < self->n_lanes && fewest > 0; i++)
    {
      guint n_entries = count_entries (&self->lanes[i]);

      if (n_entries >= fewest)
        continue;
      emptiest = i;
      fewest = n_entries;
    }
  return emptiest;
}

static guint
find_emptiest_phase (const Lane *lane)
{
  guint emptiest = 0;

  for (guint i = 1; i < N_PHASES; i++)
    {
      if (lane->n_in_phase[i] < lane->n_in_phase[emptiest])
        emptiest = i;
    }
  return emptiest;
}

/* The next time of @phase. */
static gint64
find_first_due_us (const Lane *lane, guint phase, gint64 now_us)
{
  gint64 first_us = lane->start_us + phase * VGW_FRAME_US / N_PHASES;
  gint64 n_periods = (now_us - first_us) / VGW_FRAME_US + 1;

  return now_us <= first_us ? first_us : first_us + n_periods * VGW_FRAME_US;
}

/* The lane of an id is its remainder modulo the number of lanes. */
guint
vgw_pacer_add (VgwPacer *self, VgwPacerFunc func, gpointer user_data)
{
  gint64 now_us = g_get_monotonic_time ();
  guint index;
  Entry *entry;
  Lane *lane;

  g_return_val_if_fail (func != NULL, 0);

  index = find_emptiest_lane (self);
  lane = &self->lanes[index];
  g_mutex_lock (&lane->lock);
  lane->last_id = lane->last_id >= G_MAXUINT / self->n_lanes - 1 ? 1 : lane->last_id + 1;
  entry = g_new0 (Entry, 1);
  entry->link.data = entry;
  entry->id = lane->last_id * self->n_lanes + index;
  entry->phase = find_emptiest_phase (lane);
  entry->func = func;
  entry->user_data = user_data;
  entry->due_us = find_first_due_us (lane, entry->phase, now_us);
  if (g_hash_table_size (lane->entries) == 0)
    lane->slot = MAX (lane->slot, get_slot_now (lane));
  g_hash_table_insert (lane->entries, GUINT_TO_POINTER (entry->id), entry);
  lane->n_in_phase[entry->phase]++;
  insert (lane, entry);
  g_cond_signal (&lane->wake);
  g_mutex_unlock (&lane->lock);
  return entry->id;
}

void
vgw_pacer_hurry (VgwPacer *self, guint id)
{
  Lane *lane = &self->lanes[id % self->n_lanes];
  gboolean is_earlier = FALSE;
  Entry *entry;

  g_mutex_lock (&lane->lock);
  entry = g_hash_table_lookup (lane->entries, GUINT_TO_POINTER (id));
  if (entry != NULL && entry == lane->running)
    entry->is_hurried = TRUE;
  else if (entry != NULL && entry->due_us > g_get_monotonic_time ())
    {
      withdraw (entry);
      insert_now (lane, entry);
      is_earlier = TRUE;
    }
  g_mutex_unlock (&lane->lock);
  if (is_earlier)
    g_cond_signal (&lane->wake); /* a thread of higher priority runs at once, and would wait for the lock */
}

void
vgw_pacer_remove (VgwPacer *self, guint id)
{
  Entry *entry;
  Lane *lane;

  g_return_if_fail (id != 0);

  lane = &self->lanes[id % self->n_lanes];
  g_return_if_fail (g_thread_self () != lane->thread);

  g_mutex_lock (&lane->lock);
  entry = g_hash_table_lookup (lane->entries, GUINT_TO_POINTER (id));
  if (entry != NULL)
    {
      g_hash_table_remove (lane->entries, GUINT_TO_POINTER (id));
      lane->n_in_phase[entry->phase]--;
      entry->is_removed = entry == lane->running;
      if (!entry->is_removed)
        {
          withdraw (entry);
          g_free (entry);
        }
    }
  while (lane->running != NULL && lane->running->id == id)
    g_cond_wait (&lane->idle, &lane->lock);
  g_mutex_unlock (&lane->lock);
}
