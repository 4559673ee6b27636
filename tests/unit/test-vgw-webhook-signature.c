#include "manager/vgw-webhook-signature.h"

#include <check.h>
#include <string.h>

#include "base/vgw-error.h"
#include "run-suite.h"

/* From the test suite of the libraries at https://www.standardwebhooks.com. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP 1614265330
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static char *
sign (const char *first, const char *second)
{
  g_autoptr (GPtrArray) secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GBytes) body = g_bytes_new_static (BODY, strlen (BODY));

  g_ptr_array_add (secrets, vgw_webhook_secret_parse (first, NULL));
  if (second != NULL)
    g_ptr_array_add (secrets, vgw_webhook_secret_parse (second, NULL));
  return vgw_webhook_sign (secrets, ID, TIMESTAMP, body);
}

START_TEST (the_published_example_has_its_signature)
{
  g_autofree char *signature = sign (SECRET, NULL);

  ck_assert_str_eq (signature, SIGNATURE);
}
END_TEST

START_TEST (while_a_secret_is_replaced_both_sign)
{
  g_autofree char *signature = sign (SECRET, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

  ck_assert (g_str_has_prefix (signature, SIGNATURE " v1,"));
  ck_assert_ptr_null (strstr (signature + strlen (SIGNATURE) + 1, SIGNATURE));
}
END_TEST

static const struct
{
  const char *text;
  gboolean is_good;
} secrets[] = {
  { SECRET, TRUE },                                       /* 24 bytes */
  { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", FALSE },    /* 23 */
  { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", TRUE }, /* 25 */
  { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", FALSE },     /* cut short */
  { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa w", FALSE },    /* no base64 */
  { "whsec_MfKQ9r8GKYqrTwjUPD8I=PZIo2LaLaSw", FALSE },    /* padding in the middle */
  { "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", FALSE },          /* no prefix */
  { "whsec_", FALSE },
  { "", FALSE },
};

START_TEST (a_secret_is_checked)
{
  g_autoptr (GError) error = NULL;
  GBytes *secret = vgw_webhook_secret_parse (secrets[_i].text, &error);

  ck_assert_msg ((secret != NULL) == secrets[_i].is_good, "\"%s\"", secrets[_i].text);
  if (secret != NULL)
    g_bytes_unref (secret);
  else
    ck_assert (g_error_matches (error, VGW_ERROR, VGW_ERROR_CONFIG));
  if (error != NULL && *secrets[_i].text != '\0' && strlen (secrets[_i].text) > 10)
    ck_assert_ptr_null (strstr (error->message, secrets[_i].text));
}
END_TEST

START_TEST (a_secret_of_more_than_64_bytes_is_refused)
{
  guint8 bytes[VGW_WEBHOOK_MAX_SECRET_BYTES + 1] = { 0 };

  for (gsize length = VGW_WEBHOOK_MAX_SECRET_BYTES; length <= sizeof bytes; length++)
    {
      g_autofree char *base64 = g_base64_encode (bytes, length);
      g_autofree char *text = g_strconcat ("whsec_", base64, NULL);
      g_autoptr (GBytes) secret = vgw_webhook_secret_parse (text, NULL);

      ck_assert ((secret != NULL) == (length == VGW_WEBHOOK_MAX_SECRET_BYTES));
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-webhook-signature");
  TCase *tcase = tcase_create ("signature");

  tcase_add_test (tcase, the_published_example_has_its_signature);
  tcase_add_test (tcase, while_a_secret_is_replaced_both_sign);
  tcase_add_loop_test (tcase, a_secret_is_checked, 0, G_N_ELEMENTS (secrets));
  tcase_add_test (tcase, a_secret_of_more_than_64_bytes_is_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}
