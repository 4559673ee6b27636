#include "assistant/vgw-assistant-sphinx.h"

#include <sphinxbase/err.h>

#include "base/vgw-log.h"

/* The libraries report the reason of an error only in their log. */
static GPrivate last_error = G_PRIVATE_INIT (g_free);

static void G_GNUC_PRINTF (3, 4) on_message (void *user_data, err_lvl_t level, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  if (level < ERR_WARN) /* dozens of lines for each utterance */
    return;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_strchomp (message);
  vgw_debug (NULL, "sphinx: %s", message); /* an utterance that does not match the grammar is logged as an error */
  if (level >= ERR_ERROR)
    g_private_replace (&last_error, g_steal_pointer (&message));
}

void
vgw_assistant_sphinx_init_log (void)
{
  static gsize is_done = 0;

  if (g_once_init_enter (&is_done))
    {
      err_set_callback (on_message, NULL);
      err_set_logfp (NULL); /* cmd_ln prints every option there */
      g_once_init_leave (&is_done, 1);
    }
}

char *
vgw_assistant_sphinx_take_error (void)
{
  char *message = g_strdup (g_private_get (&last_error));

  g_private_replace (&last_error, NULL);
  return message != NULL ? message : g_strdup ("no reason given");
}
