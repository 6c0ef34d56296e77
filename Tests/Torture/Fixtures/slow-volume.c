// Preloaded, it makes each call that changes names or syncs take up to SLOW_MILLISECONDS longer, before and after it, as on a
// volume at the other end of a network.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_a_little(void) {
  const char *text = getenv("SLOW_MILLISECONDS");
  long longest = text ? atol(text) * 1000000 : 0;
  if (longest <= 0) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  unsigned seed = (unsigned)now.tv_nsec;
  struct timespec pause = {0, (long)((double)rand_r(&seed) / RAND_MAX * longest)};
  nanosleep(&pause, NULL);
}

#define SLOW(name, parameters, arguments)                                      \
  int name parameters {                                                        \
    static int(*next) parameters;                                              \
    if (!next) next = (int(*) parameters)dlsym(RTLD_NEXT, #name);              \
    wait_a_little();                                                           \
    int result = next arguments;                                               \
    wait_a_little();                                                           \
    return result;                                                             \
  }

SLOW(link, (const char *from, const char *to), (from, to))
SLOW(rename, (const char *from, const char *to), (from, to))
SLOW(unlink, (const char *path), (path))
SLOW(fsync, (int descriptor), (descriptor))
SLOW(fdatasync, (int descriptor), (descriptor))
