/* Threads: the probe of the near end runs in the thread that pushes, and what is not atomic is its own. The one of the
 * far end may run in any thread that pushes there. */
#include "media/vgw-pad-shortcut.h"

/* With what webrtcbin sets, or vgw-webrtc.c. */
static const char *const passing_elements[] = { "clocksync", "funnel", "rtpfunnel", "rtpredenc", "rtpulpfecenc", NULL };

/* The first buffer on its way. A part of its own, so that the pad at the end, which has it, does not own itself. */
typedef struct
{
  gatomicrefcount ref_count;
  /* atomic */
  gpointer buffer; /* not dereferenced */
  gpointer thread; /* that pushes it */
  gint has_arrived;
} Pioneer;

typedef struct
{
  GstPad *to; /* (nullable) constant once found */
  Pioneer *pioneer;
} Shortcut;

static void
pioneer_unref (gpointer data)
{
  Pioneer *self = data;

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

static void
shortcut_free (gpointer data)
{
  Shortcut *self = data;

  gst_clear_object (&self->to);
  pioneer_unref (self->pioneer);
  g_free (self);
}

static gboolean
is_passing (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_strv_contains (passing_elements, GST_OBJECT_NAME (factory));
}

/* The source pad that pushes what comes to @sink, if that is done as it comes. (transfer full) (nullable) */
static GstPad *
find_passing_source (GstPad *sink)
{
  g_autoptr (GstElement) element = NULL;

  if (GST_IS_PROXY_PAD (sink)) /* of a ghost pad that is a source */
    return GST_PAD (gst_proxy_pad_get_internal (GST_PROXY_PAD (sink)));
  element = gst_pad_get_parent_element (sink);
  return element != NULL && is_passing (element) ? gst_element_get_static_pad (element, "src") : NULL;
}

/* @pad (transfer full) (nullable), or what is behind it where it is a ghost pad. (transfer full) (nullable) */
static GstPad *
find_target (GstPad *pad)
{
  while (pad != NULL && GST_IS_GHOST_PAD (pad))
    {
      GstPad *target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

      gst_object_unref (pad);
      pad = target;
    }
  return pad;
}

/* The pad of an element that @source pushes to. (transfer full) (nullable) */
static GstPad *
find_sink (GstPad *source)
{
  return find_target (gst_pad_get_peer (source));
}

/* Where what @from pushes is handled. (transfer full) (nullable) */
static GstPad *
find_end (GstPad *from)
{
  GstPad *sink = find_sink (from), *source;

  while (sink != NULL && (source = find_passing_source (sink)) != NULL)
    {
      gst_object_unref (sink);
      sink = find_sink (source);
      gst_object_unref (source);
    }
  return sink;
}

static GstPadProbeReturn
on_arrival (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Pioneer *pioneer = user_data;

  if (info->data != g_atomic_pointer_get (&pioneer->buffer)
      || g_thread_self () != g_atomic_pointer_get (&pioneer->thread))
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (&pioneer->has_arrived, TRUE);
  return GST_PAD_PROBE_REMOVE;
}

/* The first buffer: everything is linked. */
static gboolean
find_way (Shortcut *self, GstPad *from)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (from);

  self->to = find_end (from);
  if (self->to == NULL || self->to == peer)
    return FALSE;
  g_atomic_ref_count_inc (&self->pioneer->ref_count);
  gst_pad_add_probe (self->to, GST_PAD_PROBE_TYPE_BUFFER, on_arrival, self->pioneer, pioneer_unref);
  return TRUE;
}

static GstPadProbeReturn
on_follower (GstPad *from, GstPadProbeInfo *info, gpointer user_data)
{
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = gst_pad_chain (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_HANDLED;
}

/* The followers' probe is a new one, so that it comes after all others. */
static GstPadProbeReturn
on_pioneer (GstPad *from, GstPadProbeInfo *info, gpointer user_data)
{
  Shortcut *self = user_data;

  if (g_atomic_int_get (&self->pioneer->has_arrived))
    {
      gst_pad_add_probe (from, GST_PAD_PROBE_TYPE_BUFFER, on_follower, gst_object_ref (self->to), gst_object_unref);
      return GST_PAD_PROBE_REMOVE;
    }
  if (self->to == NULL && !find_way (self, from))
    return GST_PAD_PROBE_REMOVE;
  g_atomic_pointer_set (&self->pioneer->thread, g_thread_self ());
  g_atomic_pointer_set (&self->pioneer->buffer, info->data);
  return GST_PAD_PROBE_OK;
}

void
vgw_pad_shortcut_add (GstPad *from)
{
  g_autoptr (GstPad) source = NULL;
  Shortcut *self;

  g_return_if_fail (GST_IS_PAD (from));

  source = find_target (gst_object_ref (from));
  if (source == NULL)
    return;
  self = g_new0 (Shortcut, 1);
  self->pioneer = g_new0 (Pioneer, 1);
  g_atomic_ref_count_init (&self->pioneer->ref_count);
  gst_pad_add_probe (source, GST_PAD_PROBE_TYPE_BUFFER, on_pioneer, self, shortcut_free);
}
