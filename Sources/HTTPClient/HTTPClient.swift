import CCurl
package import Clocks
import Glibc

/// An HTTP client on libcurl. One request at a time, on the thread that owns it; connections are kept between requests.
///
/// Redirects are not followed: who asks for a dump wants it from this service, not from where someone points.
/// Environment proxies are not used: what is asked here lies on loopback, on the link, or is S3 by its own name.
package final class HTTPClient {
  /// The settings of a client.
  package struct Settings: Sendable {
    /// The value of `User-Agent`.
    package var userAgent: String
    /// A file of PEM certificates instead of the system's bundle.
    package var certificates: String?
    /// The time that a connection may take to be made.
    package var connectTimeout: Duration

    /// Settings of a client.
    package init(userAgent: String, certificates: String? = nil, connectTimeout: Duration = .seconds(5)) {
      self.userAgent = userAgent
      self.certificates = certificates
      self.connectTimeout = connectTimeout
    }
  }

  private let settings: Settings
  private let handle: CurlHandle

  /// A client.
  package init(_ settings: Settings) throws(HTTPClientError) {
    self.settings = settings
    handle = try CurlHandle()
  }

  /// Asks, and waits for the whole answer.
  ///
  /// - Parameters:
  ///   - sink: where the body of a success goes; without one it is in the answer. That of a refusal is in the answer,
  ///     as far as its first 64 KiB.
  ///   - interruption: a descriptor that becomes readable when the caller wants no answer any more.
  /// - Throws: `HTTPClientError`. An answer of any status is an answer.
  package func send(
    _ request: HTTPRequest, deadline: Deadline, sink: (any HTTPBodySink)? = nil, interruption: Int32? = nil
  ) throws(HTTPClientError) -> HTTPResponse {
    guard !deadline.isOver else { throw HTTPClientError(.timedOut, "there was no time left to ask \(request.url)") }
    var lines = CurlList()
    for header in request.headers {
      // An empty value needs a semicolon, or libcurl drops the header.
      lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
    }
    // Without waiting for `100 Continue`, which few servers send. libcurl would sign this line, though it is never
    // sent; S3 does send the answer.
    if request.signature == nil { lines.append("Expect:") }
    let source: (any HTTPBodySource)? = if case .file(let source) = request.body { source } else { nil }
    let transfer = Transfer(maximum: request.maximumAnswer, source: source, sink: sink)
    handle.reset()
    prepare(request, deadline, headers: lines.pointer)
    handle.attach(transfer, uploads: source != nil)
    // An option that was not taken, as a restriction or a header, would make this another request than was asked for.
    guard lines.isWhole, handle.refusedOption == nil else {
      let option = handle.refusedOption.map { " (option \($0.rawValue))" } ?? ""
      throw HTTPClientError(
        .unusable, "the request to \(request.url) can't be prepared: libcurl does not take it\(option)")
    }
    let code = try perform(deadline, interruption)
    if let failure = transfer.failure { throw failure }
    guard code == CURLE_OK else { throw error(code, request.url, deadline) }
    withExtendedLifetime(lines) {}
    return HTTPResponse(status: handle.status, headers: transfer.headers, body: transfer.body)
  }

  private func prepare(_ request: HTTPRequest, _ deadline: Deadline, headers: UnsafeMutablePointer<curl_slist>?) {
    let milliseconds = max(1, deadline.left.milliseconds)
    handle.set(CURLOPT_URL, request.url)
    handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
    handle.set(CURLOPT_PROXY, "")
    handle.set(CURLOPT_FOLLOWLOCATION, 0)
    // Signals belong to the program, not to a library's timeouts.
    handle.set(CURLOPT_NOSIGNAL, 1)
    // A name lookup that hangs must not hold the end of the process.
    handle.set(CURLOPT_QUICK_EXIT, 1)
    handle.set(CURLOPT_TIMEOUT_MS, milliseconds)
    handle.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, min(milliseconds, settings.connectTimeout.milliseconds)))
    handle.set(CURLOPT_USERAGENT, settings.userAgent)
    handle.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let certificates = settings.certificates { handle.set(CURLOPT_CAINFO, certificates) }
    if !request.verifiesCertificate {
      handle.set(CURLOPT_SSL_VERIFYPEER, 0)
      handle.set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    handle.set(CURLOPT_HTTPHEADER, list: headers)
    handle.set(CURLOPT_CUSTOMREQUEST, request.method)
    switch request.body {
    case .none:
      if request.method == "HEAD" { handle.set(CURLOPT_NOBODY, 1) }
    case .bytes(let bytes):
      handle.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: bytes.count)
      bytes.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress {
          handle.set(CURLOPT_COPYPOSTFIELDS, pointer: UnsafeMutableRawPointer(mutating: start))
        } else {
          // A null pointer would mean a body from a callback.
          handle.set(CURLOPT_COPYPOSTFIELDS, "")
        }
      }
    case .file(let source):
      handle.set(CURLOPT_UPLOAD, 1)
      handle.set(CURLOPT_INFILESIZE_LARGE, offset: source.size)
      handle.set(CURLOPT_UPLOAD_BUFFERSIZE, 1 << 20)
    }
    if let signature = request.signature {
      handle.set(CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
      handle.set(CURLOPT_USERNAME, signature.accessKey)
      handle.set(CURLOPT_PASSWORD, signature.secretKey)
    }
  }

  /// Drives the transfer until it ends, the deadline passes or the caller interrupts.
  private func perform(_ deadline: Deadline, _ interruption: Int32?) throws(HTTPClientError) -> CURLcode {
    guard curl_multi_add_handle(handle.multi, handle.easy) == CURLM_OK else {
      throw HTTPClientError(.unusable, "libcurl can't be used: not enough memory")
    }
    defer { curl_multi_remove_handle(handle.multi, handle.easy) }
    while true {
      var running: Int32 = 0
      guard curl_multi_perform(handle.multi, &running) == CURLM_OK else {
        throw HTTPClientError(.other, "libcurl failed")
      }
      let result = gatehouse_curl_multi_result(handle.multi)
      if result >= 0 { return CURLcode(UInt32(result)) }
      guard !deadline.isOver else { return CURLE_OPERATION_TIMEDOUT }
      var watched = curl_waitfd(fd: interruption ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
      // Without waiting the loop would only use up a processor until the deadline.
      guard curl_multi_poll(handle.multi, &watched, interruption == nil ? 0 : 1, deadline.pollTimeout, nil) == CURLM_OK
      else { throw HTTPClientError(.other, "libcurl can't wait for an answer") }
      if let interruption {
        var question = pollfd(fd: interruption, events: Int16(POLLIN), revents: 0)
        if poll(&question, 1, 0) > 0 { throw HTTPClientError(.interrupted, "the call was given up") }
      }
    }
  }

  private func error(_ code: CURLcode, _ url: String, _ deadline: Deadline) -> HTTPClientError {
    let kind: HTTPClientError.Code =
      switch code {
      case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST: .cannotConnect
      // Before the deadline only the time for connecting can be over: the host is gone, not just the program on it.
      case CURLE_OPERATION_TIMEDOUT: deadline.left > .milliseconds(50) ? .cannotConnect : .timedOut
      case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE: .brokenOff
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE: .untrusted
      // libcurl's word for an answer without a status line is the same as for an address with a foreign scheme.
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: url.hasPrefix("http") ? .other : .unusable
      default: .other
      }
    let sentence =
      switch kind {
      case .cannotConnect: "nobody answers at \(url)"
      case .timedOut: "\(url) did not answer in time"
      case .brokenOff: "the connection to \(url) ended before the answer did"
      case .untrusted: "\(url) could not show a certificate that is trusted here"
      case .unusable: "'\(url)' is no address that can be asked"
      default: "the call of \(url) failed"
      }
    return HTTPClientError(
      kind, curlCode: Int(code.rawValue), systemError: kind == .cannotConnect ? handle.systemError : 0,
      "\(sentence) (curl \(code.rawValue): \(handle.explanation(code)))")
  }
}
