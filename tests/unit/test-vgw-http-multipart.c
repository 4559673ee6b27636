/* The bodies of forms. */
#include "net/vgw-http-multipart.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

#define FORM "multipart/form-data; boundary=xyz"
#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"

static GPtrArray *
parse (const char *content_type, const char *body, GError **error)
{
  return vgw_http_multipart_parse (content_type, body, strlen (body), error);
}

START_TEST (parts_have_their_name_type_and_text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) parts =
      parse ("Multipart/form-data; charset=utf-8; Boundary=\"x;yz\"",
             "--x;yz\r\n" HEAD ("sdp") "Content-Type: application/sdp; a=b\r\n\r\n"
                                       "v=0\r\n--x\r\n\r\n--x;yz \r\n" HEAD ("session") "\r\n{}\r\n--x;yz--\r\nmore",
             &error);
  const VgwHttpPart *sdp, *session;

  ck_assert_msg (parts != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (parts->len, 2);
  sdp = vgw_http_multipart_find (parts, "sdp");
  session = vgw_http_multipart_find (parts, "session");
  ck_assert_str_eq (sdp->content_type, "application/sdp");
  ck_assert_str_eq (sdp->text, "v=0\r\n--x\r\n");
  ck_assert_uint_eq (sdp->length, strlen (sdp->text));
  ck_assert_ptr_null (session->content_type);
  ck_assert_str_eq (session->text, "{}");
  ck_assert_ptr_null (vgw_http_multipart_find (parts, "SDP"));
}
END_TEST

START_TEST (a_preamble_and_an_unquoted_name_are_accepted)
{
  g_autoptr (GPtrArray) parts = parse (FORM,
                                       "some text\r\n--xyz\r\ncontent-disposition : form-data; filename=\"a; name=b\"; "
                                       "name=sdp \r\n\r\n1\r\n--xyz--",
                                       NULL);

  ck_assert_ptr_nonnull (parts);
  ck_assert_str_eq (vgw_http_multipart_find (parts, "sdp")->text, "1");
}
END_TEST

static const struct
{
  const char *content_type, *body, *message;
} refused[] = {
  { "multipart/form-data", "--xyz--", "no boundary" },
  { "multipart/form-data; boundary=\"\"", "----", "no boundary" },
  { FORM, "", "no boundary" },
  { FORM, "--xy\r\n", "no boundary" },
  { FORM, "--xyz", "no line break" },
  { FORM, "--xyz\r\n" HEAD ("a") "\r\n1", "no last boundary" },
  { FORM, "--xyz\r\n" HEAD ("a") "\r\n1\r\n--xyz", "no line break" },
  { FORM, "--xyz\r\nContent-Type: text/plain\r\n\r\n1\r\n--xyz--", "no name" },
  { FORM, "--xyz\r\n" HEAD ("a") "1\r\n--xyz--", "no name" }, /* no empty line ends its head */
};

START_TEST (what_is_no_form_is_refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (parse (refused[_i].content_type, refused[_i].body, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_BAD_MESSAGE));
  ck_assert_msg (strstr (error->message, refused[_i].message) != NULL, "%s", error->message);
}
END_TEST

START_TEST (the_number_of_parts_is_bounded)
{
  g_autoptr (GString) body = g_string_new ("--xyz");
  g_autoptr (GPtrArray) parts = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < VGW_HTTP_MULTIPART_MAX_PARTS; i++)
    g_string_append (body, "\r\n" HEAD ("a") "\r\n1\r\n--xyz");
  g_string_append (body, "--");
  parts = parse (FORM, body->str, NULL);
  ck_assert_uint_eq (parts->len, VGW_HTTP_MULTIPART_MAX_PARTS);
  g_string_truncate (body, body->len - 2);
  g_string_append (body, "\r\n" HEAD ("a") "\r\n1\r\n--xyz--");
  ck_assert_ptr_null (parse (FORM, body->str, &error));
  ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_TOO_LARGE));
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-http-multipart");
  TCase *tcase = tcase_create ("multipart");

  tcase_add_test (tcase, parts_have_their_name_type_and_text);
  tcase_add_test (tcase, a_preamble_and_an_unquoted_name_are_accepted);
  tcase_add_loop_test (tcase, what_is_no_form_is_refused, 0, G_N_ELEMENTS (refused));
  tcase_add_test (tcase, the_number_of_parts_is_bounded);
  suite_add_tcase (suite, tcase);
  return suite;
}
