#include <check.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "media/vgw-srtp-crypto.h"
#include "run-suite.h"

/* The packet of libsrtp's own srtp_validate (): key and salt, 12 bytes of header, 16 of payload, 10 of tag. */
static guint8 key[SRTP_MASTER_KEY_LEN] = {
  0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
  0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
};
static const guint8 plain[28] = {
  0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0xab, 0xab,
  0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
};
static const guint8 protected[38] = {
  0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78,
  0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb,
};

static srtp_t
new_session (srtp_ssrc_type_t direction)
{
  srtp_policy_t policy = { .ssrc = { .type = direction }, .key = key };
  srtp_t session = NULL;

  srtp_crypto_policy_set_rtp_default (&policy.rtp);
  srtp_crypto_policy_set_rtcp_default (&policy.rtcp);
  ck_assert_int_eq (srtp_create (&session, &policy), srtp_err_status_ok);
  return session;
}

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vgw_srtp_crypto_use (&error), "%s", error != NULL ? error->message : "");
}

START_TEST (a_packet_is_protected_as_by_libsrtp_itself)
{
  srtp_t session = new_session (ssrc_any_outbound);
  guint8 packet[sizeof plain + SRTP_MAX_TRAILER_LEN];
  int n_bytes = sizeof plain;

  memcpy (packet, plain, sizeof plain);
  ck_assert_int_eq (srtp_protect (session, packet, &n_bytes), srtp_err_status_ok);
  ck_assert_int_eq (n_bytes, sizeof protected);
  ck_assert_mem_eq (packet, protected, sizeof protected);
  srtp_dealloc (session);
}
END_TEST

START_TEST (a_packet_is_unprotected_once_and_not_if_it_was_changed)
{
  srtp_t session = new_session (ssrc_any_inbound);
  guint8 packet[sizeof protected];
  int n_bytes = sizeof protected;

  memcpy (packet, protected, sizeof protected);
  packet[sizeof plain - 1] ^= 1;
  ck_assert_int_eq (srtp_unprotect (session, packet, &n_bytes), srtp_err_status_auth_fail);

  n_bytes = sizeof protected;
  memcpy (packet, protected, sizeof protected);
  ck_assert_int_eq (srtp_unprotect (session, packet, &n_bytes), srtp_err_status_ok);
  ck_assert_int_eq (n_bytes, sizeof plain);
  ck_assert_mem_eq (packet, plain, sizeof plain);

  n_bytes = sizeof protected;
  memcpy (packet, protected, sizeof protected);
  ck_assert_int_eq (srtp_unprotect (session, packet, &n_bytes), srtp_err_status_replay_fail);
  srtp_dealloc (session);
}
END_TEST

/* Of all lengths up to some blocks, each with an index of its own. */
START_TEST (what_was_protected_comes_back)
{
  srtp_t sender = new_session (ssrc_any_outbound), receiver = new_session (ssrc_any_inbound);

  for (guint i = 0; i < 100; i++)
    {
      guint8 packet[12 + 100 + SRTP_MAX_TRAILER_LEN] = { 0x80, 0x0f, 0, (guint8) i, 0, 0, 0, 0, 0, 0, 0, 1 };
      guint8 before[sizeof packet];
      int n_bytes = 12 + (int) i, n_before = n_bytes;

      memset (packet + 12, (int) i, i);
      memcpy (before, packet, sizeof packet);
      ck_assert_int_eq (srtp_protect (sender, packet, &n_bytes), srtp_err_status_ok);
      if (i >= 8) /* of fewer bytes some may be as they were */
        ck_assert_mem_ne (packet + 12, before + 12, i);
      ck_assert_int_eq (srtp_unprotect (receiver, packet, &n_bytes), srtp_err_status_ok);
      ck_assert_int_eq (n_bytes, n_before);
      ck_assert_mem_eq (packet, before, (size_t) n_bytes);
    }
  srtp_dealloc (sender);
  srtp_dealloc (receiver);
}
END_TEST

START_TEST (it_may_be_chosen_again_beside_a_session)
{
  srtp_t session = new_session (ssrc_any_outbound), other;

  setup ();
  srtp_init (); /* as GStreamer's plugin does */
  other = new_session (ssrc_any_outbound);
  srtp_dealloc (other);
  srtp_dealloc (session);
}
END_TEST

/* Debian's libsrtp loads it for its own cipher. */
START_TEST (nss_is_not_loaded_for_a_session)
{
  srtp_t session = new_session (ssrc_any_outbound);
  g_autofree char *maps = NULL;

  ck_assert (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  ck_assert_ptr_null (strstr (maps, "libsoftokn3"));
  srtp_dealloc (session);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-srtp-crypto");
  TCase *tcase = tcase_create ("crypto");

  tcase_add_unchecked_fixture (tcase, setup, NULL);
  tcase_add_test (tcase, a_packet_is_protected_as_by_libsrtp_itself);
  tcase_add_test (tcase, a_packet_is_unprotected_once_and_not_if_it_was_changed);
  tcase_add_test (tcase, what_was_protected_comes_back);
  tcase_add_test (tcase, it_may_be_chosen_again_beside_a_session);
  tcase_add_test (tcase, nss_is_not_loaded_for_a_session);
  suite_add_tcase (suite, tcase);
  return suite;
}
