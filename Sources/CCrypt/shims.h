// libxcrypt's reentrant crypt(3): `$2b$` (bcrypt) hashes, as Doorman writes them.
#ifndef GATEHOUSE_CCRYPT_SHIMS_H
#define GATEHOUSE_CCRYPT_SHIMS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <crypt.h>

#endif
