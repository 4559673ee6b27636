#include "signaling/vgw-sdp-sections.h"

#include <string.h>

typedef struct
{
  gboolean is_open; /* it has a port, or those of its bundle */
  gboolean is_inactive;
} Section;

static gboolean
is_wanted (const Section *section)
{
  return section->is_open && !section->is_inactive;
}

/* @section: of the session, or of an m-line. */
static void
read_attribute (Section *section, const char *attribute)
{
  if (strcmp (attribute, "inactive") == 0)
    section->is_inactive = TRUE;
  else if (strcmp (attribute, "sendrecv") == 0 || strcmp (attribute, "sendonly") == 0
           || strcmp (attribute, "recvonly") == 0)
    section->is_inactive = FALSE;
  else if (strcmp (attribute, "bundle-only") == 0) /* has port 0 (RFC 8843 section 6) */
    section->is_open = TRUE;
}

/* Section, one for each m-line. */
static GArray *
list_sections (const char *description)
{
  g_auto (GStrv) lines = g_strsplit (description, "\n", -1);
  GArray *sections = g_array_new (FALSE, FALSE, sizeof (Section));
  Section session = { 0 }; /* its direction is that of m-lines without one (RFC 8866 section 6.7) */
  Section *at = &session;

  for (char **line = lines; *line != NULL; line++)
    {
      g_strchomp (*line);
      if (g_str_has_prefix (*line, "m="))
        {
          const char *port = strchr (*line, ' ');
          Section section = { port != NULL && g_ascii_strtoull (port, NULL, 10) != 0, session.is_inactive };

          g_array_append_val (sections, section);
          at = &g_array_index (sections, Section, sections->len - 1);
        }
      else if (g_str_has_prefix (*line, "a="))
        read_attribute (at, *line + strlen ("a="));
    }
  return sections;
}

gboolean
vgw_sdp_is_refused_in_part (const char *offer, const char *answer)
{
  g_autoptr (GArray) offered = list_sections (offer);
  g_autoptr (GArray) answered = list_sections (answer);

  for (guint i = 0; i < offered->len; i++)
    if (is_wanted (&g_array_index (offered, Section, i))
        && (i >= answered->len || !is_wanted (&g_array_index (answered, Section, i))))
      return TRUE;
  return FALSE;
}

char *
vgw_sdp_find_ufrag (const char *description)
{
  static const char *const prefix = "a=ice-ufrag:";
  const char *found = strstr (description, prefix);

  if (found == NULL)
    return NULL;
  found += strlen (prefix);
  return g_strndup (found, strcspn (found, "\r\n"));
}
