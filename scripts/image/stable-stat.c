// Lets `swift-build` go on in one layer of an image from what it built in the layer before.
//
// It knows what is up to date by device, inode and time of each file. Layers keep none of these exactly: devices and inodes
// are new in each, and times are cut to seconds. Preloaded, this answers with a device and an inode that follow from the path, and
// whole seconds. Used only while the image is built, and by swift-build alone: what that starts runs without it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((constructor)) static void preload_no_children(void) { unsetenv("LD_PRELOAD"); }

static int stable(int result, const char *path, struct stat *info) {
  // SQLite holds what stat says of its files against what fstat says.
  if (result != 0 || strstr(path, ".db")) return result;
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 1099511628211u;
  info->st_dev = 1;
  info->st_ino = hash;
  info->st_mtim.tv_nsec = 0;
  return 0;
}

typedef int stat_function(const char *, struct stat *);

int stat(const char *path, struct stat *info) {
  return stable(((stat_function *)dlsym(RTLD_NEXT, "stat"))(path, info), path, info);
}

int lstat(const char *path, struct stat *info) {
  return stable(((stat_function *)dlsym(RTLD_NEXT, "lstat"))(path, info), path, info);
}
