#include "base/vgw-url.h"

#include <check.h>

#include "run-suite.h"

typedef struct
{
  const char *url, *stripped, *origin;
} Case;

START_TEST (secrets_are_left_out)
{
  static const Case cases[] = {
    { "wss://user:secret@bot.example:8443/chat?key=secret#secret", "wss://bot.example:8443/chat",
      "wss://bot.example:8443" },
    { "https://hooks.example/services/secret?token=secret", "https://hooks.example/services/secret",
      "https://hooks.example" },
    { "redis://:secret@[::1]:6379/1", "redis://[::1]:6379/1", "redis://[::1]:6379" },
    { "unix:/run/redis.sock", "unix:/run/redis.sock", NULL },
    { "no url", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *stripped = vgw_url_strip (cases[i].url);
      g_autofree char *origin = vgw_url_get_origin (cases[i].url);

      ck_assert_pstr_eq (stripped, cases[i].stripped);
      ck_assert_pstr_eq (origin, cases[i].origin);
    }
}
END_TEST

Suite *
test_suite (void)
{
  Suite *suite = suite_create ("vgw-url");
  TCase *tcase = tcase_create ("url");

  tcase_add_test (tcase, secrets_are_left_out);
  suite_add_tcase (suite, tcase);
  return suite;
}
