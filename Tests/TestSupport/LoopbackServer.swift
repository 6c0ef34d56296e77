package import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server on a port that the system picks, whose every answer a test decides, bad ones too.
package final class LoopbackServer: Sendable {
  package struct Request: Sendable {
    package let method: String
    /// With the query.
    package let target: String
    /// Names in lower case.
    package let headers: [String: String]
    package let body: Data

    package var path: String { String(target.prefix { $0 != "?" }) }
  }

  package enum Answer: Sendable {
    case status(Int, headers: [String: String] = [:], body: String = "")
    /// These bytes and no others, then the connection is closed.
    case raw(String)
    /// Nothing, as long as the server lives.
    case hang
    /// The connection is closed without an answer.
    case close
    /// Another answer after some time.
    indirect case after(Duration, Answer)

    package static func json(_ body: String, status: Int = 200) -> Answer {
      .status(status, headers: ["content-type": "application/json"], body: body)
    }
  }

  package let port: Int
  private let listener: Int32
  private let isStopped = Mutex(false)
  private let received = Mutex<[Request]>([])
  private let connections = Mutex<Set<Int32>>([])
  private let handler: @Sendable (Request) -> Answer

  package init(_ handler: @escaping @Sendable (Request) -> Answer) throws {
    self.handler = handler
    let socket = try LoopbackListener(backlog: 64)
    (listener, port) = (socket.descriptor, socket.port)
    let listener = listener
    // The thread keeps the server: it lives until `stop`, or as long as the test process, not until its last mention.
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        _ = connections.withLock { $0.insert(connection) }
        Thread.detachNewThread { self.serve(connection) }
      }
    }
  }

  package var url: String { "http://127.0.0.1:\(port)" }
  package var requests: [Request] { received.withLock { $0 } }
  package func count(of path: String) -> Int { requests.count { $0.path == path } }

  /// Closes the port and every connection: from then on nobody is there.
  package func stop() {
    guard
      isStopped.withLock({
        let before = $0; $0 = true; return !before
      })
    else { return }
    shutdown(listener, Int32(SHUT_RDWR))
    Glibc.close(listener)
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

  /// - Returns: whether the connection goes on.
  private func respond(_ answer: Answer, to connection: Int32) -> Bool {
    switch answer {
    case .status(let status, let headers, let body):
      let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      return send("HTTP/1.1 \(status) X\r\ncontent-length: \(body.utf8.count)\r\n\(lines)\r\n\(body)", to: connection)
    case .raw(let text):
      _ = send(text, to: connection)
      return false
    case .hang:
      var buffer = [UInt8](repeating: 0, count: 64)
      while recv(connection, &buffer, buffer.count, 0) > 0 {}
      return false
    case .close: return false
    case .after(let time, let answer):
      // What is waited for here is the end of the server or of the client, or else the time.
      var question = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
      _ = poll(
        &question, 1, Int32(time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000))
      return respond(answer, to: connection)
    }
  }

  private func send(_ text: String, to connection: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
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
