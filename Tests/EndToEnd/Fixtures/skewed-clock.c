// Preloaded, it moves the wall clock of a process by SKEW_SECONDS, and by the number in the file SKEW_FILE, which can change
// at any time (eight bytes). It leaves every other clock, and timers, alone, unless SKEW_STEADY puts a fault in: then the
// clock that only goes forward, CLOCK_BOOTTIME, moves with it.
// (libfaketime moves absolute timers of the monotonic clock too, on which libdispatch and so every sleep rests.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static long jump(void) {
  static volatile const long *shared;
  const char *path = getenv("SKEW_FILE");
  if (!path) return 0;
  if (!shared) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *bytes = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) return 0;
    shared = bytes;
  }
  return *shared;
}

static long skew(void) {
  const char *text = getenv("SKEW_SECONDS");
  return (text ? atol(text) : 0) + jump();
}

// Static, so that a call from this file needs no lookup of its name.
static int moves(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || (clock == CLOCK_BOOTTIME && getenv("SKEW_STEADY"));
}

static int read_clock(clockid_t clock, struct timespec *now) {
  static int (*next)(clockid_t, struct timespec *);
  if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = next(clock, now);
  if (result == 0 && moves(clock)) now->tv_sec += skew();
  return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) { return read_clock(clock, now); }

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec time;
  (void)zone;
  if (read_clock(CLOCK_REALTIME, &time) != 0) return -1;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  if (read_clock(CLOCK_REALTIME, &now) != 0) return -1;
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
