// What Swift's view of Glibc lacks, as it is an extension of Linux.
#ifndef GATEHOUSE_CSOCKETS_SHIMS_H
#define GATEHOUSE_CSOCKETS_SHIMS_H

#include <sys/socket.h>

// accept4(2). Declared here, since the header does so only for _GNU_SOURCE.
extern int accept4(int, struct sockaddr *, socklen_t *, int);

// Takes a connection that does not block and is closed on exec; -1 with errno when there is none.
static inline int gatehouse_accept(int listener) {
  return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

#endif
