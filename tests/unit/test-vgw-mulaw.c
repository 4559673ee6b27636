#include "engine/dialects/vgw-mulaw.h"

#include <check.h>
#include <stdlib.h>

#include "run-suite.h"

/* Levels of ITU-T G.711 table 2a (14 bits, here times four): the first and the last of each segment, positive. */
static const struct
{
  guint8 octet;
  gint16 level;
} levels[] = {
  { 0xff, 0 },    { 0xfe, 8 },    { 0xf0, 120 },   { 0xef, 132 },   { 0xe0, 372 },   { 0xdf, 396 },
  { 0xd0, 876 },  { 0xcf, 924 },  { 0xc0, 1884 },  { 0xbf, 1980 },  { 0xb0, 3900 },  { 0xaf, 4092 },
  { 0xa0, 7932 }, { 0x9f, 8316 }, { 0x90, 15996 }, { 0x8f, 16764 }, { 0x80, 32124 },
};

START_TEST (the_levels_are_those_of_the_recommendation)
{
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      ck_assert_int_eq (vgw_mulaw_decode (levels[i].octet), levels[i].level);
      ck_assert_int_eq (vgw_mulaw_decode (levels[i].octet & 0x7f), -levels[i].level);
    }
}
END_TEST

START_TEST (every_octet_comes_back)
{
  for (guint octet = 0; octet < 256; octet++)
    {
      /* there are two zeros; the encoder knows the positive one */
      guint8 wanted = octet == 0x7f ? 0xff : (guint8) octet;
      ck_assert_uint_eq (vgw_mulaw_encode (vgw_mulaw_decode ((guint8) octet)), wanted);
    }
}
END_TEST

/* Where one segment ends and the next begins: the decision values of table 2a, here times four. */
static const gint16 segment_ends[] = { 124, 380, 892, 1916, 3964, 8060, 16252 };

START_TEST (segments_begin_at_the_decision_values)
{
  for (guint i = 0; i < G_N_ELEMENTS (segment_ends); i++)
    {
      const guint8 last = 0xf0 - 0x10 * i, first = last - 1;
      ck_assert_uint_eq (vgw_mulaw_encode (segment_ends[i] - 1), last);
      ck_assert_uint_eq (vgw_mulaw_encode (segment_ends[i]), first);
      ck_assert_uint_eq (vgw_mulaw_encode (-segment_ends[i] + 1), last & 0x7f);
      ck_assert_uint_eq (vgw_mulaw_encode (-segment_ends[i]), first & 0x7f);
    }
}
END_TEST

START_TEST (a_sample_is_off_by_half_a_step_at_most)
{
  for (int sample = -32635; sample <= 32635; sample++)
    {
      const guint8 octet = vgw_mulaw_encode ((gint16) sample);
      const int error = abs (vgw_mulaw_decode (octet) - sample);
      const int half_step = 4 << ((~octet >> 4) & 0x07);

      if (error > half_step)
        ck_abort_msg ("%d: off by %d", sample, error);
    }
}
END_TEST

START_TEST (overload_is_the_last_level)
{
  ck_assert_uint_eq (vgw_mulaw_encode (G_MAXINT16), 0x80);
  ck_assert_uint_eq (vgw_mulaw_encode (G_MININT16), 0x00);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-mulaw");
  TCase *tcase = tcase_create ("mulaw");

  tcase_add_test (tcase, the_levels_are_those_of_the_recommendation);
  tcase_add_test (tcase, every_octet_comes_back);
  tcase_add_test (tcase, segments_begin_at_the_decision_values);
  tcase_add_test (tcase, a_sample_is_off_by_half_a_step_at_most);
  tcase_add_test (tcase, overload_is_the_last_level);
  suite_add_tcase (suite, tcase);
  return suite;
}
