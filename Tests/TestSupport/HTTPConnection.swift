package import Foundation
import Glibc

/// A connection error or an unexpected response, with a sentence that describes it.
package struct HTTPFailure: Error, CustomStringConvertible {
  /// The sentence.
  package let description: String

  /// Makes an error from a sentence.
  package init(description: String) {
    self.description = description
  }
}

/// A response with its status, headers and body.
package struct HTTPAnswer: Sendable {
  /// The status code.
  package let status: Int
  /// The headers in their order, with names in lower case.
  package let headers: [(name: String, value: String)]
  /// The body, without its framing.
  package let body: Data

  /// The first value of a header whose name is given in lower case, or `nil` when there is none.
  package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
  /// All values of a header whose name is given in lower case.
  package func headers(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
  /// The body as text.
  package var text: String { String(decoding: body, as: UTF8.self) }
}

/// One TCP connection to a server on this host. It works at the byte level, so that tests can send invalid requests.
package final class HTTPConnection {
  private let descriptor: Int32
  private var pending: [UInt8] = []

  /// - Parameters:
  ///   - host: an IPv4 address of this host, which is also the source of the connection.
  ///   - patience: the seconds to wait for each piece of a response.
  package init(port: Int, host: String = "127.0.0.1", patience: Int = 60) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      // `deinit` closes the descriptor. A second close could hit one that another thread has just got.
      throw HTTPFailure(description: "connect: \(String(cString: strerror(errno)))")
    }
    var limit = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    close(descriptor)
  }

  /// Sends text as UTF-8.
  package func send(_ text: String) throws {
    try send(Array(text.utf8))
  }

  /// Sends all bytes.
  package func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw HTTPFailure(description: "send: \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends as many bytes as the kernel accepts at once.
  package func sendNow(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
  }

  /// Closes the sending half of the connection.
  package func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Closes the connection with a TCP reset.
  package func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  /// Reads one response. With `isHead`, the response has no body regardless of its length header.
  package func receive(isHead: Bool = false) throws -> HTTPAnswer {
    let separator = Array("\r\n\r\n".utf8)
    while pending.firstRange(of: separator) == nil { try fill() }
    guard let range = pending.firstRange(of: separator) else { throw HTTPFailure(description: "no head") }
    let lines = String(decoding: pending[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    pending.removeSubrange(..<range.upperBound)
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw HTTPFailure(description: "no status in '\(lines.first ?? "")'")
    }
    let headers = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
    }
    let body = isHead || status < 200 ? Data() : try receiveBody(headers)
    return HTTPAnswer(status: status, headers: headers, body: body)
  }

  private func receiveBody(_ headers: [(name: String, value: String)]) throws -> Data {
    guard !headers.contains(where: { $0.name == "transfer-encoding" }) else { return try receiveChunks() }
    let wanted = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
    while pending.count < wanted { try fill() }
    return take(wanted)
  }

  private func receiveChunks() throws -> Data {
    var body = Data()
    while true {
      let line = try receiveLine()
      guard let size = Int(line, radix: 16) else { throw HTTPFailure(description: "no chunk size in '\(line)'") }
      while pending.count < size { try fill() }
      body += take(size)
      guard try receiveLine().isEmpty else { throw HTTPFailure(description: "a chunk does not end") }
      if size == 0 { return body }
    }
  }

  private func receiveLine() throws -> String {
    let end = Array("\r\n".utf8)
    while pending.firstRange(of: end) == nil { try fill() }
    guard let range = pending.firstRange(of: end) else { return "" }
    let line = String(decoding: pending[..<range.lowerBound], as: UTF8.self)
    pending.removeSubrange(..<range.upperBound)
    return line
  }

  private func take(_ count: Int) -> Data {
    let bytes = Data(pending[..<count])
    pending.removeSubrange(..<count)
    return bytes
  }

  /// Waits until the server closes the connection, ignoring any bytes before that, and returns whether it did.
  package func isClosedByServer() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return true }
      if count < 0 { return errno == ECONNRESET }
    }
  }

  /// Waits until the connection ends, ignoring any bytes before that, and returns whether the server reset it.
  package func isReset() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { return count < 0 && errno == ECONNRESET }
    }
  }

  /// Whether the server has already closed the connection. This does not wait.
  package var isClosedAlready: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
    return count == 0 || count < 0 && errno != EAGAIN
  }

  /// Receives up to a number of bytes.
  ///
  /// - Returns: the number of bytes, or 0 when the server closed the connection.
  package func receiveSome(_ most: Int) -> Int {
    var buffer = [UInt8](repeating: 0, count: most)
    return max(0, recv(descriptor, &buffer, buffer.count, 0))
  }

  /// The text received since the last call, without waiting.
  package func receiveNow() -> String? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  /// Whether the server closes the connection within a time limit.
  package func isClosedByServer(within limit: Duration) -> Bool {
    eventually(within: limit) {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return count == 0 || (count < 0 && errno != EAGAIN) ? true : nil
    } ?? false
  }

  /// Receives until the server closes the connection.
  ///
  /// - Returns: the number of bytes.
  package func receiveAll() -> Int {
    var count = 0
    while true {
      let more = receiveSome(65_536)
      guard more > 0 else { return count }
      count += more
    }
  }

  /// Receives text until the server closes the connection.
  package func receiveText() -> String {
    while (try? fill()) != nil {}
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }

  /// Whether a Redis server answers that it is ready.
  package func receivesPong() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 && String(decoding: buffer[..<count], as: UTF8.self).hasPrefix("+PONG")
  }

  private func fill() throws {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else {
      throw HTTPFailure(description: count == 0 ? "the server closed" : "recv: \(String(cString: strerror(errno)))")
    }
    pending.append(contentsOf: buffer[..<count])
  }
}
