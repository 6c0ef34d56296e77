// Preloaded, it grants every shared lock while the file BLIND_WHEN exists. A task asks for one to learn whether the holder of
// the lease has ended. So it takes the lease of a holder that lives.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

int flock(int descriptor, int operation) {
  static int (*next)(int, int);
  if (!next) next = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
  const char *file = getenv("BLIND_WHEN");
  if (file && (operation & LOCK_SH) && access(file, F_OK) == 0) return 0;
  return next(descriptor, operation);
}
