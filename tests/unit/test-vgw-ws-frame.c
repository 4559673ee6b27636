#include "net/vgw-ws-frame.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define MAX_MESSAGE_BYTES 65536

static const guint8 mask[4] = { 0x11, 0x22, 0x33, 0x44 };

typedef struct
{
  guint8 opcode;
  gboolean is_fragment;
  gboolean is_unmasked;
  gsize n_length_bytes; /* 0, 2 or 8; for lengths that are not in their shortest form */
} FrameOptions;

static void
append_frame_full (GByteArray *out, const char *payload, gsize length, const FrameOptions *options)
{
  gsize n_extended = options->n_length_bytes;
  guint8 header[2];

  if (n_extended == 0)
    n_extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  header[0] = (options->is_fragment ? 0 : 0x80) | options->opcode;
  header[1] = (options->is_unmasked ? 0 : 0x80) | (n_extended == 0 ? length : n_extended == 2 ? 126 : 127);
  g_byte_array_append (out, header, 2);
  for (gsize i = 0; i < n_extended; i++)
    g_byte_array_append (out, &(guint8){ (guint64) length >> 8 * (n_extended - 1 - i) }, 1);
  if (!options->is_unmasked)
    g_byte_array_append (out, mask, 4);
  for (gsize i = 0; i < length; i++)
    g_byte_array_append (out, &(guint8){ payload[i] ^ (options->is_unmasked ? 0 : mask[i % 4]) }, 1);
}

static void
append_frame (GByteArray *out, guint8 opcode, gboolean is_final, const char *payload)
{
  append_frame_full (out, payload, strlen (payload), &(FrameOptions){ .opcode = opcode, .is_fragment = !is_final });
}

/* The next message of @bytes, which lose what was taken. Every read gets a heap block of exactly its size. */
static VgwWsResult
read_next (VgwWsParser *parser, GByteArray *bytes, VgwWsMessage *message, GError **error)
{
  gsize length = bytes->len;
  g_autofree guint8 *copy = g_memdup2 (bytes->data, length);
  gsize n_taken;
  VgwWsResult result = vgw_ws_parser_read (parser, copy, length, &n_taken, message, error);

  g_byte_array_remove_range (bytes, 0, n_taken);
  return result;
}

static void
assert_message (VgwWsParser *parser, GByteArray *bytes, VgwWsOpcode opcode, const char *text)
{
  VgwWsMessage message;
  g_autoptr (GError) error = NULL;
  VgwWsResult result = read_next (parser, bytes, &message, &error);

  ck_assert_msg (result == VGW_WS_MESSAGE, "%s", error != NULL ? error->message : "wants more");
  ck_assert_int_eq (message.opcode, opcode);
  ck_assert_uint_eq (message.length, strlen (text));
  ck_assert_mem_eq (message.data, text, message.length + 1);
}

static void
assert_fails (GByteArray *bytes, guint16 close_code)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  VgwWsMessage message;
  VgwWsResult result;
  g_autoptr (GError) error = NULL;

  while ((result = read_next (parser, bytes, &message, &error)) == VGW_WS_MESSAGE)
    continue;
  ck_assert_int_eq (result, VGW_WS_FAILED);
  ck_assert_uint_eq (vgw_ws_parser_get_close_code (parser), close_code);
  ck_assert_int_eq (error->domain, VGW_ERROR);
  ck_assert_int_eq (error->code, close_code == 1009 ? VGW_ERROR_TOO_LARGE : VGW_ERROR_BAD_MESSAGE);
  ck_assert_uint_eq (vgw_ws_parser_get_held_bytes (parser), 0);
}

static void
assert_frame_fails (const FrameOptions *options, const char *payload, gsize length, guint16 close_code)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_frame_full (bytes, payload, length, options);
  assert_fails (bytes, close_code);
}

START_TEST (texts_come_out_one_by_one)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  VgwWsMessage message;

  append_frame (bytes, VGW_WS_TEXT, TRUE, "one");
  append_frame (bytes, VGW_WS_TEXT, TRUE, "");
  append_frame (bytes, VGW_WS_BINARY, TRUE, "three");
  assert_message (parser, bytes, VGW_WS_TEXT, "one");
  assert_message (parser, bytes, VGW_WS_TEXT, "");
  assert_message (parser, bytes, VGW_WS_BINARY, "three");
  ck_assert_int_eq (read_next (parser, bytes, &message, NULL), VGW_WS_MORE);
}
END_TEST

START_TEST (lengths_of_every_form_are_read)
{
  static const gsize lengths[] = { 1, 125, 126, 127, 65535, 65536 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autofree char *text = g_strnfill (lengths[i], 'x');

      append_frame (bytes, VGW_WS_TEXT, TRUE, text);
      assert_message (parser, bytes, VGW_WS_TEXT, text);
    }
}
END_TEST

START_TEST (bytes_one_at_a_time_make_the_same_messages)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *text = g_strnfill (300, 'x');

  append_frame (bytes, VGW_WS_TEXT, TRUE, text);
  append_frame (bytes, VGW_WS_TEXT, FALSE, "a");
  append_frame (bytes, 0, TRUE, "b");
  for (guint i = 0; i < bytes->len; i++)
    {
      VgwWsMessage message;
      gsize n_taken;

      if (vgw_ws_parser_read (parser, bytes->data + i, 1, &n_taken, &message, NULL) == VGW_WS_MESSAGE)
        g_string_append_printf (out, "%zu;", message.length);
      ck_assert_uint_eq (n_taken, 1);
    }
  ck_assert_str_eq (out->str, "300;2;");
}
END_TEST

START_TEST (fragments_make_one_message_around_a_ping)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_frame (bytes, VGW_WS_TEXT, FALSE, "Hel");
  append_frame (bytes, VGW_WS_PING, TRUE, "are you there");
  append_frame (bytes, 0, FALSE, "l");
  append_frame (bytes, 0, TRUE, "o");
  append_frame (bytes, VGW_WS_TEXT, TRUE, "next");
  assert_message (parser, bytes, VGW_WS_PING, "are you there");
  assert_message (parser, bytes, VGW_WS_TEXT, "Hello");
  assert_message (parser, bytes, VGW_WS_TEXT, "next");
}
END_TEST

START_TEST (a_character_may_be_split_over_fragments)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_frame (bytes, VGW_WS_TEXT, FALSE, "\xc3");
  append_frame (bytes, 0, TRUE, "\xa4");
  assert_message (parser, bytes, VGW_WS_TEXT, "ä");
}
END_TEST

START_TEST (nul_is_a_character_of_text)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  VgwWsMessage message;

  append_frame_full (bytes, "a\0b", 3, &(FrameOptions){ .opcode = VGW_WS_TEXT });
  ck_assert_int_eq (read_next (parser, bytes, &message, NULL), VGW_WS_MESSAGE);
  ck_assert_uint_eq (message.length, 3);
}
END_TEST

START_TEST (one_byte_over_the_bound_fails)
{
  g_autofree char *text = g_strnfill (MAX_MESSAGE_BYTES + 1, 'x');

  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT }, text, MAX_MESSAGE_BYTES + 1, 1009);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_BINARY }, text, MAX_MESSAGE_BYTES + 1, 1009);
}
END_TEST

START_TEST (a_length_that_is_only_announced_costs_nothing)
{
  static const guint8 huge[] = { 0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 };
  static const guint8 negative[] = { 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, huge, sizeof huge);
  assert_fails (bytes, 1009);
  g_byte_array_set_size (bytes, 0);
  g_byte_array_append (bytes, negative, sizeof negative);
  assert_fails (bytes, 1002);
}
END_TEST

START_TEST (the_bound_is_of_all_fragments_together)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *text = g_strnfill (30000, 'x');

  append_frame (bytes, VGW_WS_TEXT, FALSE, text);
  append_frame (bytes, 0, FALSE, text);
  append_frame (bytes, 0, FALSE, text);
  assert_fails (bytes, 1009);
}
END_TEST

START_TEST (thousands_of_fragments_end_at_a_bound)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  VgwWsMessage message;
  g_autoptr (GError) error = NULL;

  append_frame (bytes, VGW_WS_TEXT, FALSE, "");
  for (int i = 0; i < 3000; i++)
    append_frame (bytes, 0, FALSE, "");
  ck_assert_int_eq (read_next (parser, bytes, &message, &error), VGW_WS_FAILED);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
  ck_assert_uint_lt (vgw_ws_parser_get_n_frames (parser), 600);
}
END_TEST

START_TEST (frames_that_break_the_protocol_fail)
{
  g_autofree char *text = g_strnfill (126, 'x');
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT, .is_unmasked = TRUE }, "hi", 2, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = 0x3 }, "", 0, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = 0xb }, "", 0, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = 0x40 | VGW_WS_TEXT }, "", 0, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = 0 }, "lost", 4, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_PING, .is_fragment = TRUE }, "x", 1, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_PING }, text, 126, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT, .n_length_bytes = 2 }, "hi", 2, 1002);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT, .n_length_bytes = 8 }, text, 126, 1002);
  append_frame (bytes, VGW_WS_TEXT, FALSE, "a");
  append_frame (bytes, VGW_WS_TEXT, TRUE, "b");
  assert_fails (bytes, 1002);
}
END_TEST

START_TEST (text_that_is_not_utf8_fails)
{
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT }, "a\xff", 2, 1007);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT }, "\xc3", 1, 1007);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT }, "\xed\xa0\x80", 3, 1007);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_TEXT }, "a\0\xff", 3, 1007);
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_CLOSE }, "\x03\xe8\xff", 3, 1007);
}
END_TEST

START_TEST (close_codes_are_checked)
{
  static const guint16 good[] = { 1000, 1001, 1003, 1007, 1009, 1011, 1014, 3000, 4999 };
  static const guint16 bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      VgwWsMessage message;
      char payload[] = { good[i] >> 8, good[i] & 0xff, 'x' };

      append_frame_full (bytes, payload, sizeof payload, &(FrameOptions){ .opcode = VGW_WS_CLOSE });
      ck_assert_int_eq (read_next (parser, bytes, &message, NULL), VGW_WS_MESSAGE);
      ck_assert_uint_eq (message.length, 3);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      char payload[] = { bad[i] >> 8, bad[i] & 0xff };

      assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_CLOSE }, payload, sizeof payload, 1002);
    }
  assert_frame_fails (&(FrameOptions){ .opcode = VGW_WS_CLOSE }, "x", 1, 1002);
}
END_TEST

START_TEST (nothing_is_read_after_a_failure)
{
  g_autoptr (VgwWsParser) parser = vgw_ws_parser_new (TRUE, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  VgwWsMessage message;

  append_frame_full (bytes, "hi", 2, &(FrameOptions){ .opcode = VGW_WS_TEXT, .is_unmasked = TRUE });
  ck_assert_int_eq (read_next (parser, bytes, &message, NULL), VGW_WS_FAILED);
  g_byte_array_set_size (bytes, 0);
  append_frame (bytes, VGW_WS_TEXT, TRUE, "good");
  ck_assert_int_eq (read_next (parser, bytes, &message, &error), VGW_WS_FAILED);
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
}
END_TEST

static void
assert_server_frame (gsize length, const char *header, gsize n_header)
{
  g_autofree char *text = g_strnfill (length, 'x');
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  vgw_ws_frame_append (frame, VGW_WS_TEXT, text, length, NULL);
  ck_assert_uint_eq (frame->len, n_header + length);
  ck_assert_mem_eq (frame->data, header, n_header);
  ck_assert_mem_eq (frame->data + n_header, text, length);
}

START_TEST (frames_of_a_server_have_the_shortest_header)
{
  assert_server_frame (0, "\x81\x00", 2);
  assert_server_frame (125, "\x81\x7d", 2);
  assert_server_frame (126, "\x81\x7e\x00\x7e", 4);
  assert_server_frame (65535, "\x81\x7e\xff\xff", 4);
  assert_server_frame (65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}
END_TEST

START_TEST (a_reason_for_closing_is_cut_between_characters)
{
  g_autoptr (GString) reason = g_string_new (NULL);
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  g_autoptr (GByteArray) bare = g_byte_array_new ();

  for (int i = 0; i < 100; i++)
    g_string_append (reason, "ä");
  vgw_ws_frame_append_close (frame, 1009, reason->str, NULL);
  ck_assert_uint_eq (frame->len, 2 + 2 + 122);
  ck_assert_mem_eq (frame->data, "\x88\x7c\x03\xf1", 4);
  ck_assert (g_utf8_validate ((const char *) frame->data + 4, 122, NULL));
  vgw_ws_frame_append_close (bare, 1001, NULL, NULL);
  ck_assert_uint_eq (bare->len, 4);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ws-frame");
  TCase *good = tcase_create ("reading");
  TCase *bad = tcase_create ("hostile");
  TCase *writing = tcase_create ("writing");

  tcase_add_test (good, texts_come_out_one_by_one);
  tcase_add_test (good, lengths_of_every_form_are_read);
  tcase_add_test (good, bytes_one_at_a_time_make_the_same_messages);
  tcase_add_test (good, fragments_make_one_message_around_a_ping);
  tcase_add_test (good, a_character_may_be_split_over_fragments);
  tcase_add_test (good, nul_is_a_character_of_text);
  suite_add_tcase (suite, good);
  tcase_add_test (bad, one_byte_over_the_bound_fails);
  tcase_add_test (bad, a_length_that_is_only_announced_costs_nothing);
  tcase_add_test (bad, the_bound_is_of_all_fragments_together);
  tcase_add_test (bad, thousands_of_fragments_end_at_a_bound);
  tcase_add_test (bad, frames_that_break_the_protocol_fail);
  tcase_add_test (bad, text_that_is_not_utf8_fails);
  tcase_add_test (bad, close_codes_are_checked);
  tcase_add_test (bad, nothing_is_read_after_a_failure);
  suite_add_tcase (suite, bad);
  tcase_add_test (writing, frames_of_a_server_have_the_shortest_header);
  tcase_add_test (writing, a_reason_for_closing_is_cut_between_characters);
  suite_add_tcase (suite, writing);
  return suite;
}
