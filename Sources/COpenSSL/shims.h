// libcrypto (OpenSSL 3) for sealing and opening dumps and journals.
#ifndef GATEHOUSE_COPENSSL_SHIMS_H
#define GATEHOUSE_COPENSSL_SHIMS_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#endif
