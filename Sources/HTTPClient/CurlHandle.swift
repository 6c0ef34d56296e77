import CCurl

/// One easy handle of libcurl in one multi handle: connections, TLS sessions and name lookups are kept from request to
/// request. A class, since it owns both.
final class CurlHandle {
  let easy: UnsafeMutableRawPointer
  let multi: UnsafeMutableRawPointer
  private let message: UnsafeMutablePointer<CChar>
  /// The first option since the last reset that libcurl did not take: it does not know it, or has no memory for it.
  private(set) var refusedOption: CURLoption?

  init() throws(HTTPClientError) {
    guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = curl_multi_init() else {
      throw HTTPClientError(.unusable, "libcurl can't be used: not enough memory")
    }
    guard let easy = curl_easy_init() else {
      curl_multi_cleanup(multi)
      throw HTTPClientError(.unusable, "libcurl can't be used: not enough memory")
    }
    self.easy = easy
    self.multi = multi
    message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_multi_cleanup(multi)
    message.deallocate()
  }

  /// Forgets the last request's options; connections stay.
  func reset() {
    curl_easy_reset(easy)
    message.pointee = 0
    refusedOption = nil
    set(CURLOPT_ERRORBUFFER, pointer: UnsafeMutableRawPointer(message))
  }

  /// The words of curl for the last failure.
  func explanation(_ code: CURLcode) -> String {
    let detail = String(cString: message)
    return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
  }

  func set(_ option: CURLoption, _ value: Int) { note(option, gatehouse_curl_set_number(easy, option, value)) }

  func set(_ option: CURLoption, offset value: Int) {
    note(option, gatehouse_curl_set_offset(easy, option, curl_off_t(value)))
  }

  /// libcurl keeps a copy.
  func set(_ option: CURLoption, _ value: String) { note(option, gatehouse_curl_set_text(easy, option, value)) }

  func set(_ option: CURLoption, pointer value: UnsafeMutableRawPointer?) {
    note(option, gatehouse_curl_set_pointer(easy, option, value))
  }

  func set(_ option: CURLoption, list value: UnsafeMutablePointer<curl_slist>?) {
    note(option, gatehouse_curl_set_list(easy, option, value))
  }

  func set(_ option: CURLoption, _ value: @escaping gatehouse_curl_transfer) {
    note(option, gatehouse_curl_set_transfer(easy, option, value))
  }

  private func note(_ option: CURLoption, _ code: CURLcode) {
    if code != CURLE_OK, refusedOption == nil { refusedOption = option }
  }

  /// errno of the last connection that could not be made.
  var systemError: Int32 {
    var number = 0
    _ = gatehouse_curl_get_number(easy, CURLINFO_OS_ERRNO, &number)
    return Int32(truncatingIfNeeded: number)
  }

  var status: Int {
    var status = 0
    _ = gatehouse_curl_get_number(easy, CURLINFO_RESPONSE_CODE, &status)
    return status
  }
}

/// A list of header lines as libcurl takes them. Owns its memory.
struct CurlList: ~Copyable {
  private(set) var pointer: UnsafeMutablePointer<curl_slist>?
  /// Whether there was memory for every line.
  private(set) var isWhole = true

  mutating func append(_ line: String) {
    if let longer = curl_slist_append(pointer, line) { pointer = longer } else { isWhole = false }
  }

  deinit {
    curl_slist_free_all(pointer)
  }
}
