import Glibc
import Threads

/// Serves Prometheus text and the health of the watch on loopback: two paths, one connection at a time, which is all that
/// a scraper beside it needs.
enum MetricsServer {
  struct CannotListen: Error, CustomStringConvertible {
    let description: String
  }

  /// Starts to serve on a thread of its own.
  ///
  /// - Parameter port: 0 lets the system pick one.
  /// - Returns: the port.
  static func start(
    port: Int, text: @escaping @Sendable () -> String, isWatching: @escaping @Sendable () -> Bool
  ) throws(CannotListen) -> Int {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var on: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else {
      let reason = String(cString: strerror(errno))
      close(listener)
      throw CannotListen(description: "127.0.0.1:\(port): \(reason)")
    }
    do throws(ThreadError) {
      try SystemThread.start {
        while true {
          let connection = accept(listener, nil, nil)
          guard connection >= 0 else { continue }
          answer(connection, text: text, isWatching: isWatching)
          close(connection)
        }
      }
    } catch {
      close(listener)
      throw CannotListen(description: "\(error)")
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func answer(_ connection: Int32, text: () -> String, isWatching: () -> Bool) {
    // A client that sends nothing, or takes nothing, holds the next one for this long at most.
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var buffer = [UInt8](repeating: 0, count: 8192)
    var head: [UInt8] = []
    while head.count < buffer.count, !ends(head) {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      head += buffer[..<count]
    }
    let line = String(decoding: head.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self).split(separator: " ")
    let (status, body): (String, String) =
      switch line.count > 1 && line[0] == "GET" ? line[1] : "" {
      case "/metrics": ("200 OK", text())
      case "/healthz": isWatching() ? ("200 OK", "watching\n") : ("503 Service Unavailable", "not watching\n")
      default: ("404 Not Found", "there are /metrics and /healthz\n")
      }
    let answer =
      "HTTP/1.1 \(status)\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
    var rest = Array(answer.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func ends(_ head: [UInt8]) -> Bool { head.suffix(4).elementsEqual("\r\n\r\n".utf8) }
}
