/* Runs a fuzz target without libFuzzer: each file of the corpus as it is, then deterministic mutations of them. The
 * same seed gives the same inputs on every machine, so a failure in CI can be repeated. */
#include "fuzz.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_RUNS 4000
#define MAX_INPUT_BYTES (128 * 1024)
#define MAX_MUTATIONS 6
#define MAX_BLOCK_BYTES 64
#define MAX_SECONDS_PER_INPUT 20

/* Of the sanitizers' runtime, where there is one. */
void __sanitizer_set_death_callback (void (*callback) (void)) __attribute__ ((weak));

/* The input under test; file scope because a signal handler has to find it. */
static struct
{
  const uint8_t *bytes;
  size_t size;
} current;

static const char *const tokens[] = {
  "\"",
  "\\",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "=",
  ";",
  "#",
  "!",
  "\n",
  "\r\n",
  "%s",
  "%n",
  "0",
  "-",
  "1e999",
  "-1",
  "65536",
  "4294967296",
  "18446744073709551616",
  "\\u0000",
  "\\ud800",
  "\xff",
  "\xc3",
  "\xed\xa0\x80",
};

/* Async-signal-safe: only write (). */
static void
dump_current (void)
{
  static const char digits[] = "0123456789abcdef";
  static const char head[] = "\ninput that failed, in hexadecimal (xxd -r -p makes a file of it):\n";

  if (write (STDERR_FILENO, head, sizeof head - 1) < 0)
    return;
  for (size_t i = 0; i < current.size; i++)
    {
      char pair[2] = { digits[current.bytes[i] >> 4], digits[current.bytes[i] & 15] };
      if (write (STDERR_FILENO, pair, sizeof pair) < 0)
        return;
    }
  if (write (STDERR_FILENO, "\n", 1) < 0)
    return;
}

static void
on_signal (int number)
{
  dump_current ();
  signal (number, SIG_DFL);
  raise (number);
}

static void
run_input (const uint8_t *bytes, size_t size)
{
  /* A block of exactly the size, so that a read past the end is seen. */
  uint8_t *copy = malloc (size > 0 ? size : 1);

  if (size > 0)
    memcpy (copy, bytes, size);
  current.bytes = copy;
  current.size = size;
  alarm (MAX_SECONDS_PER_INPUT);
  LLVMFuzzerTestOneInput (copy, size);
  alarm (0);
  current.size = 0;
  free (copy);
}

static gboolean
load_file (GPtrArray *inputs, const char *path, GError **error)
{
  char *bytes;
  gsize size;

  if (!g_file_get_contents (path, &bytes, &size, error))
    return FALSE;
  g_ptr_array_add (inputs, g_bytes_new_take (bytes, size));
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
load_directory (GPtrArray *inputs, const char *path, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (directory == NULL)
    return FALSE;
  while ((name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      if (!load_file (inputs, g_ptr_array_index (names, i), error))
        return FALSE;
    }
  return TRUE;
}

static void
insert_block (GByteArray *input, const uint8_t *block, guint size, GRand *random)
{
  guint at = (guint) g_rand_int_range (random, 0, (gint32) input->len + 1);
  guint tail = input->len - at;
  g_autofree uint8_t *copy = g_memdup2 (block, size);

  g_byte_array_set_size (input, input->len + size);
  memmove (input->data + at + size, input->data + at, tail);
  memcpy (input->data + at, copy, size);
}

/* A random part of @input. */
static void
pick_block (const uint8_t *bytes, gsize n_bytes, GRand *random, guint *offset, guint *size)
{
  *offset = n_bytes > 0 ? (guint) g_rand_int_range (random, 0, (gint32) n_bytes) : 0;
  *size = (guint) g_rand_int_range (random, 0, (gint32) MIN (n_bytes - *offset, MAX_BLOCK_BYTES) + 1);
}

static void
mutate (GByteArray *input, GPtrArray *inputs, GRand *random)
{
  GBytes *other = g_ptr_array_index (inputs, g_rand_int_range (random, 0, (gint32) inputs->len));
  gsize other_size;
  const uint8_t *other_bytes = g_bytes_get_data (other, &other_size);
  const char *token = tokens[g_rand_int_range (random, 0, G_N_ELEMENTS (tokens))];
  guint offset, size;

  pick_block (input->data, input->len, random, &offset, &size);
  switch (g_rand_int_range (random, 0, 7))
    {
    case 0: /* one bit */
      if (input->len > 0)
        input->data[offset] ^= (uint8_t) (1 << g_rand_int_range (random, 0, 8));
      break;
    case 1: /* one byte */
      if (input->len > 0)
        input->data[offset] = (uint8_t) g_rand_int_range (random, 0, 256);
      break;
    case 2: /* a block out */
      if (size > 0)
        g_byte_array_remove_range (input, offset, size);
      break;
    case 3: /* a block twice */
      if (size > 0)
        insert_block (input, input->data + offset, size, random);
      break;
    case 4: /* the end off */
      if (input->len > 0 && g_rand_boolean (random))
        g_byte_array_set_size (input, offset);
      break;
    case 5: /* something that means something */
      insert_block (input, (const uint8_t *) token, (guint) strlen (token), random);
      break;
    default: /* a block of a neighbour in */
      pick_block (other_bytes, other_size, random, &offset, &size);
      if (size > 0)
        insert_block (input, other_bytes + offset, size, random);
      break;
    }
}

static void
run_mutations (GPtrArray *inputs, int n_runs, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (int i = 0; i < n_runs; i++)
    {
      GBytes *bytes = g_ptr_array_index (inputs, (guint) i % inputs->len);
      g_autoptr (GByteArray) input = g_byte_array_new ();
      int n_mutations = g_rand_int_range (random, 1, MAX_MUTATIONS + 1);

      g_byte_array_append (input, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
      for (int j = 0; j < n_mutations; j++)
        mutate (input, inputs, random);
      run_input (input->data, MIN (input->len, MAX_INPUT_BYTES));
    }
}

static GPtrArray *
load_inputs (char **paths, GError **error)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (; *paths != NULL; paths++)
    {
      gboolean is_directory = g_file_test (*paths, G_FILE_TEST_IS_DIR);
      if (!(is_directory ? load_directory (inputs, *paths, error) : load_file (inputs, *paths, error)))
        return NULL;
    }
  if (inputs->len == 0)
    {
      g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file in the corpus");
      return NULL;
    }
  return g_steal_pointer (&inputs);
}

int
main (int argc, char **argv)
{
  int n_runs = DEFAULT_RUNS;
  int seed = 1;
  g_auto (GStrv) paths = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) inputs = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE|DIRECTORY...");
  const GOptionEntry entries[] = {
    { "runs", 0, 0, G_OPTION_ARG_INT, &n_runs, "mutations to run", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "of the mutations", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || paths == NULL)
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "a corpus is needed");
      return 2;
    }
  inputs = load_inputs (paths, &error);
  if (inputs == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }

  LLVMFuzzerInitialize (&argc, &argv);
  if (__sanitizer_set_death_callback != NULL)
    __sanitizer_set_death_callback (dump_current);
  signal (SIGABRT, on_signal);
  signal (SIGTRAP, on_signal);
  signal (SIGALRM, on_signal);

  run_input ((const uint8_t *) "", 0);
  for (guint i = 0; i < inputs->len; i++)
    {
      GBytes *bytes = g_ptr_array_index (inputs, i);
      run_input (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }
  run_mutations (inputs, n_runs, (guint32) seed);
  printf ("%u files, %d mutations\n", inputs->len, n_runs);
  return 0;
}
