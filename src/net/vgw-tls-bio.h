/* What OpenSSL reads a TLS connection from: a socket, in bounded steps. With OpenSSL's own BIO, one call processes
 * records for as long as they arrive, and a client may send a byte in each of them. Main thread only. */
#pragma once

#include <glib.h>

#define VGW_TLS_BIO_READS 64 /* a record takes two: its header and its content */

struct bio_st; /* BIO, as in openssl/bio.h */

/* Of @fd, a connected socket that stays the caller's and is not closed before. After VGW_TLS_BIO_READS reads in
 * succession, and where the socket has no more, one read fails with BIO_should_retry (): each function of OpenSSL then
 * returns, or the loop around it ends, and the caller waits until the socket is readable. Nothing is read ahead, so
 * that the socket is readable at once if it was not empty. Returns: (transfer full) */
struct bio_st *vgw_tls_bio_new (int fd);
