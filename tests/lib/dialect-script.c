#include "dialect-script.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MIN_RUN 4 /* shorter runs of the same byte are written out */
#define MAX_ARGUMENTS 8

struct _DialectPlayer
{
  const VgwDialect *dialect;
  VgwDialectCall call;
  char *session_id, *client_address, *identity, *metadata, *trace_id, *origin, *user_agent;
  GPtrArray *parameters; /* name, value, … */
  gpointer state;
  GPtrArray *lines;   /* what came out */
  GByteArray *played; /* since the last line: pieces of one frame are one */
};

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

static char *
format_bytes (const guint8 *data, gsize length)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < length;)
    {
      gsize n = 1;
      while (i + n < length && data[i + n] == data[i])
        n++;
      if (n < MIN_RUN)
        n = 1;
      g_string_append_printf (text, i > 0 ? " %02x" : "%02x", data[i]);
      if (n > 1)
        g_string_append_printf (text, "*%" G_GSIZE_FORMAT, n);
      i += n;
    }
  return g_string_free (text, FALSE);
}

GByteArray *
dialect_parse_bytes (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " ", -1);
  GByteArray *bytes = g_byte_array_new ();

  for (char **word = words; *word != NULL; word++)
    {
      char *end;
      guint8 byte = (guint8) strtoul (*word, &end, 16);
      gulong n = *end == '*' ? strtoul (end + 1, NULL, 10) : 1;
      if (**word == '\0')
        continue;
      for (gulong i = 0; i < n; i++)
        g_byte_array_append (bytes, &byte, 1);
    }
  return bytes;
}

static void
end_played (DialectPlayer *self)
{
  g_autofree char *bytes = NULL;

  if (self->played->len == 0)
    return;
  bytes = format_bytes (self->played->data, self->played->len);
  g_ptr_array_add (self->lines, g_strconcat ("plays ", bytes, NULL));
  g_byte_array_set_size (self->played, 0);
}

static void
add_line (DialectPlayer *self, const char *what, const char *text)
{
  end_played (self);
  g_ptr_array_add (self->lines, text != NULL ? g_strconcat (what, " ", text, NULL) : g_strdup (what));
}

/* --- handlers -------------------------------------------------------------------------------------------------------
 */

static void
on_send (gboolean is_text, const guint8 *data, gsize length, gpointer user_data)
{
  g_autofree char *text = is_text ? g_strndup ((const char *) data, length) : format_bytes (data, length);

  add_line (user_data, is_text ? "sends text" : "sends binary", text);
}

static void
on_play (const gint16 *samples, gsize n_samples, gpointer user_data)
{
  DialectPlayer *self = user_data;

  g_byte_array_append (self->played, (const guint8 *) samples, n_samples * sizeof (gint16));
}

static void
on_emit (const VgwEngineOutput *output, gpointer user_data)
{
  switch (output->type)
    {
    case VGW_ENGINE_OUTPUT_MARK:
      add_line (user_data, "marks", output->name);
      break;
    case VGW_ENGINE_OUTPUT_CLEAR:
      add_line (user_data, "clears", NULL);
      break;
    case VGW_ENGINE_OUTPUT_HOLD:
      add_line (user_data, output->is_held ? "pauses" : "continues", NULL);
      break;
    case VGW_ENGINE_OUTPUT_EVENT:
      add_line (user_data, "tells", output->json);
      break;
    case VGW_ENGINE_OUTPUT_HANGUP:
      add_line (user_data, "hangs up", NULL);
      break;
    case VGW_ENGINE_OUTPUT_STATUS:
    case VGW_ENGINE_OUTPUT_FAILED:
      ck_abort_msg ("a dialect knows no connection");
    }
}

static const VgwDialectHandlers handlers = {
  .send = on_send,
  .play = on_play,
  .emit = on_emit,
};

/* --- the player -----------------------------------------------------------------------------------------------------
 */

DialectPlayer *
dialect_player_new (const char *dialect, guint rate_hz)
{
  DialectPlayer *self = g_new0 (DialectPlayer, 1);

  self->dialect = vgw_dialect_find (dialect);
  ck_assert_msg (self->dialect != NULL, "no dialect %s", dialect);
  self->session_id = g_strdup ("session-1");
  self->call.format.rate_hz = rate_hz;
  self->parameters = g_ptr_array_new_with_free_func (g_free);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->played = g_byte_array_new ();
  return self;
}

void
dialect_player_free (DialectPlayer *self)
{
  if (self->state != NULL)
    self->dialect->free (self->state);
  g_ptr_array_unref (self->lines);
  g_byte_array_unref (self->played);
  g_free (self->session_id);
  g_free (self->client_address);
  g_free (self->identity);
  g_free (self->metadata);
  g_free (self->trace_id);
  g_free (self->origin);
  g_free (self->user_agent);
  g_ptr_array_unref (self->parameters);
  g_free (self);
}

const VgwDialect *
dialect_player_dialect (DialectPlayer *self)
{
  return self->dialect;
}

VgwDialectCall *
dialect_player_call (DialectPlayer *self)
{
  return &self->call;
}

gpointer
dialect_player_state (DialectPlayer *self)
{
  if (self->state == NULL)
    {
      self->call.session_id = self->session_id;
      self->call.client_address = self->client_address;
      self->call.identity = self->identity;
      self->call.metadata = self->metadata;
      self->call.trace_id = self->trace_id;
      self->call.origin = self->origin;
      self->call.user_agent = self->user_agent;
      g_ptr_array_add (self->parameters, NULL);
      self->call.parameters = (const char *const *) self->parameters->pdata;
      self->state = self->dialect->open (&self->call, &handlers, self);
    }
  return self->state;
}

void
dialect_player_receive (DialectPlayer *self, gboolean is_text, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  /* A block of its own, of exactly that size: the sanitizer sees a read behind it. */
  g_autofree guint8 *copy = g_memdup2 (data, length);
  gboolean is_good = self->dialect->receive (dialect_player_state (self), is_text, copy, length, &error);

  ck_assert_msg (is_good == (error == NULL), "result and error do not agree");
  if (error != NULL)
    add_line (self, "error", error->message);
}

char *
dialect_player_take (DialectPlayer *self)
{
  char *text;

  end_played (self);
  g_ptr_array_add (self->lines, NULL);
  text = g_strjoinv ("\n", (char **) self->lines->pdata);
  g_ptr_array_set_size (self->lines, 0);
  return text;
}

/* --- scripts --------------------------------------------------------------------------------------------------------
 */

static void
call_audio (DialectPlayer *self, const char *arguments)
{
  g_autoptr (GByteArray) bytes = dialect_parse_bytes (arguments);

  self->dialect->audio (dialect_player_state (self), (const gint16 *) (gpointer) bytes->data,
                        bytes->len / sizeof (gint16));
}

static void
call_playout (DialectPlayer *self, VgwPlayoutEventType type, char **words)
{
  VgwPlayoutEvent event = { .type = type };
  guint n = 0;

  if (type == VGW_PLAYOUT_MARK || type == VGW_PLAYOUT_LOST)
    event.name = words[n++];
  event.played_ms = g_ascii_strtoull (words[n], NULL, 10);
  event.utterance_ms = g_ascii_strtoull (words[n + 1], NULL, 10);
  if (type == VGW_PLAYOUT_CLEARED)
    event.marks = (const char *const *) words + n + 2;
  self->dialect->handle (dialect_player_state (self), &(VgwEngineInput){ VGW_ENGINE_INPUT_PLAYOUT, .playout = &event });
}

static gboolean
call_playout_by_name (DialectPlayer *self, const char *name, char **words)
{
  static const char *const names[] = { "mark", "lost", "cleared", "drained", "xoff", "xon" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (strcmp (name, names[i]) != 0)
        continue;
      call_playout (self, (VgwPlayoutEventType) i, words);
      return TRUE;
    }
  return FALSE;
}

/* "audio 01*640", "dtmf 5 120", "mark m1 1000 800", … */
static gboolean
run_call (DialectPlayer *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", MAX_ARGUMENTS);
  const char *rest = strchr (line, ' ') != NULL ? strchr (line, ' ') + 1 : "";
  gpointer state = dialect_player_state (self);

  if (strcmp (words[0], "start") == 0)
    self->dialect->start (state);
  else if (strcmp (words[0], "audio") == 0)
    call_audio (self, rest);
  else if (strcmp (words[0], "dtmf") == 0)
    self->dialect->handle (state,
                           &(VgwEngineInput){ VGW_ENGINE_INPUT_DTMF, .dtmf = { *words[1], (guint) atoi (words[2]) } });
  else if (strcmp (words[0], "speech") == 0)
    self->dialect->handle (state,
                           &(VgwEngineInput){ VGW_ENGINE_INPUT_SPEECH, .is_speaking = strcmp (rest, "on") == 0 });
  else if (strcmp (words[0], "event") == 0)
    self->dialect->handle (state, &(VgwEngineInput){ VGW_ENGINE_INPUT_EVENT, .json = rest });
  else if (strcmp (words[0], "stop") == 0)
    self->dialect->stop (state, *rest != '\0' ? rest : NULL);
  else
    return call_playout_by_name (self, words[0], words + 1);
  return TRUE;
}

static void
replace (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static void
add_parameter (DialectPlayer *self, const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", 2);

  g_ptr_array_add (self->parameters, g_strdup (parts[0]));
  g_ptr_array_add (self->parameters, g_strdup (parts[1]));
}

/* An action. FALSE for a line that is none. */
static gboolean
run_line (DialectPlayer *self, const char *line)
{
  g_autoptr (GByteArray) bytes = NULL;

  if (g_str_has_prefix (line, "rate "))
    self->call.format.rate_hz = (guint) atoi (line + strlen ("rate "));
  else if (g_str_has_prefix (line, "session "))
    replace (&self->session_id, line + strlen ("session "));
  else if (g_str_has_prefix (line, "address "))
    replace (&self->client_address, line + strlen ("address "));
  else if (g_str_has_prefix (line, "identity "))
    replace (&self->identity, line + strlen ("identity "));
  else if (g_str_has_prefix (line, "metadata "))
    replace (&self->metadata, line + strlen ("metadata "));
  else if (g_str_has_prefix (line, "trace "))
    replace (&self->trace_id, line + strlen ("trace "));
  else if (g_str_has_prefix (line, "origin "))
    replace (&self->origin, line + strlen ("origin "));
  else if (g_str_has_prefix (line, "agent "))
    replace (&self->user_agent, line + strlen ("agent "));
  else if (g_str_has_prefix (line, "parameter "))
    add_parameter (self, line + strlen ("parameter "));
  else if (g_str_has_prefix (line, "call "))
    return run_call (self, line + strlen ("call "));
  else if (g_str_has_prefix (line, "bot text "))
    dialect_player_receive (self, TRUE, (const guint8 *) line + strlen ("bot text "),
                            strlen (line + strlen ("bot text ")));
  else if (g_str_has_prefix (line, "bot binary"))
    {
      bytes = dialect_parse_bytes (line + strlen ("bot binary"));
      dialect_player_receive (self, FALSE, bytes->data, bytes->len);
    }
  else
    return FALSE;
  return TRUE;
}

static gboolean
is_action (const char *line)
{
  static const char *const actions[] = { "rate ",   "session ", "address ",   "identity ", "metadata ", "trace ",
                                         "origin ", "agent ",   "parameter ", "call ",     "bot " };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      if (g_str_has_prefix (line, actions[i]))
        return TRUE;
    }
  return FALSE;
}

void
dialect_script_run (const char *dialect, const char *file)
{
  g_autofree char *path = g_build_filename (g_getenv ("VGW_TEST_SOURCE_ROOT"), "tests", "data", "dialects", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DialectPlayer) self = dialect_player_new (dialect, 16000);
  g_auto (GStrv) lines = NULL;
  guint n_actions = 0;

  ck_assert_msg (g_file_get_contents (path, &text, NULL, &error), "%s", error != NULL ? error->message : path);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL;)
    {
      g_autoptr (GPtrArray) expected = g_ptr_array_new ();
      g_autofree char *expected_text = NULL;
      g_autofree char *actual = NULL;
      guint number = i + 1;

      if (*lines[i] == '\0' || *lines[i] == '#')
        {
          i++;
          continue;
        }
      ck_assert_msg (run_line (self, lines[i]), "%s:%u: no action: %s", file, number, lines[i]);
      n_actions++;
      for (i++; lines[i] != NULL && !is_action (lines[i]); i++)
        {
          if (*lines[i] != '\0' && *lines[i] != '#')
            g_ptr_array_add (expected, lines[i]);
        }
      g_ptr_array_add (expected, NULL);
      expected_text = g_strjoinv ("\n", (char **) expected->pdata);
      actual = dialect_player_take (self);
      ck_assert_msg (strcmp (actual, expected_text) == 0, "%s:%u: expected\n%s\nbut got\n%s", file, number,
                     expected_text, actual);
    }
  ck_assert_msg (n_actions > 0, "%s: nothing to do", file);
}
