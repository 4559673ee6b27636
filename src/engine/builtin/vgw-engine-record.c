#include "engine/builtin/vgw-engine-record.h"

#include <errno.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/vgw-error.h"

#define CALLER "caller"
#define BOT "bot"
#define MAX_FILES 32        /* of a call and a direction */
#define QUEUE_MORE_MS 2000  /* as much as vgw-playout.c keeps with VGW_PLAYOUT_KEEP waits here at most */
#define DIRECTORY_MODE 0700 /* recordings are personal data */
#define SESSION_ID_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-" /* base64url, RFC 4648 section 5 */

struct _VgwEngineRecord
{
  VgwEngine parent_instance;

  char *directory;
  VgwWavWriter *writer;
  VgwEngine *wrapped;
  guint bot_queue_ms;
  /* set in start () before the wrapped engine starts, cleared in stop () after it has stopped */
  VgwWavFile *caller_file; /* streaming thread */
  VgwWavFile *bot_file;    /* the wrapped engine's threads, one at a time: its play () holds a lock */
};

G_DEFINE_TYPE (VgwEngineRecord, vgw_engine_record, VGW_TYPE_ENGINE)

/* @number: 1, or more where another engine of the call has recorded before. (transfer full) */
static char *
make_path (VgwEngineRecord *self, const char *session_id, const char *direction, guint number)
{
  g_autofree char *suffix = number > 1 ? g_strdup_printf ("-%u", number) : g_strdup ("");
  g_autofree char *name = g_strconcat (session_id, "-", direction, suffix, ".wav", NULL);

  return g_build_filename (self->directory, name, NULL);
}

/* The first number that is free in both directions. */
static guint
find_number (VgwEngineRecord *self, const char *session_id)
{
  for (guint number = 1; number < MAX_FILES; number++)
    {
      g_autofree char *caller = make_path (self, session_id, CALLER, number);
      g_autofree char *bot = make_path (self, session_id, BOT, number);

      if (!g_file_test (caller, G_FILE_TEST_EXISTS) && !g_file_test (bot, G_FILE_TEST_EXISTS))
        return number;
    }
  return MAX_FILES;
}

static VgwWavFile *
open_file (VgwEngineRecord *self, const VgwEngineStart *start, const char *direction, guint number, GError **error)
{
  g_autofree char *path = make_path (self, start->session_id, direction, number);

  return vgw_wav_writer_open (self->writer, path, start->session_id, start->format.rate_hz, error);
}

/* The files are opened here, since a call must not start without them; the writer's thread does the rest. */
static gboolean
vgw_engine_record_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);
  guint number;

  /* the id is the file's name: it must not contain a path */
  if (start->session_id[0] == '\0' || start->session_id[strspn (start->session_id, SESSION_ID_CHARS)] != '\0')
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording: the session id is not a file name");
      return FALSE;
    }
  if (g_mkdir_with_parents (self->directory, DIRECTORY_MODE) != 0)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording: creating the directory %s: %s", self->directory,
                   g_strerror (errno));
      return FALSE;
    }

  number = find_number (self, start->session_id);
  self->caller_file = open_file (self, start, CALLER, number, error);
  if (self->caller_file == NULL)
    return FALSE;
  self->bot_file = open_file (self, start, BOT, number, error);
  if (self->bot_file == NULL)
    return FALSE;
  vgw_wav_file_set_queue_ms (self->bot_file, self->bot_queue_ms);
  return vgw_engine_start (self->wrapped, start, error);
}

static void
vgw_engine_record_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);

  vgw_wav_file_push (self->caller_file, samples, n_samples);
  vgw_engine_push_audio (self->wrapped, samples, n_samples);
}

static void
vgw_engine_record_handle (VgwEngine *engine, const VgwEngineInput *input)
{
  vgw_engine_send (VGW_ENGINE_RECORD (engine)->wrapped, input);
}

static void
vgw_engine_record_stop (VgwEngine *engine, const char *reason)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);

  vgw_engine_stop (self->wrapped, reason);
  g_clear_pointer (&self->caller_file, vgw_wav_file_close);
  g_clear_pointer (&self->bot_file, vgw_wav_file_close);
}

/* --- the wrapped engine --- */

/* Any thread. */
static void
on_wrapped_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  VgwEngineRecord *self = user_data;

  vgw_wav_file_push (self->bot_file, samples, n_samples);
  vgw_engine_play (VGW_ENGINE (self), samples, n_samples);
}

static gboolean
on_wrapped_is_full (gpointer user_data)
{
  return vgw_engine_is_full (user_data);
}

static guint64
on_wrapped_add_place (gpointer user_data)
{
  return vgw_engine_add_place (user_data);
}

static void
on_wrapped_output (const VgwEngineOutput *output, gpointer user_data)
{
  vgw_engine_emit (user_data, output);
}

static const VgwEngineSink wrapped_sink = {
  .play = on_wrapped_play,
  .is_full = on_wrapped_is_full,
  .add_place = on_wrapped_add_place,
  .handle = on_wrapped_output,
};

/* --- the object --- */

static void
vgw_engine_record_finalize (GObject *object)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (object);

  g_free (self->directory);
  g_object_unref (self->wrapped);
  vgw_wav_writer_unref (self->writer);
  G_OBJECT_CLASS (vgw_engine_record_parent_class)->finalize (object);
}

static void
vgw_engine_record_class_init (VgwEngineRecordClass *klass)
{
  VgwEngineClass *engine_class = VGW_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vgw_engine_record_finalize;
  engine_class->start = vgw_engine_record_start;
  engine_class->push_audio = vgw_engine_record_push_audio;
  engine_class->takes_playout = TRUE; /* for the wrapped engine */
  engine_class->takes_speech = TRUE;
  engine_class->handle = vgw_engine_record_handle;
  engine_class->stop = vgw_engine_record_stop;
}

static void
vgw_engine_record_init (VgwEngineRecord *self)
{
}

gboolean
vgw_engine_record_check_directory (const char *directory, GError **error)
{
  g_autofree char *existing = g_canonicalize_filename (directory, NULL);

  /* A missing directory is created by the first recording; the nearest existing parent is checked here. */
  while (!g_file_test (existing, G_FILE_TEST_EXISTS) && !g_str_equal (existing, "/"))
    {
      char *parent = g_path_get_dirname (existing);
      g_free (existing);
      existing = parent;
    }
  if (!g_file_test (existing, G_FILE_TEST_IS_DIR))
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: recordings cannot be written here: %s is not a directory",
                 directory, existing);
  else if (access (existing, W_OK | X_OK) != 0)
    g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s: recordings cannot be written here: %s: %s", directory,
                 existing, g_strerror (errno));
  else
    return TRUE;
  return FALSE;
}

VgwEngine *
vgw_engine_record_new (const char *directory, VgwWavWriter *writer, VgwEngine *wrapped, guint max_playout_ms)
{
  VgwEngineRecord *self = g_object_new (VGW_TYPE_ENGINE_RECORD, NULL);

  self->directory = g_strdup (directory);
  self->writer = writer != NULL ? vgw_wav_writer_ref (writer) : vgw_wav_writer_new ();
  self->wrapped = wrapped;
  self->bot_queue_ms = 2 * max_playout_ms + QUEUE_MORE_MS;
  /* it is stopped before this engine is finalized: no reference needed */
  vgw_engine_set_sink (wrapped, &wrapped_sink, self, NULL);
  return VGW_ENGINE (self);
}
