// Adds a time to each fdatasync and fsync, as a network volume does. Loaded with LD_PRELOAD; SLOW_SYNC_US is the time in
// microseconds.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_as_told(void) {
  const char *time = getenv("SLOW_SYNC_US");
  if (time) usleep((useconds_t)atoi(time));
}

int fdatasync(int descriptor) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_as_told();
  return real(descriptor);
}

int fsync(int descriptor) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_as_told();
  return real(descriptor);
}
