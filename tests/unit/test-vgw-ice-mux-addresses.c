/* Where the shared port listens, and the addresses that it offers. */
#include "ice/vgw-ice-advertise.h"
#include "ice/vgw-ice-candidate.h"
#include "ice/vgw-ice-mux.h"

#include <check.h>
#include <gio/gio.h>

#include "run-suite.h"

#define RESOLVE_MS 20000

static VgwIceMux *mux;

static VgwIceMux *
make_mux (guint16 port, const char *bind_address, const char *const *advertise)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) addresses = NULL;
  VgwIceMux *made = vgw_ice_mux_new (port, bind_address, &error);

  ck_assert_msg (made != NULL, "%s", error != NULL ? error->message : "no error");
  if (advertise != NULL)
    {
      addresses = vgw_ice_advertise_resolve (advertise, RESOLVE_MS, &error);
      ck_assert_msg (addresses != NULL, "%s", error != NULL ? error->message : "no error");
      vgw_ice_mux_set_advertise (made, addresses);
    }
  return made;
}

static void
setup (void)
{
  mux = make_mux (0, NULL, NULL);
}

static void
teardown (void)
{
  vgw_ice_mux_shutdown (mux);
  g_clear_object (&mux);
}

START_TEST (a_port_that_is_taken_is_an_error)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *port = g_strdup_printf ("%u", vgw_ice_mux_get_port (mux));

  ck_assert_ptr_null (vgw_ice_mux_new (vgw_ice_mux_get_port (mux), NULL, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
  ck_assert_ptr_nonnull (strstr (error->message, port));
}
END_TEST

START_TEST (bad_addresses_are_errors_that_name_them)
{
  static const char *const BAD[] = { "127.0.0.1:99999", "example.org:0", "a b", "[::1",     "::1]",
                                     "1.2.3",           "0.0.0.0",       "",    "[1.2.3.4]" };

  for (guint i = 0; i < G_N_ELEMENTS (BAD); i++)
    {
      const char *const advertise[] = { BAD[i], NULL };
      g_autofree char *quoted = g_strdup_printf ("\"%s\"", BAD[i]);
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vgw_ice_advertise_resolve (advertise, RESOLVE_MS, &error));
      ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
      ck_assert_ptr_nonnull (strstr (error->message, quoted));
    }

  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vgw_ice_mux_new (0, "localhost", &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
}
END_TEST

/* The addresses that @other offers, one a line. */
static char *
describe_addresses (VgwIceMux *other)
{
  g_autoptr (GArray) addresses = vgw_ice_mux_list_addresses (other);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < addresses->len; i++)
    {
      char one[VGW_ICE_ADDRESS_TEXT_MAX];

      g_string_append_printf (text, "%s\n",
                              vgw_ice_address_to_string (&g_array_index (addresses, VgwIceAddress, i), one));
    }
  return g_string_free (text, FALSE);
}

START_TEST (candidates_are_what_is_advertised_or_bound)
{
  static const char *const ADVERTISE[] = { "203.0.113.5", "203.0.113.6:20000", "[2001:db8::1]:20001", "2001:db8::2",
                                           NULL };
  g_autoptr (VgwIceMux) named = make_mux (0, "127.0.0.1", ADVERTISE);
  g_autoptr (VgwIceMux) bound = make_mux (0, "127.0.0.1", NULL);
  g_autofree char *named_text = describe_addresses (named);
  g_autofree char *bound_text = describe_addresses (bound);
  g_autofree char *expected_named =
      g_strdup_printf ("203.0.113.5:%u\n203.0.113.6:20000\n[2001:db8::1]:20001\n[2001:db8::2]:%u\n",
                       vgw_ice_mux_get_port (named), vgw_ice_mux_get_port (named));
  g_autofree char *expected_bound = g_strdup_printf ("127.0.0.1:%u\n", vgw_ice_mux_get_port (bound));

  ck_assert_str_eq (named_text, expected_named);
  ck_assert_str_eq (bound_text, expected_bound);
  vgw_ice_mux_shutdown (named);
  vgw_ice_mux_shutdown (bound);
}
END_TEST

START_TEST (names_are_looked_up_and_can_change_later)
{
  static const char *const LOCALHOST[] = { "localhost:20002", "127.0.0.1:20002", NULL };
  static const char *const NOWHERE[] = { "nobody.invalid", NULL };
  g_autoptr (VgwIceMux) named = make_mux (0, "127.0.0.1", LOCALHOST);
  g_autofree char *by_name = describe_addresses (named);
  g_autofree char *found = NULL;
  g_autofree char *expected = g_strdup_printf ("127.0.0.1:%u\n", vgw_ice_mux_get_port (named));
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_nonnull (strstr (by_name, "127.0.0.1:20002\n"));
  ck_assert_ptr_eq (strstr (by_name, "127.0.0.1:20002\n"), g_strrstr (by_name, "127.0.0.1:20002\n")); /* once */
  vgw_ice_mux_set_advertise (named, NULL);
  found = describe_addresses (named);
  ck_assert_str_eq (found, expected);
  ck_assert_ptr_null (vgw_ice_advertise_resolve (NOWHERE, RESOLVE_MS, &error));
  ck_assert_int_eq (error->domain, G_IO_ERROR);
  ck_assert_ptr_nonnull (strstr (error->message, "\"nobody.invalid\""));
  vgw_ice_mux_shutdown (named);
}
END_TEST

START_TEST (more_addresses_than_candidates_are_an_error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) all = NULL;
  g_autoptr (GArray) too_many = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i <= VGW_ICE_MAX_CANDIDATES; i++)
    g_ptr_array_add (entries, g_strdup_printf ("192.0.2.%u", i + 1));
  g_ptr_array_add (entries, NULL);
  too_many = vgw_ice_advertise_resolve ((const char *const *) entries->pdata, RESOLVE_MS, &error);
  ck_assert_ptr_null (too_many);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  ck_assert_ptr_nonnull (strstr (error->message, "\"192.0.2.17\""));
  ck_assert_ptr_nonnull (strstr (error->message, "more than 16"));
  g_free (entries->pdata[VGW_ICE_MAX_CANDIDATES]);
  entries->pdata[VGW_ICE_MAX_CANDIDATES] = NULL;
  all = vgw_ice_advertise_resolve ((const char *const *) entries->pdata, RESOLVE_MS, NULL);
  ck_assert_uint_eq (all->len, VGW_ICE_MAX_CANDIDATES);
}
END_TEST

START_TEST (a_published_tcp_port_is_in_the_candidates)
{
  static const char *const ADVERTISE[] = { "203.0.113.6:20000", NULL };
  const VgwIceTcpSettings settings = { .advertised_port = 20003,
                                       .max_connections = 1,
                                       .max_connections_per_address = 1 };
  g_autoptr (VgwIceMux) published = make_mux (0, "127.0.0.1", ADVERTISE);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vgw_ice_mux_listen_tcp (published, &settings, &error), "%s", error != NULL ? error->message : "");
  text = describe_addresses (published);
  ck_assert_str_eq (text, "203.0.113.6:20000\n203.0.113.6:20003\n");
  vgw_ice_mux_shutdown (published);
}
END_TEST

/* Whatever machine this runs on: something is found, nothing link-local, loopback only when alone. */
START_TEST (candidates_are_found_without_configuration)
{
  g_autoptr (GArray) addresses = vgw_ice_mux_list_addresses (mux);
  guint n_loopback = 0;

  ck_assert_uint_gt (addresses->len, 0);
  for (guint i = 0; i < addresses->len; i++)
    {
      const VgwIceAddress *address = &g_array_index (addresses, VgwIceAddress, i);

      ck_assert_uint_eq (address->port, vgw_ice_mux_get_port (mux));
      ck_assert (!vgw_ice_address_is_link_local (address));
      n_loopback += vgw_ice_address_is_loopback (address);
      if (i > 0 && address->family == AF_INET6)
        ck_assert_int_eq (g_array_index (addresses, VgwIceAddress, i - 1).family, AF_INET6);
    }
  ck_assert (n_loopback == 0 || n_loopback == addresses->len);
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-ice-mux-addresses");
  TCase *tcase = tcase_create ("addresses");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, a_port_that_is_taken_is_an_error);
  tcase_add_test (tcase, bad_addresses_are_errors_that_name_them);
  tcase_add_test (tcase, candidates_are_what_is_advertised_or_bound);
  tcase_add_test (tcase, names_are_looked_up_and_can_change_later);
  tcase_add_test (tcase, more_addresses_than_candidates_are_an_error);
  tcase_add_test (tcase, a_published_tcp_port_is_in_the_candidates);
  tcase_add_test (tcase, candidates_are_found_without_configuration);
  suite_add_tcase (suite, tcase);
  return suite;
}
