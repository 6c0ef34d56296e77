package import Foundation
import Glibc
import Threads

/// A small HTTP/1.1 server on a port that the system chooses. The test decides each response, which may be invalid.
package final class LoopbackServer: Sendable {
  /// A request that the server received.
  package struct Request: Sendable {
    /// The method, such as `GET`.
    package let method: String
    /// The request target, including the query.
    package let target: String
    /// The headers, with names in lower case.
    package let headers: [String: String]
    /// The body.
    package let body: Data

    /// The target without its query.
    package var path: String { String(target.prefix { $0 != "?" }) }
  }

  /// The server's reaction to a request.
  package enum Answer: Sendable {
    case status(Int, headers: [String: String] = [:], body: String = "")
    /// A response with a body of any bytes.
    case bytes(Int, [UInt8])
    /// Sends exactly these bytes, then closes the connection.
    case raw(String)
    /// Sends nothing as long as the server runs.
    case hang
    /// Closes the connection without a response.
    case close
    /// Gives another answer after a delay.
    indirect case after(Duration, Answer)

    /// A response with a JSON body.
    package static func json(_ body: String, status: Int = 200) -> Answer {
      .status(status, headers: ["content-type": "application/json"], body: body)
    }
  }

  /// The port that it listens on.
  package let port: Int
  private let listener: LoopbackListener
  private let isStopped = Lock(false)
  private let received = Lock<[Request]>([])
  private let connections = Lock<Set<Int32>>([])
  private let handler: @Sendable (Request) -> Answer

  /// Starts a server that answers each request with the result of `handler`.
  package init(_ handler: @escaping @Sendable (Request) -> Answer) throws {
    self.handler = handler
    listener = try LoopbackListener(backlog: 64)
    port = listener.port
    // The thread retains the server, which therefore lives until `stop` or until the test process ends.
    listener.acceptAll { [self] connection in
      _ = connections.withLock { $0.insert(connection) }
      Thread.detachNewThread { self.serve(connection) }
    }
  }

  /// The server's base URL, without a slash at the end.
  package var url: String { "http://127.0.0.1:\(port)" }
  /// The requests received so far.
  package var requests: [Request] { received.withLock { $0 } }
  /// The number of requests for a path, without its query.
  package func count(of path: String) -> Int { requests.count { $0.path == path } }

  /// Closes the port and every connection.
  package func stop() {
    guard
      isStopped.withLock({
        let before = $0; $0 = true; return !before
      })
    else { return }
    listener.stop()
    connections.withLock { for connection in $0 { shutdown(connection, Int32(SHUT_RDWR)) } }
  }

  private func serve(_ connection: Int32) {
    var pending: [UInt8] = []
    while let request = receive(connection, &pending) {
      received.withLock { $0.append(request) }
      guard respond(handler(request), to: connection) else { break }
    }
    _ = connections.withLock { $0.remove(connection) }
    Glibc.close(connection)
  }

  /// - Returns: whether the connection stays open.
  private func respond(_ answer: Answer, to connection: Int32) -> Bool {
    switch answer {
    case .status(let status, let headers, let body):
      let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      return send("HTTP/1.1 \(status) X\r\ncontent-length: \(body.utf8.count)\r\n\(lines)\r\n\(body)", to: connection)
    case .bytes(let status, let body):
      return send(Array("HTTP/1.1 \(status) X\r\ncontent-length: \(body.count)\r\n\r\n".utf8) + body, to: connection)
    case .raw(let text):
      _ = send(text, to: connection)
      return false
    case .hang:
      var buffer = [UInt8](repeating: 0, count: 64)
      while recv(connection, &buffer, buffer.count, 0) > 0 {}
      return false
    case .close: return false
    case .after(let time, let answer):
      // This waits for the end of the server or of the client, or for the timeout.
      var question = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      _ = poll(
        &question, 1, Int32(time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000))
      return respond(answer, to: connection)
    }
  }

  private func send(_ text: String, to connection: Int32) -> Bool { send(Array(text.utf8), to: connection) }

  private func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private func receive(_ connection: Int32, _ pending: inout [UInt8]) -> Request? {
    let separator = Array("\r\n\r\n".utf8)
    var end = pending.firstRange(of: separator)
    while end == nil {
      guard fill(connection, &pending) else { return nil }
      end = pending.firstRange(of: separator)
    }
    guard let end else { return nil }
    let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    pending.removeSubrange(..<end.upperBound)
    let words = lines[0].split(separator: " ")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while pending.count < length { guard fill(connection, &pending) else { return nil } }
    let body = Data(pending[..<length])
    pending.removeSubrange(..<length)
    return Request(
      method: String(words.first ?? ""), target: words.count > 1 ? String(words[1]) : "", headers: headers, body: body)
  }

  private func fill(_ connection: Int32, _ pending: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(connection, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    pending.append(contentsOf: buffer[..<count])
    return true
  }
}
