#include "base/vgw-json.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

/* The text is put in a heap block of exactly its size, so that ASan sees a read past its end. */
static JsonObject *
parse_bytes (const char *bytes, gsize length, GError **error)
{
  g_autofree char *copy = g_memdup2 (bytes, length);

  return vgw_json_parse_object (copy, length, error);
}

static JsonObject *
parse (const char *text, GError **error)
{
  return parse_bytes (text, strlen (text), error);
}

static void
assert_refused_bytes (const char *bytes, gsize length, VgwErrorCode code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = parse_bytes (bytes, length, &error);

  ck_assert_msg (object == NULL, "accepted: %.*s", (int) MIN (length, 80), bytes);
  ck_assert_msg (g_error_matches (error, VGW_ERROR, (int) code), "%.*s: %s", (int) MIN (length, 80), bytes,
                 error != NULL ? error->message : "no error");
}

static void
assert_refused (const char *text)
{
  assert_refused_bytes (text, strlen (text), VGW_ERROR_BAD_MESSAGE);
}

static JsonObject *
assert_parsed (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = parse (text, &error);

  ck_assert_msg (object != NULL, "%s: %s", text, error != NULL ? error->message : "no error");
  ck_assert_ptr_null (error);
  return object;
}

/* {"a":{"a":…1…}} or {"a":[[…1…]]}, @depth containers in all. */
static char *
nested (guint depth, gboolean is_array)
{
  GString *text = g_string_new ("{\"a\":");

  for (guint i = 1; i < depth; i++)
    g_string_append (text, is_array ? "[" : "{\"a\":");
  g_string_append_c (text, '1');
  for (guint i = 1; i < depth; i++)
    g_string_append_c (text, is_array ? ']' : '}');
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

START_TEST (values_of_every_kind_arrive_as_written)
{
  g_autoptr (JsonObject) object =
      assert_parsed (" {\"s\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\xc3\xa9\", \"i\" : -7,\r\n\t"
                     "\"d\":-1.5e+2,\"t\":true,\"f\":false,\"n\":null,\"a\":[1,[],{}],\"o\":{\"k\":\"v\"}} ");

  ck_assert_str_eq (vgw_json_get_string (object, "s"), "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9");
  ck_assert_int_eq (vgw_json_get_int (object, "i", -10, 10, 0), -7);
  ck_assert (json_object_get_double_member (object, "d") == -150.0);
  ck_assert (json_object_get_boolean_member (object, "t"));
  ck_assert (!json_object_get_boolean_member (object, "f"));
  ck_assert (json_object_get_null_member (object, "n"));
  ck_assert_uint_eq (json_array_get_length (json_object_get_array_member (object, "a")), 3);
  ck_assert_str_eq (vgw_json_get_string (json_object_get_object_member (object, "o"), "k"), "v");
}
END_TEST

START_TEST (an_empty_object_is_an_object)
{
  g_autoptr (JsonObject) object = assert_parsed ("{}");

  ck_assert_uint_eq (json_object_get_size (object), 0);
}
END_TEST

START_TEST (the_extremes_of_int64_are_exact)
{
  g_autoptr (JsonObject) object = assert_parsed ("{\"max\":9223372036854775807,\"min\":-9223372036854775808,\"z\":-0}");

  ck_assert (vgw_json_get_int (object, "max", G_MININT64, G_MAXINT64, 0) == G_MAXINT64);
  ck_assert (vgw_json_get_int (object, "min", G_MININT64, G_MAXINT64, 0) == G_MININT64);
  ck_assert_int_eq (vgw_json_get_int (object, "z", -1, 1, 1), 0);
}
END_TEST

START_TEST (numbers_that_would_change_their_value_are_refused)
{
  assert_refused ("{\"a\":9223372036854775808}");
  assert_refused ("{\"a\":-9223372036854775809}");
  assert_refused ("{\"a\":12345678901234567890}");
  assert_refused ("{\"a\":1e999}");
  assert_refused ("{\"a\":-1e999}");
}
END_TEST

START_TEST (malformed_numbers_are_refused)
{
  static const char *const numbers[] = { "01",   "-",   "+1",    "1.", ".5",  "1e",       "1e+",       "0x10", "-01",
                                         "1.e3", "--1", "1_000", "1a", "NaN", "Infinity", "-Infinity", "1 2" };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":%s}", numbers[i]);
      assert_refused (text);
    }
}
END_TEST

START_TEST (what_only_json_glib_would_accept_is_refused)
{
  assert_refused ("");
  assert_refused (" \t\r\n");
  assert_refused ("var x={}");
  assert_refused ("var x = {\"a\":1};");
  assert_refused ("/* c */{}");
  assert_refused ("{}// c");
  assert_refused ("{\"a\":/* c */1}");
  assert_refused ("{\"a\":1 // c\n}");
  assert_refused ("# c\n{}");
  assert_refused ("{'a':1}");
  assert_refused ("{\"a\":'b'}");
  assert_refused ("{a:1}");
  assert_refused ("{\"a\":TRUE}");
  assert_refused ("{\"a\":undefined}");
  assert_refused ("{\"a\" 1}");
  assert_refused ("{\"a\":1,}");
  assert_refused ("{\"a\":[1,]}");
  assert_refused ("{\"a\":[,1]}");
  assert_refused ("{,}");
  assert_refused ("{\"a\":1 \"b\":2}");
  assert_refused ("{\"a\":[1 2]}");
}
END_TEST

START_TEST (roots_that_are_no_object_are_refused)
{
  assert_refused ("[]");
  assert_refused ("\"a\"");
  assert_refused ("1");
  assert_refused ("null");
  assert_refused ("true");
}
END_TEST

START_TEST (unbalanced_and_trailing_text_is_refused)
{
  assert_refused ("{");
  assert_refused ("}");
  assert_refused ("{}}");
  assert_refused ("{}{}");
  assert_refused ("{} x");
  assert_refused ("{},");
  assert_refused ("{\"a\":[}");
  assert_refused ("{\"a\":[1}]");
  assert_refused ("{\"a\":{]}");
  assert_refused ("{\"a\"");
  assert_refused ("{\"a\":");
  assert_refused ("{\"a\":tru");
  assert_refused ("{\"a\":nullx}");
}
END_TEST

START_TEST (every_truncation_of_a_message_is_refused)
{
  const char *text = "{\"type\":\"offer\",\"n\":[-1.5e3,true,null,{\"u\":\"\\ud83d\\ude00\\n\"}],\"x\":false}";

  for (gsize length = 0; length < strlen (text); length++)
    assert_refused_bytes (text, length, VGW_ERROR_BAD_MESSAGE);
}
END_TEST

START_TEST (nul_in_any_form_is_refused)
{
  static const char in_string[] = "{\"a\":\"x\0y\"}";
  static const char behind[] = "{}\0";
  static const char between[] = "{\"a\":\0 1}";

  assert_refused_bytes (in_string, sizeof in_string - 1, VGW_ERROR_BAD_MESSAGE);
  assert_refused_bytes (behind, sizeof behind - 1, VGW_ERROR_BAD_MESSAGE);
  assert_refused_bytes (between, sizeof between - 1, VGW_ERROR_BAD_MESSAGE);
  assert_refused ("{\"a\":\"x\\u0000y\"}");
  assert_refused ("{\"x\\u0000y\":1}");
}
END_TEST

START_TEST (bad_strings_are_refused)
{
  assert_refused ("{\"a\":\"\xff\"}");
  assert_refused ("{\"a\":\"\xc3\"}");
  assert_refused ("{\"a\":\"\xed\xa0\x80\"}"); /* a surrogate in UTF-8 */
  assert_refused ("{\"a\":\"\xc0\x80\"}");     /* NUL in too many bytes */
  assert_refused ("{\"a\":\"line\nline\"}");
  assert_refused ("{\"a\":\"\x1f\"}");
  assert_refused ("{\"a\":\"\\x41\"}");
  assert_refused ("{\"a\":\"\\'\"}");
  assert_refused ("{\"a\":\"\\u12\"}");
  assert_refused ("{\"a\":\"\\u12g4\"}");
  assert_refused ("{\"a\":\"\\ud83d\"}");
  assert_refused ("{\"a\":\"\\ud83dx\"}");
  assert_refused ("{\"a\":\"\\ud83d\\u0041\"}");
  assert_refused ("{\"a\":\"\\ud83d\\ud83d\"}");
  assert_refused ("{\"a\":\"\\ude00\"}");
}
END_TEST

START_TEST (nesting_is_bounded)
{
  for (int is_array = 0; is_array <= 1; is_array++)
    {
      g_autofree char *deepest = nested (VGW_JSON_MAX_DEPTH, is_array);
      g_autofree char *deeper = nested (VGW_JSON_MAX_DEPTH + 1, is_array);
      g_autoptr (JsonObject) object = assert_parsed (deepest);

      ck_assert_ptr_nonnull (object);
      assert_refused_bytes (deeper, strlen (deeper), VGW_ERROR_TOO_LARGE);
    }
}
END_TEST

START_TEST (a_flood_of_brackets_needs_no_stack)
{
  gsize length = 4 * 1024 * 1024;
  g_autofree char *flood = g_malloc (length);

  memset (flood, '[', length);
  memcpy (flood, "{\"a\":", 5);
  assert_refused_bytes (flood, length, VGW_ERROR_TOO_LARGE);
}
END_TEST

START_TEST (many_siblings_are_not_depth)
{
  GString *text = g_string_new ("{\"a\":[");
  g_autofree char *owned = NULL;
  g_autoptr (JsonObject) object = NULL;

  for (int i = 0; i < 1000; i++)
    g_string_append (text, "{\"b\":[{}]},");
  g_string_append (text, "0]}");
  owned = g_string_free (text, FALSE);
  object = assert_parsed (owned);
  ck_assert_uint_eq (json_array_get_length (json_object_get_array_member (object, "a")), 1001);
}
END_TEST

START_TEST (null_text_is_empty_text)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_json_parse_object (NULL, 0, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
}
END_TEST

START_TEST (errors_tell_where)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (parse ("{\"a\":x}", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "byte 5"));
}
END_TEST

START_TEST (names_match_without_case_and_exact_ones_win)
{
  g_autoptr (JsonObject) object = assert_parsed ("{\"TYPE\":\"upper\",\"type\":\"exact\",\"Payload\":\"p\"}");

  ck_assert_str_eq (vgw_json_get_string (object, "type"), "exact");
  ck_assert_str_eq (vgw_json_get_string (object, "TYPE"), "upper");
  ck_assert_str_eq (vgw_json_get_string (object, "tYpE"), "upper"); /* the first in the text */
  ck_assert_str_eq (vgw_json_get_string (object, "payload"), "p");
  ck_assert_ptr_null (vgw_json_get (object, "payloa"));
  ck_assert_ptr_null (vgw_json_get (object, ""));
}
END_TEST

START_TEST (strings_are_only_strings)
{
  g_autoptr (JsonObject) object = assert_parsed ("{\"i\":1,\"n\":null,\"a\":[\"x\"],\"o\":{},\"b\":true,\"s\":\"\"}");

  ck_assert_ptr_null (vgw_json_get_string (object, "i"));
  ck_assert_ptr_null (vgw_json_get_string (object, "n"));
  ck_assert_ptr_null (vgw_json_get_string (object, "a"));
  ck_assert_ptr_null (vgw_json_get_string (object, "o"));
  ck_assert_ptr_null (vgw_json_get_string (object, "b"));
  ck_assert_ptr_null (vgw_json_get_string (object, "absent"));
  ck_assert_str_eq (vgw_json_get_string (object, "s"), "");
}
END_TEST

START_TEST (integers_obey_their_range)
{
  g_autoptr (JsonObject) object = assert_parsed ("{\"i\":5,\"d\":5.0,\"e\":1e3,\"h\":0.5,\"big\":1e300,\"s\":\"5\","
                                                 "\"n\":null,\"b\":true}");

  ck_assert_int_eq (vgw_json_get_int (object, "i", 0, 10, -1), 5);
  ck_assert_int_eq (vgw_json_get_int (object, "I", 5, 5, -1), 5);
  ck_assert_int_eq (vgw_json_get_int (object, "i", 6, 10, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "i", 0, 4, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "d", 0, 10, -1), 5);
  ck_assert_int_eq (vgw_json_get_int (object, "e", 0, 1000, -1), 1000);
  ck_assert_int_eq (vgw_json_get_int (object, "h", 0, 10, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "big", G_MININT64, G_MAXINT64, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "s", 0, 10, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "n", 0, 10, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "b", 0, 10, -1), -1);
  ck_assert_int_eq (vgw_json_get_int (object, "absent", 0, 10, -1), -1);
}
END_TEST

START_TEST (text_written_is_text_read)
{
  const char *text = "{\"a\":\"x\\\"\\\\\\n\\u0001\",\"b\":[1,-2.5,true,null,{}]}";
  g_autoptr (JsonObject) object = assert_parsed (text);
  g_autofree char *written = vgw_json_object_to_text (object);
  g_autoptr (JsonObject) again = assert_parsed (written);
  g_autofree char *node_text = vgw_json_to_text (vgw_json_get (again, "b"));

  ck_assert_str_eq (vgw_json_get_string (again, "a"), "x\"\\\n\x01");
  ck_assert_str_eq (node_text, "[1,-2.5,true,null,{}]");
}
END_TEST

START_TEST (doubles_written_are_json)
{
  g_autoptr (JsonObject) object =
      assert_parsed ("{\"a\":1e20,\"b\":0.1,\"c\":5.0,\"d\":1e-7,\"e\":0.30000000000000004}");
  g_autofree char *text = vgw_json_object_to_text (object);
  g_autoptr (JsonObject) again = assert_parsed (text);

  ck_assert_str_eq (text, "{\"a\":1e+20,\"b\":0.1,\"c\":5.0,\"d\":1e-07,\"e\":0.30000000000000004}");
  ck_assert (json_object_get_double_member (again, "a") == 1e20);
}
END_TEST

START_TEST (what_json_cannot_say_is_written_as_json_all_the_same)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "bad",
                                 "a\xff"
                                 "b\x7f");
  json_object_set_double_member (object, "inf", INFINITY);
  json_object_set_double_member (object, "nan", NAN);
  json_object_set_string_member (object, "null", NULL);
  text = vgw_json_object_to_text (object);
  ck_assert_str_eq (text, "{\"bad\":\"a\xef\xbf\xbd"
                          "b\x7f\",\"inf\":null,\"nan\":null,\"null\":null}");
}
END_TEST

START_TEST (errors_have_wire_names)
{
  g_autoptr (GError) own = g_error_new_literal (VGW_ERROR, VGW_ERROR_TOO_LARGE, "x");
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, VGW_ERROR_BUSY, "x");

  ck_assert_str_eq (vgw_error_to_wire (own), "too-large");
  ck_assert_str_eq (vgw_error_to_wire (foreign), "internal");
  ck_assert_str_eq (vgw_error_to_wire (NULL), "internal");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_BAD_MESSAGE), "bad-message");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_BAD_STATE), "bad-state");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_UNAUTHORIZED), "unauthorized");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_BUSY), "busy");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_TIMEOUT), "timeout");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_ENGINE), "engine");
  ck_assert_str_eq (vgw_error_code_to_string (VGW_ERROR_CONFIG), "internal");
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-json");
  TCase *parsing = tcase_create ("parsing");
  TCase *access = tcase_create ("access");

  tcase_add_test (parsing, values_of_every_kind_arrive_as_written);
  tcase_add_test (parsing, an_empty_object_is_an_object);
  tcase_add_test (parsing, the_extremes_of_int64_are_exact);
  tcase_add_test (parsing, numbers_that_would_change_their_value_are_refused);
  tcase_add_test (parsing, malformed_numbers_are_refused);
  tcase_add_test (parsing, what_only_json_glib_would_accept_is_refused);
  tcase_add_test (parsing, roots_that_are_no_object_are_refused);
  tcase_add_test (parsing, unbalanced_and_trailing_text_is_refused);
  tcase_add_test (parsing, every_truncation_of_a_message_is_refused);
  tcase_add_test (parsing, nul_in_any_form_is_refused);
  tcase_add_test (parsing, bad_strings_are_refused);
  tcase_add_test (parsing, nesting_is_bounded);
  tcase_add_test (parsing, a_flood_of_brackets_needs_no_stack);
  tcase_add_test (parsing, many_siblings_are_not_depth);
  tcase_add_test (parsing, null_text_is_empty_text);
  tcase_add_test (parsing, errors_tell_where);
  suite_add_tcase (suite, parsing);
  tcase_add_test (access, names_match_without_case_and_exact_ones_win);
  tcase_add_test (access, strings_are_only_strings);
  tcase_add_test (access, integers_obey_their_range);
  tcase_add_test (access, text_written_is_text_read);
  tcase_add_test (access, doubles_written_are_json);
  tcase_add_test (access, what_json_cannot_say_is_written_as_json_all_the_same);
  tcase_add_test (access, errors_have_wire_names);
  suite_add_tcase (suite, access);
  return suite;
}
