// libcurl, with typed front ends for its variadic calls, which Swift can't make.
#ifndef GATEHOUSE_CCURL_SHIMS_H
#define GATEHOUSE_CCURL_SHIMS_H

#include <curl/curl.h>

static inline CURLcode gatehouse_curl_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode gatehouse_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode gatehouse_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode gatehouse_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode gatehouse_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

// `size_t (char *, size_t, size_t, void *)`: body, header and upload callbacks all have this shape.
typedef size_t (*gatehouse_curl_transfer)(char *, size_t, size_t, void *);

static inline CURLcode gatehouse_curl_set_transfer(CURL *handle, CURLoption option, gatehouse_curl_transfer value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode gatehouse_curl_get_number(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

// The only message of a multi handle (CURLMSG_DONE): the handle's result, or -1 when none is done.
static inline int gatehouse_curl_multi_result(CURLM *multi) {
  int waiting;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &waiting)))
    if (message->msg == CURLMSG_DONE) return (int)message->data.result;
  return -1;
}

#endif
