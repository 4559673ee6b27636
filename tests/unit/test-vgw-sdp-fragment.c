/* The bodies of WHIP's PATCH: RFC 9725 section 4.3, RFC 8840 section 9. */
#include "signaling/vgw-sdp-fragment.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define UFRAG "a=ice-ufrag:EsAw\r\n"
#define PWD "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"

static VgwSdpFragment *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VgwSdpFragment *fragment = vgw_sdp_fragment_parse (text, strlen (text), &error);

  ck_assert_msg (fragment != NULL, "%s: %s", text, error != NULL ? error->message : "no error");
  return fragment;
}

static void
assert_refused (const char *text, gsize length, const char *message_part)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_sdp_fragment_parse (text, length, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
  ck_assert_msg (strstr (error->message, message_part) != NULL, "%s", error->message);
}

static void
assert_candidate (VgwSdpFragment *fragment, guint index, const char *text, const char *mid)
{
  const VgwSdpCandidate *candidate = fragment->candidates->pdata[index];

  ck_assert_str_eq (candidate->text, text);
  ck_assert_pstr_eq (candidate->mid, mid);
}

START_TEST (candidates_have_the_mid_of_their_mline)
{
  g_autoptr (VgwSdpFragment) fragment = parse ("a=group:BUNDLE 0 1\r\n" UFRAG PWD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
                                               "a=mid:0\r\n"
                                               "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
                                               "a=candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n"
                                               "a=end-of-candidates\r\n"
                                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                                               "a=candidate:3 1 udp 1 192.0.2.1 1 typ host\r\n"
                                               "a=mid:data\r\n"
                                               "m=audio 9 X 0\r\n"
                                               "a=candidate:4 1 udp 1 192.0.2.1 1 typ host\r\n");

  ck_assert_str_eq (fragment->ufrag, "EsAw");
  ck_assert_str_eq (fragment->pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
  ck_assert_str_eq (fragment->mline, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
  ck_assert_str_eq (fragment->mid, "0");
  ck_assert (fragment->is_complete);
  ck_assert_uint_eq (fragment->candidates->len, 4);
  assert_candidate (fragment, 0, "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host", "0");
  assert_candidate (fragment, 1, "candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active", "0");
  assert_candidate (fragment, 2, "candidate:3 1 udp 1 192.0.2.1 1 typ host", "data");
  assert_candidate (fragment, 3, "candidate:4 1 udp 1 192.0.2.1 1 typ host", NULL);
}
END_TEST

/* A restart of a client that has gathered nothing yet; lines may end with LF alone, and the last one with nothing. */
START_TEST (credentials_are_enough)
{
  g_autoptr (VgwSdpFragment) fragment = parse ("a=ice-ufrag:ysXw\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k");

  ck_assert_str_eq (fragment->ufrag, "ysXw");
  ck_assert_str_eq (fragment->pwd, "vw5LmwG4y/e6dPP/zAP9Gp5k");
  ck_assert_ptr_null (fragment->mline);
  ck_assert_ptr_null (fragment->mid);
  ck_assert_uint_eq (fragment->candidates->len, 0);
  ck_assert (!fragment->is_complete);
}
END_TEST

/* What clients send that the grammar does not have: no credentials, the same ones on each m-line, other lines of SDP. */
START_TEST (what_clients_send_beside_the_grammar_is_taken)
{
  g_autoptr (VgwSdpFragment) bare = parse ("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n");
  g_autoptr (VgwSdpFragment) end = parse ("a=end-of-candidates\r\n");
  g_autoptr (VgwSdpFragment) twice =
      parse ("t=0 0\r\nm=audio 9 RTP/AVP 0\r\n" UFRAG PWD "\r\nm=video 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n" UFRAG PWD);

  assert_candidate (bare, 0, "candidate:1 1 udp 1 192.0.2.1 1 typ host", NULL);
  ck_assert (end->is_complete);
  ck_assert_str_eq (twice->ufrag, "EsAw");
}
END_TEST

START_TEST (what_is_no_fragment_is_refused)
{
  static const char nul[] = UFRAG PWD "a=x\0y\r\n";
  static const struct
  {
    const char *text;
    const char *message_part;
  } cases[] = {
    { "", "neither" },
    { "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n", "neither" },
    { "{\"candidate\":\"\"}", "is not SDP" },
    { "hello\r\n", "is not SDP" },
    { UFRAG PWD "=x\r\n", "is not SDP" },
    { UFRAG PWD "a=x\x01\r\n", "is not SDP" },
    { UFRAG, "only one" },
    { PWD, "only one" },
    { "a=ice-ufrag:abc\r\n" PWD, "malformed" },
    { "a=ice-ufrag:ab cd\r\n" PWD, "malformed" },
    { "a=ice-ufrag:\r\n" PWD, "malformed" },
    { UFRAG "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCB\r\n", "malformed" },
    { UFRAG PWD "a=ice-ufrag:other\r\n", "more than one" },
    { UFRAG PWD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=mid:0\r\n", "two mids" },
    { "\xff\xfe", "not text" },
  };
  g_autofree char *long_ufrag = g_strnfill (257, 'x');
  g_autofree char *too_long = g_strdup_printf ("a=ice-ufrag:%s\r\n" PWD, long_ufrag);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, strlen (cases[i].text), cases[i].message_part);
  assert_refused (nul, sizeof nul - 1, "not text");
  assert_refused (too_long, strlen (too_long), "malformed");
}
END_TEST

START_TEST (a_fragment_is_written_as_it_is_read)
{
  static const char *const text = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" UFRAG PWD
                                  "a=candidate:1 1 udp 2130706431 192.0.2.1 39132 typ host\r\na=end-of-candidates\r\n";
  g_autoptr (VgwSdpFragment) fragment = parse (text);
  g_autofree char *written = vgw_sdp_fragment_to_text (fragment);

  ck_assert (g_str_has_prefix (written, "a=ice-lite\r\n"));
  ck_assert_str_eq (written + strlen ("a=ice-lite\r\n"), text);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-sdp-fragment");
  TCase *fragment = tcase_create ("fragment");

  tcase_add_test (fragment, candidates_have_the_mid_of_their_mline);
  tcase_add_test (fragment, credentials_are_enough);
  tcase_add_test (fragment, what_clients_send_beside_the_grammar_is_taken);
  tcase_add_test (fragment, what_is_no_fragment_is_refused);
  tcase_add_test (fragment, a_fragment_is_written_as_it_is_read);
  suite_add_tcase (suite, fragment);
  return suite;
}
