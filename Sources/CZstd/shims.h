// libzstd for the chunks of dumps. The values of ZSTD_getFrameContentSize are macros, which Swift can't see.
#ifndef GATEHOUSE_CZSTD_SHIMS_H
#define GATEHOUSE_CZSTD_SHIMS_H

#include <zstd.h>

// The size that a frame states, or -1 when it states none or is no frame.
static inline long long gatehouse_zstd_content_size(const void *frame, size_t count) {
  unsigned long long size = ZSTD_getFrameContentSize(frame, count);
  return size >= ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ? -1 : (long long)size;
}

#endif
