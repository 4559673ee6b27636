/* The setup of the process before the first thread and the first peer. */

#include <malloc.h>
#include <pthread.h>

#include <gst/gst.h>
#include <openssl/crypto.h>

#include "base/vgw-error.h"
#include "base/vgw-log.h"
#include "elements/vgw-elements.h"
#include "media/vgw-media.h"
#include "media/vgw-plugins.h"

/* With glibc's default of 8 MB per thread 50 calls have 3 GB of address space. libopus and OpenSSL need well under 200
 * KB; sanitizers need more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_STACK_BYTES (2 * 1024 * 1024)
#else
#define THREAD_STACK_BYTES (512 * 1024)
#endif

/* A call uses a dozen threads, and fragments the arena of each: with glibc's 8 arenas per processor 2 to 3 MB are lost
 * after 1,000 calls, with 4 of them 1.3 MB. With 2 there is contention: 100 calls do not run in real time on two
 * processors. */
#define ARENAS_PER_PROCESSOR 4

static void
limit_arenas (void)
{
  if (g_getenv ("MALLOC_ARENA_MAX") == NULL) /* the operator's setting has precedence */
    mallopt (M_ARENA_MAX, ARENAS_PER_PROCESSOR * (int) g_get_num_processors ());
}

gboolean
vgw_media_prepare_process (GError **error)
{
  pthread_attr_t attributes;
  g_autofree char *vulnerable = NULL;
  limit_arenas ();
  /* OpenSSL's cleanup at exit frees data that the threads that ran DTLS use when they end. GLib's pool threads are not
   * joined, and a late one would crash the process at its end. */
  OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, THREAD_STACK_BYTES);
  pthread_setattr_default_np (&attributes);
  pthread_attr_destroy (&attributes);

  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  if (!vgw_elements_register (NULL))
    {
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "the gateway's own GStreamer elements could not be registered");
      return FALSE;
    }
  for (const VgwNeededElement *needed = vgw_needed_elements; needed->element != NULL; needed++)
    {
      g_autofree char *version = vgw_plugins_get_version (needed->element);
      if (version != NULL)
        continue;
      g_set_error (error, VGW_ERROR, VGW_ERROR_CONFIG, "GStreamer has no element %s: install %s", needed->element,
                   needed->debian_package);
      return FALSE;
    }
  vulnerable = vgw_plugins_find_vulnerable ();
  if (vulnerable != NULL)
    vgw_critical (NULL, "%s", vulnerable);
  return TRUE;
}
