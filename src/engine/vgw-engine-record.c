#include "engine/vgw-engine-record.h"

#include <errno.h>

#include <glib/gstdio.h>

#include "base/vgw-error.h"

#define DIRECTORY_MODE 0700 /* recordings are personal data */
#define SESSION_ID_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-" /* base64url, RFC 4648 section 5 */

struct _VgwEngineRecord
{
  VgwEngine parent_instance;

  char *directory;
  VgwWavWriter *writer;
  /* set in start (), cleared in stop (), both while no push_audio () runs; else streaming thread only */
  VgwWavFile *caller_file;
  VgwWavFile *bot_file;
};

G_DEFINE_TYPE (VgwEngineRecord, vgw_engine_record, VGW_TYPE_ENGINE)

static VgwWavFile *
open_file (VgwEngineRecord *self, const VgwEngineStart *start, const char *direction, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s-%s.wav", start->session_id, direction);
  g_autofree char *path = g_build_filename (self->directory, name, NULL);

  return vgw_wav_writer_open (self->writer, path, start->session_id, start->format.rate_hz, error);
}

/* Opening the files is quick, and it is the one thing that must be known before the call goes on: everything else
 * is left to the writer's thread. */
static gboolean
vgw_engine_record_start (VgwEngine *engine, const VgwEngineStart *start, GError **error)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);

  /* the name of a file is the id and nothing else: no path can hide in it */
  if (start->session_id[0] == '\0' || start->session_id[strspn (start->session_id, SESSION_ID_CHARS)] != '\0')
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording: the session id is no file name");
      return FALSE;
    }
  if (g_mkdir_with_parents (self->directory, DIRECTORY_MODE) != 0)
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_ENGINE, "recording: creating the directory %s: %s", self->directory,
                   g_strerror (errno));
      return FALSE;
    }

  self->caller_file = open_file (self, start, "caller", error);
  if (self->caller_file == NULL)
    return FALSE;
  self->bot_file = open_file (self, start, "bot", error);
  return self->bot_file != NULL;
}

static void
vgw_engine_record_push_audio (VgwEngine *engine, const gint16 *samples, gsize n_samples)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);

  vgw_wav_file_push (self->caller_file, samples, n_samples);
  vgw_engine_play (engine, samples, n_samples);
  vgw_wav_file_push (self->bot_file, samples, n_samples);
}

static void
vgw_engine_record_stop (VgwEngine *engine, const char *reason)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (engine);

  g_clear_pointer (&self->caller_file, vgw_wav_file_close);
  g_clear_pointer (&self->bot_file, vgw_wav_file_close);
}

static void
vgw_engine_record_finalize (GObject *object)
{
  VgwEngineRecord *self = VGW_ENGINE_RECORD (object);

  g_free (self->directory);
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
  engine_class->stop = vgw_engine_record_stop;
}

static void
vgw_engine_record_init (VgwEngineRecord *self)
{
}

VgwEngine *
vgw_engine_record_new (const char *directory, VgwWavWriter *writer)
{
  VgwEngineRecord *self = g_object_new (VGW_TYPE_ENGINE_RECORD, NULL);

  self->directory = g_strdup (directory);
  self->writer = writer != NULL ? vgw_wav_writer_ref (writer) : vgw_wav_writer_new ();
  return VGW_ENGINE (self);
}
