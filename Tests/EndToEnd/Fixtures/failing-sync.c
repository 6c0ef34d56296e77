// Preloaded, it makes each sync of a journal fail while the file FAIL_WHEN exists. Dumps and the lease use another call.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int descriptor) {
  static int (*next)(int);
  if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *file = getenv("FAIL_WHEN");
  if (!file || access(file, F_OK) != 0) return next(descriptor);
  errno = EIO;
  return -1;
}
