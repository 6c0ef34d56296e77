/// A request to the metrics port.
enum MetricsRequest: Sendable, Equatable {
  case metrics
  case health
  /// Anything else.
  case unknown
  /// The head has more bytes than any request here needs.
  case tooLarge

  /// Whether a head is complete, which an empty line shows.
  ///
  /// - Parameter start: the number of bytes that were searched before.
  static func isWhole(_ head: [UInt8], from start: Int) -> Bool {
    let (carriageReturn, lineFeed) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    return head.withUnsafeBytes { head in
      var index = max(3, start)
      while index < head.count {
        if head[index] == lineFeed, head[index - 1] == carriageReturn, head[index - 2] == lineFeed,
          head[index - 3] == carriageReturn
        {
          return true
        }
        index += 1
      }
      return false
    }
  }

  /// Reads a complete head. Bytes behind its end are ignored.
  init(head: [UInt8]) {
    let words = head.prefix { $0 != UInt8(ascii: "\r") }.split(separator: UInt8(ascii: " "))
    guard words.count > 1, words[0].elementsEqual("GET".utf8) else {
      self = .unknown
      return
    }
    self =
      words[1].elementsEqual("/metrics".utf8) ? .metrics : words[1].elementsEqual("/healthz".utf8) ? .health : .unknown
  }

  /// The whole answer.
  ///
  /// - Parameters:
  ///   - text: the metrics.
  ///   - isWatching: whether the watch runs.
  func answer(text: () -> String, isWatching: () -> Bool) -> [UInt8] {
    let (status, body): (String, String) =
      switch self {
      case .metrics: ("200 OK", text())
      case .health: isWatching() ? ("200 OK", "watching\n") : ("503 Service Unavailable", "not watching\n")
      case .unknown: ("404 Not Found", "there are /metrics and /healthz\n")
      case .tooLarge: ("431 Request Header Fields Too Large", "the request is too large\n")
      }
    return Array(
      "HTTP/1.1 \(status)\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
        .utf8)
  }
}
