/* Drops what passes a pad, or lets it pass again. A value. Main thread. */
#pragma once

#include <gst/gst.h>

typedef struct
{
  gulong probe; /* 0: everything passes */
} VgwPadBlock;

/* Of the static pad @name of @element, always the same one. The pushing thread is not blocked. */
void vgw_pad_block_set (VgwPadBlock *self, GstElement *element, const char *name, gboolean is_blocked);
