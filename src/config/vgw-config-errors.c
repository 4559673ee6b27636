#include "config/vgw-config-errors.h"

#include "base/vgw-error.h"

#define MAX_ERRORS 100u

struct _VgwConfigErrors
{
  GPtrArray *lines;
  guint n_more;
};

VgwConfigErrors *
vgw_config_errors_new (void)
{
  VgwConfigErrors *self = g_new0 (VgwConfigErrors, 1);

  self->lines = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
vgw_config_errors_free (VgwConfigErrors *self)
{
  g_ptr_array_unref (self->lines);
  g_free (self);
}

void
vgw_config_errors_add (VgwConfigErrors *self, GError *error)
{
  g_auto (GStrv) lines = error != NULL ? g_strsplit (error->message, "\n", -1) : NULL;

  for (char **line = lines; line != NULL && *line != NULL; line++)
    {
      if (g_ptr_array_find_with_equal_func (self->lines, *line, g_str_equal, NULL))
        continue;
      if (self->lines->len < MAX_ERRORS)
        g_ptr_array_add (self->lines, g_strdup (*line));
      else
        self->n_more++;
    }
  g_clear_error (&error);
}

gboolean
vgw_config_errors_raise (const VgwConfigErrors *self, GError **error)
{
  g_autoptr (GString) all = g_string_new (NULL);

  if (self->lines->len == 0)
    return TRUE;
  for (guint i = 0; i < self->lines->len; i++)
    g_string_append_printf (all, "%s%s", i > 0 ? "\n" : "", (const char *) self->lines->pdata[i]);
  if (self->n_more > 0)
    g_string_append_printf (all, "\nand %u more", self->n_more);
  g_set_error_literal (error, VGW_ERROR, VGW_ERROR_CONFIG, all->str);
  return FALSE;
}
