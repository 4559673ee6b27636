#include "media/vgw-pipeline-text.h"

#include <gst/gst.h>
#include <string.h>

#include "base/vgw-error.h"
#include "media/vgw-pipeline-property.h"

/* Elements that neither open files or sockets nor create other elements: codecs, payloaders, audio processing. */
static const char *const ALLOWED[] = {
  /* ours, and the two ends */
  "vgwopusdec",
  "vgwopusenc",
  "vgwresample",
  "appsink",
  "appsrc",
  /* codecs */
  "opusdec",
  "opusenc",
  "opusparse",
  "mulawdec",
  "mulawenc",
  "alawdec",
  "alawenc",
  "avdec_g722",
  "avenc_g722",
  "avdec_g726",
  "avenc_g726",
  "speexdec",
  "speexenc",
  "gsmdec",
  "gsmenc",
  "avdec_ilbc",
  "sbcdec",
  "sbcenc",
  /* RTP */
  "rtpopusdepay",
  "rtpopuspay",
  "rtppcmudepay",
  "rtppcmupay",
  "rtppcmadepay",
  "rtppcmapay",
  "rtpg722depay",
  "rtpg722pay",
  "rtpg726depay",
  "rtpg726pay",
  "rtpspeexdepay",
  "rtpspeexpay",
  "rtpgsmdepay",
  "rtpgsmpay",
  "rtpilbcdepay",
  "rtpilbcpay",
  "rtpL16depay",
  "rtpL16pay",
  "rtpL24depay",
  "rtpL24pay",
  "rtpdtmfdepay",
  /* format */
  "audioconvert",
  "audioresample",
  "audiorate",
  "audiobuffersplit",
  "capsfilter",
  /* plumbing */
  "queue",
  "tee",
  "identity",
  "valve",
  "clocksync",
  "audiomixer",
  "adder",
  "input-selector",
  "output-selector",
  "fakesink",
  "audiotestsrc",
  "wavenc",
  /* level, tone, dynamics */
  "volume",
  "level",
  "cutter",
  "audioamplify",
  "audiodynamic",
  "audioinvert",
  "rglimiter",
  "rgvolume",
  "equalizer-3bands",
  "equalizer-10bands",
  "equalizer-nbands",
  "audiocheblimit",
  "audiochebband",
  "audiowsinclimit",
  "audiowsincband",
  "audiofirfilter",
  "audioiirfilter",
  "audioecho",
  "freeverb",
  "audiopanorama",
  "spectrum",
  /* speech */
  "webrtcdsp",
  "webrtcechoprobe",
  "removesilence",
  "dtmfdetect",
  "dtmfsrc",
  "pitch",
  "scaletempo",
};

/* The kind of the previous piece. */
typedef enum
{
  PIECE_NONE,
  PIECE_ELEMENT, /* with the properties that follow it */
  PIECE_REFERENCE,
  PIECE_LINK,
  PIECE_CAPS,
} Piece;

typedef struct
{
  const char *file;
  const char *const *extra_elements;
  const char *at;
  guint line;
  Piece previous;
  guint link_line; /* of the last link */
  guint n_elements;
  char *factory;          /* (nullable) of the last element */
  GHashTable *names;      /* set of the values of name= */
  GHashTable *properties; /* set of those of the last element */
} TextScanner;

static void set_error (GError **error, const char *file, guint line, const char *format, ...) G_GNUC_PRINTF (4, 5);

static void
set_error (GError **error, const char *file, guint line, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "%s:%u: %s", file, line, reason);
}

static guint
line_of (const char *text, const char *at)
{
  guint line = 1;

  for (; text < at; text++)
    line += *text == '\n';
  return line;
}

static gboolean
is_bounded_text (const char *file, const char *text, gsize length, GError **error)
{
  const char *bad;

  if (length > VGW_PIPELINE_MAX_BYTES)
    {
      set_error (error, file, 1, "a description may have at most %u bytes", VGW_PIPELINE_MAX_BYTES);
      return FALSE;
    }
  if (!g_utf8_validate_len (text, length, &bad))
    {
      set_error (error, file, line_of (text, bad), "not UTF-8 text");
      return FALSE;
    }
  return TRUE;
}

char *
vgw_pipeline_text_strip (const char *file, const char *text, gsize length, GError **error)
{
  g_autoptr (GString) stripped = NULL;
  const char *open_quote = NULL;
  gboolean is_comment = FALSE;

  if (!is_bounded_text (file, text, length, error))
    return NULL;

  stripped = g_string_sized_new (length);
  for (const char *at = text; at < text + length; at++)
    {
      if (is_comment && *at != '\n')
        continue;
      is_comment = open_quote == NULL && *at == '#';
      if (is_comment)
        continue;
      g_string_append_c (stripped, *at);
      if (*at == '\\' && at + 1 < text + length)
        g_string_append_c (stripped, *++at);
      else if (open_quote != NULL && *at == *open_quote)
        open_quote = NULL;
      else if (open_quote == NULL && (*at == '"' || *at == '\''))
        open_quote = at;
    }
  if (open_quote != NULL)
    {
      set_error (error, file, line_of (text, open_quote), "the quote %c is not closed", *open_quote);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&stripped), FALSE);
}

gboolean
vgw_pipeline_text_is_allowed (const char *factory, const char *const *extra_elements)
{
  for (guint i = 0; i < G_N_ELEMENTS (ALLOWED); i++)
    {
      if (g_str_equal (ALLOWED[i], factory))
        return TRUE;
    }
  return extra_elements != NULL && g_strv_contains (extra_elements, factory);
}

static void
skip_spaces (TextScanner *scanner)
{
  for (; g_ascii_isspace (*scanner->at); scanner->at++)
    scanner->line += *scanner->at == '\n';
}

/* Reads one word: up to white space, or one of @stops, outside quotes (transfer full). May be empty. */
static char *
read_word (TextScanner *scanner, const char *stops)
{
  const char *start = scanner->at;
  char quote = 0;

  for (; *scanner->at != 0; scanner->at++)
    {
      char c = *scanner->at;

      if (quote == 0 && (g_ascii_isspace (c) || strchr (stops, c) != NULL))
        break;
      scanner->line += c == '\n';
      if (c == '\\' && scanner->at[1] != 0)
        scanner->line += *++scanner->at == '\n';
      else if (c == quote)
        quote = 0;
      else if (quote == 0 && (c == '"' || c == '\''))
        quote = c;
    }
  return g_strndup (start, (gsize) (scanner->at - start));
}

static gboolean
is_media_type (const char *word)
{
  const char *slash = strchr (word, '/');

  if (slash == NULL || slash == word)
    return FALSE;
  for (const char *at = word; at < slash; at++)
    {
      if (!g_ascii_isalnum (*at) && *at != '-')
        return FALSE;
    }
  return g_ascii_isalnum (slash[1]);
}

/* Whether @word is made of letters, digits and @others. */
static gboolean
is_made_of (const char *word, const char *others)
{
  for (const char *at = word; *at != 0; at++)
    {
      if (!g_ascii_isalnum (*at) && strchr (others, *at) == NULL)
        return FALSE;
    }
  return *word != 0;
}

/* A link; the scanner is at '!' or ':'. */
static gboolean
check_link (TextScanner *scanner, GError **error)
{
  scanner->at++;
  if (scanner->previous == PIECE_NONE || scanner->previous == PIECE_LINK)
    {
      set_error (error, scanner->file, scanner->line, "there is no element before this link (!)");
      return FALSE;
    }
  scanner->previous = PIECE_LINK;
  scanner->link_line = scanner->line;
  return TRUE;
}

static gboolean
check_value (TextScanner *scanner, const char *property, const char *value, guint line, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (vgw_pipeline_property_check (scanner->factory, property, value, &cause))
    return TRUE;
  set_error (error, scanner->file, line, "%s: %s", scanner->factory, cause->message);
  return FALSE;
}

/* "name=value"; the scanner is at '='. */
static gboolean
check_assignment (TextScanner *scanner, const char *property, GError **error)
{
  guint line = scanner->line;
  g_autofree char *value = NULL;

  if (scanner->previous != PIECE_ELEMENT || !is_made_of (property, "-_%:"))
    {
      set_error (error, scanner->file, line, "\"%s=\" is not the property of an element", property);
      return FALSE;
    }
  if (!g_hash_table_add (scanner->properties, g_strdup (property)))
    {
      set_error (error, scanner->file, line, "the property %s is set twice", property);
      return FALSE;
    }
  scanner->at++;
  skip_spaces (scanner);
  value = read_word (scanner, "");
  if (!g_str_equal (property, "name"))
    return check_value (scanner, property, value, line, error);
  if (g_hash_table_contains (scanner->names, value))
    {
      set_error (error, scanner->file, line, "the name %s is given twice", value);
      return FALSE;
    }
  g_hash_table_add (scanner->names, g_steal_pointer (&value));
  return TRUE;
}

static gboolean
check_element (TextScanner *scanner, const char *factory, guint line, GError **error)
{
  g_autoptr (GstElementFactory) found = gst_element_factory_find (factory);
  gboolean is_allowed = vgw_pipeline_text_is_allowed (factory, scanner->extra_elements);

  scanner->previous = PIECE_ELEMENT;
  scanner->n_elements++;
  g_free (scanner->factory);
  scanner->factory = g_strdup (factory);
  g_hash_table_remove_all (scanner->properties);
  if (found == NULL && is_allowed)
    set_error (error, scanner->file, line, "the element %s is not installed (try gst-inspect-1.0 %s)", factory,
               factory);
  else if (found == NULL)
    set_error (error, scanner->file, line, "there is no element %s", factory);
  else if (!is_allowed)
    set_error (error, scanner->file, line,
               "the element %s is not on the list of allowed elements; media.extra-elements can add it", factory);
  else if (scanner->n_elements > VGW_PIPELINE_MAX_ELEMENTS)
    set_error (error, scanner->file, line, "more than %u elements", VGW_PIPELINE_MAX_ELEMENTS);
  else
    return TRUE;
  return FALSE;
}

/* Caps, up to the next link; the scanner is after the media type. */
static gboolean
check_caps (TextScanner *scanner, const char *media_type, guint line, GError **error)
{
  g_autofree char *rest = read_word (scanner, "!");

  while (*scanner->at != 0 && *scanner->at != '!')
    {
      g_free (rest);
      skip_spaces (scanner);
      rest = read_word (scanner, "!");
    }
  if (scanner->previous != PIECE_LINK || *scanner->at != '!')
    {
      set_error (error, scanner->file, line, "the caps %s… must stand between two links (!)", media_type);
      return FALSE;
    }
  scanner->previous = PIECE_CAPS;
  return TRUE;
}

/* A word that is not a property: an element, or a reference to one or its pads. */
static gboolean
check_word (TextScanner *scanner, const char *word, guint line, GError **error)
{
  if (strchr (word, '/') != NULL)
    {
      set_error (error, scanner->file, line, "%s: files and URIs are not allowed", word);
      return FALSE;
    }
  if (strchr (word, '.') == NULL)
    return check_element (scanner, word, line, error);
  scanner->previous = PIECE_REFERENCE;
  if (is_made_of (word, "-_%:.,"))
    return TRUE;
  set_error (error, scanner->file, line, "%s is neither an element nor a reference to one", word);
  return FALSE;
}

/* Whether the next character is '='; skips white space before it. */
static gboolean
is_at_assignment (TextScanner *scanner)
{
  TextScanner ahead = *scanner;

  skip_spaces (&ahead);
  if (*ahead.at == '=')
    *scanner = ahead;
  return *ahead.at == '=';
}

/* Checks the next piece of the text, which is not at its end. */
static gboolean
check_next (TextScanner *scanner, GError **error)
{
  guint line = scanner->line;
  g_autofree char *word = NULL;

  if (*scanner->at == '!' || *scanner->at == ':')
    return check_link (scanner, error);
  word = read_word (scanner, "!=()");
  if (is_media_type (word))
    return check_caps (scanner, word, line, error);
  if (*scanner->at == '(' || *scanner->at == ')')
    {
      set_error (error, scanner->file, scanner->line, "bins inside a description are not allowed");
      return FALSE;
    }
  if (is_at_assignment (scanner))
    return check_assignment (scanner, word, error);
  return check_word (scanner, word, line, error);
}

gboolean
vgw_pipeline_text_check (const char *file, const char *text, const char *const *extra_elements, GError **error)
{
  TextScanner scanner = { .file = file, .extra_elements = extra_elements, .at = text, .line = 1 };
  gboolean is_good = TRUE;

  scanner.names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  scanner.properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  skip_spaces (&scanner);
  while (is_good && *scanner.at != 0)
    {
      is_good = check_next (&scanner, error);
      skip_spaces (&scanner);
    }
  if (is_good && scanner.n_elements == 0)
    {
      set_error (error, file, 1, "the description has no elements");
      is_good = FALSE;
    }
  else if (is_good && scanner.previous == PIECE_LINK)
    {
      set_error (error, file, scanner.link_line, "there is no element after this link (!)");
      is_good = FALSE;
    }
  g_free (scanner.factory);
  g_hash_table_unref (scanner.names);
  g_hash_table_unref (scanner.properties);
  return is_good;
}

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-';
}

/* The position of the whole word @word (@length bytes) in @text, or NULL. */
static const char *
find_word (const char *text, const char *word, gsize length)
{
  for (const char *at = text; (at = strchr (at, word[0])) != NULL; at++)
    {
      if (strncmp (at, word, length) == 0 && !is_word_char (at[length]) && (at == text || !is_word_char (at[-1])))
        return at;
    }
  return NULL;
}

/* The same; where it is not found, without the number that GStreamer appends to unnamed elements. */
static const char *
find_element (const char *text, const char *word, gsize length)
{
  const char *at = find_word (text, word, length);

  while (at == NULL && length > 1 && g_ascii_isdigit (word[length - 1]))
    at = find_word (text, word, --length);
  return at;
}

/* The position of the words in double quotes: property, element and value. The property is searched after its element.
 * */
static const char *
find_quoted (const char *text, const char *message)
{
  g_auto (GStrv) parts = g_strsplit (message, "\"", 6);
  const char *element, *property;

  if (g_strv_length (parts) < 3 || parts[1][0] == 0)
    return NULL;
  if (parts[3] == NULL || parts[4] == NULL || parts[3][0] == 0)
    return find_element (text, parts[1], strlen (parts[1]));
  element = find_element (text, parts[3], strlen (parts[3]));
  property = find_word (element != NULL ? element : text, parts[1], strlen (parts[1]));
  return property != NULL ? property : element;
}

guint
vgw_pipeline_text_guess_line (const char *text, const char *message)
{
  const char *at = find_quoted (text, message);

  for (const char *word = message; at == NULL && *word != 0;)
    {
      gsize length = 0;

      while (is_word_char (word[length]))
        length++;
      if (length > 3)
        at = find_element (text, word, length);
      word += MAX (length, 1);
    }
  if (at == NULL)
    at = text + strspn (text, " \t\r\n");
  return line_of (text, at);
}
