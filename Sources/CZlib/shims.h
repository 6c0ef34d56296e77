// deflateInit2 is a macro, which Swift can't see.
#ifndef GATEHOUSE_CZLIB_SHIMS_H
#define GATEHOUSE_CZLIB_SHIMS_H

#include <zlib.h>

// A stream that writes gzip (RFC 1952).
static inline int gatehouse_begin_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 7, Z_DEFAULT_STRATEGY);
}

#endif
