// Preloaded, it stops the whole process once, at a call that saves a journal, when the file STOP_WHEN exists. STOP_AT names
// the call: `write` is before a write, `sync` is after it and before its sync, and `synced` is after the sync.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void stop_at(const char *place) {
  const char *wanted = getenv("STOP_AT"), *file = getenv("STOP_WHEN");
  // A signal to this thread stops it here. One to the process may reach another thread first, and this one goes on.
  if (wanted && file && strcmp(wanted, place) == 0 && unlink(file) == 0) raise(SIGSTOP);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off_t);
  if (!next) next = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  stop_at("write");
  return next(descriptor, bytes, count, offset);
}

int fdatasync(int descriptor) {
  static int (*next)(int);
  if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  stop_at("sync");
  int result = next(descriptor);
  stop_at("synced");
  return result;
}
