#include "net/vgw-tls-bio.h"

#include <errno.h>
#include <openssl/bio.h>
#include <sys/socket.h>

typedef struct
{
  int fd;
  guint n_reads; /* since the last one that failed */
  gboolean is_at_end;
} Reader;

static int
reader_read (BIO *bio, char *buffer, int size)
{
  Reader *self = BIO_get_data (bio);
  gssize n = -1;

  BIO_clear_retry_flags (bio);
  errno = EAGAIN;
  if (self->n_reads++ < VGW_TLS_BIO_READS)
    {
      errno = 0; /* the end of the stream is no error */
      n = recv (self->fd, buffer, (gsize) size, MSG_DONTWAIT);
    }
  self->is_at_end = n == 0;
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    {
      self->n_reads = 0;
      BIO_set_retry_read (bio);
    }
  return (int) n;
}

static long
reader_control (BIO *bio, int command, long number, void *pointer)
{
  Reader *self = BIO_get_data (bio);

  return command == BIO_CTRL_EOF ? self->is_at_end : 0;
}

static int
reader_destroy (BIO *bio)
{
  g_free (BIO_get_data (bio));
  return 1;
}

static BIO_METHOD *
get_method (void)
{
  static gsize type = 0; /* as a GType: made once, never freed */

  if (g_once_init_enter (&type))
    {
      BIO_METHOD *method = BIO_meth_new (BIO_TYPE_SOURCE_SINK, "bounded reads");

      if (method == NULL)
        g_error ("TLS: out of memory"); /* as g_malloc () does */
      BIO_meth_set_read (method, reader_read);
      BIO_meth_set_ctrl (method, reader_control);
      BIO_meth_set_destroy (method, reader_destroy);
      g_once_init_leave (&type, (gsize) method);
    }
  return (BIO_METHOD *) type;
}

BIO *
vgw_tls_bio_new (int fd)
{
  Reader *self = g_new0 (Reader, 1);
  BIO *bio = BIO_new (get_method ());

  if (bio == NULL)
    g_error ("TLS: out of memory");
  self->fd = fd;
  BIO_set_data (bio, self);
  BIO_set_init (bio, 1);
  return bio;
}
