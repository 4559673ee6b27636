/* What a door looks at in whole descriptions. */
#include "signaling/vgw-sdp-sections.h"

#include <check.h>

#include "run-suite.h"

#define SESSION "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
#define NO_AUDIO "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
#define NO_VIDEO "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
#define DATA "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"

static const struct
{
  const char *offer, *answer;
  gboolean is_refused;
} answers[] = {
  { SESSION AUDIO, SESSION AUDIO, FALSE },
  { SESSION AUDIO "a=sendrecv\r\n", SESSION AUDIO "a=recvonly\r\n", FALSE },
  { SESSION AUDIO DATA, SESSION AUDIO DATA, FALSE },
  { SESSION AUDIO VIDEO, SESSION AUDIO VIDEO "a=inactive\r\n", TRUE },
  { SESSION AUDIO VIDEO, SESSION AUDIO NO_VIDEO, TRUE },
  { SESSION AUDIO VIDEO, SESSION AUDIO, TRUE },
  { SESSION AUDIO VIDEO, SESSION AUDIO "a=inactive\r\n" VIDEO, TRUE },
  { SESSION AUDIO VIDEO, "", TRUE },
  /* what the client does not want it does not miss */
  { SESSION AUDIO VIDEO "a=inactive\r\n", SESSION AUDIO VIDEO "a=inactive\r\n", FALSE },
  { SESSION AUDIO NO_VIDEO, SESSION AUDIO NO_VIDEO, FALSE },
  { SESSION NO_AUDIO "a=bundle-only\r\n", SESSION NO_AUDIO, TRUE },
  { SESSION NO_AUDIO "a=bundle-only\r\na=inactive\r\n", SESSION NO_AUDIO, FALSE },
  { SESSION NO_AUDIO "a=bundle-only\r\n", SESSION AUDIO, FALSE },
  /* a direction of the session is that of m-lines without one */
  { SESSION "a=inactive\r\n" AUDIO VIDEO "a=sendrecv\r\n", SESSION NO_AUDIO VIDEO, FALSE },
  { SESSION "a=inactive\r\n" AUDIO VIDEO "a=sendrecv\r\n", SESSION AUDIO NO_VIDEO, TRUE },
  /* lines may end with LF alone */
  { "v=0\nm=audio 9 X 0\na=inactive\n", "v=0\nm=audio 0 X 0\n", FALSE },
  { "", "", FALSE },
  { "m=\r\nm=audio\r\nm=audio x\r\n", "", FALSE },
};

START_TEST (a_refused_mline_is_found)
{
  ck_assert_int_eq (vgw_sdp_is_refused_in_part (answers[_i].offer, answers[_i].answer), answers[_i].is_refused);
}
END_TEST

START_TEST (the_first_ufrag_is_found)
{
  g_autofree char *ufrag = vgw_sdp_find_ufrag (SESSION AUDIO "a=ice-ufrag:0B8a\r\na=ice-pwd:x\r\na=ice-ufrag:y\r\n");
  g_autofree char *last = vgw_sdp_find_ufrag ("a=ice-ufrag:z");

  ck_assert_str_eq (ufrag, "0B8a");
  ck_assert_str_eq (last, "z");
  ck_assert_ptr_null (vgw_sdp_find_ufrag (SESSION AUDIO));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-sdp-sections");
  TCase *sections = tcase_create ("sections");

  tcase_add_loop_test (sections, a_refused_mline_is_found, 0, G_N_ELEMENTS (answers));
  tcase_add_test (sections, the_first_ufrag_is_found);
  suite_add_tcase (suite, sections);
  return suite;
}
