/* Certificates and keys for tests of TLS. */
#pragma once

#include <openssl/evp.h>

#define DAY_S (24 * 3600)

/* Writes a self-signed certificate of @key (transfer full), valid from @begin_s to @end_s, relative to now, and the key to
 * NAME.pem and NAME.key in @directory. @passphrase (nullable): of the key */
void write_identity (const char *directory, const char *name, EVP_PKEY *key, long begin_s, long end_s,
                     const char *passphrase);
