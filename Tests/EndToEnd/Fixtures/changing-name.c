// Preloaded, it resolves the name `changing.test` to the addresses in the file NAME_ADDRESSES, one a line, in their
// order. The lookup of `hanging.test` never ends. All other names are resolved as ever.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef int (*resolver)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  static resolver next;
  if (!next) next = (resolver)dlsym(RTLD_NEXT, "getaddrinfo");
  while (name && strcasecmp(name, "hanging.test") == 0) pause();
  const char *path = getenv("NAME_ADDRESSES");
  if (!name || !path || strcasecmp(name, "changing.test") != 0) return next(name, service, hints, result);
  FILE *file = fopen(path, "r");
  if (!file) return EAI_AGAIN;
  char line[64];
  struct addrinfo **end = result;
  *result = NULL;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    // The list of one address is one that the library made, so that its `freeaddrinfo` takes the whole.
    if (*line && next(line, service, hints, end) == 0)
      while (*end) end = &(*end)->ai_next;
  }
  fclose(file);
  return *result ? 0 : EAI_NONAME;
}
