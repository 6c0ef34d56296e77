// libcrypto (OpenSSL 3) for sealing and opening dumps. The macros that Swift can't import become functions here.
#ifndef GATEHOUSE_COPENSSL_SHIMS_H
#define GATEHOUSE_COPENSSL_SHIMS_H

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#endif
