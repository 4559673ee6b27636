#include "base/vgw-call-stats.h"

#include <math.h>

typedef struct
{
  const char *group; /* (nullable) for a member of the object itself */
  const char *name;
  gsize offset;
  gboolean is_number; /* a double, or a gint64 */
  enum
  {
    KEEP,
    SUM,
    LATEST,
  } add; /* as vgw_call_stats_add () */
} Member;

#define COUNT(group, name, add)                                                                                        \
  {                                                                                                                    \
#group, #name, G_STRUCT_OFFSET(VgwCallStats, group.name), FALSE, add                                               \
  }
#define NUMBER(group, name, add)                                                                                       \
  {                                                                                                                    \
#group, #name, G_STRUCT_OFFSET(VgwCallStats, group.name), TRUE, add                                                \
  }

static const Member members[] = {
  COUNT (received, packets, SUM),
  COUNT (received, bytes, SUM),
  COUNT (received, lost, SUM),
  COUNT (received, late, SUM),
  COUNT (received, reordered, SUM),
  COUNT (received, duplicated, SUM),
  COUNT (received, concealed_ms, SUM),
  COUNT (received, fec_ms, SUM),
  NUMBER (received, jitter_ms, LATEST),
  COUNT (sent, packets, SUM),
  COUNT (sent, bytes, SUM),
  COUNT (sent, lost, SUM),
  NUMBER (sent, jitter_ms, LATEST),
  { NULL, "round_trip_ms", G_STRUCT_OFFSET (VgwCallStats, round_trip_ms), TRUE, LATEST },
  COUNT (audio, caller_ms, KEEP),
  COUNT (audio, played_ms, KEEP),
  COUNT (audio, dropped_ms, KEEP),
  COUNT (audio, queued_ms, KEEP),
  COUNT (audio, shortened_pauses_ms, KEEP),
  COUNT (audio, shortened_speech_ms, KEEP),
  NUMBER (audio, caller_level, KEEP),
  NUMBER (audio, bot_level, KEEP),
  COUNT (setup, signaling_ms, KEEP),
  COUNT (setup, ice_ms, KEEP),
  COUNT (setup, dtls_ms, KEEP),
  COUNT (setup, first_audio_ms, KEEP),
  COUNT (counts, turns, KEEP),
  COUNT (counts, barge_ins, KEEP),
  COUNT (counts, engine_failures, KEEP),
  COUNT (counts, keys, KEEP),
};

void
vgw_call_stats_init (VgwCallStats *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].is_number)
      G_STRUCT_MEMBER (double, self, members[i].offset) = VGW_CALL_STATS_UNKNOWN;
    else
      G_STRUCT_MEMBER (gint64, self, members[i].offset) = VGW_CALL_STATS_UNKNOWN;
}

void
vgw_call_stats_add (VgwCallStats *self, const VgwCallStats *other)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      gsize offset = members[i].offset;

      if (members[i].is_number)
        {
          double *own = G_STRUCT_MEMBER_P (self, offset);
          double added = G_STRUCT_MEMBER (double, other, offset);

          if (added >= 0 && (*own < 0 || members[i].add == LATEST))
            *own = added;
        }
      else
        {
          gint64 *own = G_STRUCT_MEMBER_P (self, offset);
          gint64 added = G_STRUCT_MEMBER (gint64, other, offset);

          if (added >= 0 && *own < 0)
            *own = added;
          else if (added >= 0 && members[i].add == SUM)
            *own += added;
        }
    }
}

static JsonObject *
get_group (JsonObject *object, const char *name)
{
  if (name == NULL)
    return object;
  if (!json_object_has_member (object, name))
    json_object_set_object_member (object, name, json_object_new ());
  return json_object_get_object_member (object, name);
}

void
vgw_call_stats_to_json (const VgwCallStats *self, JsonObject *object)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      const Member *member = &members[i];
      JsonObject *group = get_group (object, member->group);
      double number = member->is_number ? G_STRUCT_MEMBER (double, self, member->offset) : 0;
      gint64 count = member->is_number ? 0 : G_STRUCT_MEMBER (gint64, self, member->offset);

      if (number < 0 || count < 0)
        json_object_set_null_member (group, member->name);
      else if (member->is_number)
        json_object_set_double_member (group, member->name, round (number * 1000) / 1000);
      else
        json_object_set_int_member (group, member->name, count);
    }
}
