/* One element, driven pad by pad on the test's thread. */
#pragma once

#include <gst/gst.h>

/* An element between two pads of the test. */
typedef struct
{
  GstElement *element;
  GstPad *src, *sink;
  GstBus *bus;
  GPtrArray *buffers; /* what came out */
  GstCaps *caps;      /* of it */
} Rig;

/* A new element of @factory, that is given @in_caps and must give @out_caps, is playing. */
void rig_init (Rig *rig, const char *factory, const char *in_caps, const char *out_caps);

/* Nothing that the test did may have made an error or a warning on the bus. */
void rig_clear (Rig *rig);

/* @data is copied. */
void rig_push (Rig *rig, gconstpointer data, gsize size, GstClockTime pts, GstClockTime duration);
void rig_push_gap (Rig *rig, GstClockTime pts, GstClockTime duration);

/* All samples that came out (transfer full). */
GArray *rig_samples (Rig *rig);
