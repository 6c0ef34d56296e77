import Foundation
import Glibc
import Threads

/// A server on loopback whose connections follow a script of the test, byte by byte. It keeps no rule of HTTP by
/// itself.
package final class ScriptedServer: Sendable {
  /// The port that it listens on, chosen by the system.
  package let port: Int
  private let listener: LoopbackListener
  private let state = Lock(State())
  private let script: @Sendable (ScriptedConnection) -> Void

  private struct State {
    var isStopped = false
    var accepted = 0
    var open: [Int: Int32] = [:]
    var heads: [ScriptedRequest] = []
  }

  /// Starts a server that runs `script` for each connection, on a thread of its own. The connection is closed when the
  /// script returns.
  package init(_ script: @escaping @Sendable (ScriptedConnection) -> Void) throws {
    self.script = script
    listener = try LoopbackListener(backlog: 1024)
    port = listener.port
    // The thread retains the server, which therefore lives until `stop` or until the test process ends.
    listener.acceptAll { [self] connection in run(connection) }
  }

  /// The server's base URL, without a slash at the end.
  package var url: String { "http://127.0.0.1:\(port)" }
  /// The number of connections that were accepted.
  package var accepted: Int { state.withLock { $0.accepted } }
  /// The number of connections that are open.
  package var open: Int { state.withLock { $0.open.count } }
  /// The heads of all requests that were read, in their order.
  package var requests: [ScriptedRequest] { state.withLock { $0.heads } }
  /// The number of requests for a path, without its query.
  package func count(of path: String) -> Int { requests.count { $0.path == path } }

  /// Closes the port and every connection.
  package func stop() {
    let isFirst = state.withLock { state in
      defer { state.isStopped = true }
      return !state.isStopped
    }
    guard isFirst else { return }
    listener.stop()
    closeConnections()
  }

  /// Ends every connection; the port stays open.
  package func closeConnections() {
    state.withLock { for descriptor in $0.open.values { shutdown(descriptor, Int32(SHUT_RDWR)) } }
  }

  private func run(_ descriptor: Int32) {
    var isOn: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    let number = state.withLock { state in
      state.accepted += 1
      state.open[state.accepted] = descriptor
      return state.accepted
    }
    Thread.detachNewThread { [self] in
      let connection = ScriptedConnection(
        descriptor, number: number, note: { head in self.state.withLock { $0.heads.append(head) } },
        forget: { _ = self.state.withLock { $0.open.removeValue(forKey: number) } })
      script(connection)
      connection.close()
    }
  }
}

/// The head of a request, as it came.
package struct ScriptedRequest: Sendable {
  /// The method, such as `GET`.
  package let method: String
  /// The request target, including the query.
  package let target: String
  /// The fields in their order, with names in lower case.
  package let fields: [(name: String, value: String)]

  /// The first value of a field whose name is given in lower case.
  package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
  /// The target without its query.
  package var path: String { String(target.prefix { $0 != "?" }) }
}

/// One connection of a scripted server. It is used on the thread of its script.
package final class ScriptedConnection {
  /// The number of the connection, from 1.
  package let number: Int
  /// The lines behind the chunked body that was read last.
  package private(set) var trailers: [String] = []
  /// -1 once it is closed, so that nothing is done with a number that another connection has got meanwhile.
  private var descriptor: Int32
  private let note: (ScriptedRequest) -> Void
  private let forget: () -> Void
  private var pending: [UInt8] = []

  init(
    _ descriptor: Int32, number: Int, note: @escaping (ScriptedRequest) -> Void, forget: @escaping () -> Void
  ) {
    (self.descriptor, self.number, self.note, self.forget) = (descriptor, number, note, forget)
  }

  /// Reads a request's head, or returns `nil` when the client closed the connection.
  package func receiveHead() -> ScriptedRequest? {
    let separator = Array("\r\n\r\n".utf8)
    var end = pending.firstRange(of: separator)
    while end == nil {
      guard fill() else { return nil }
      end = pending.firstRange(of: separator)
    }
    guard let end else { return nil }
    let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    pending.removeSubrange(..<end.upperBound)
    let words = lines[0].split(separator: " ")
    let fields = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
    }
    let head = ScriptedRequest(
      method: String(words.first ?? ""), target: words.count > 1 ? String(words[1]) : "", fields: fields)
    note(head)
    return head
  }

  /// Reads the body of a request, or returns `nil` when it does not end.
  package func receiveBody(of head: ScriptedRequest) -> [UInt8]? {
    trailers = []
    guard head["transfer-encoding"] != nil else { return take(head["content-length"].flatMap { Int($0) } ?? 0) }
    var body: [UInt8] = []
    while let line = receiveLine() {
      guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { return nil }
      if size == 0 {
        while let trailer = receiveLine() {
          if trailer.isEmpty { return body }
          trailers.append(trailer)
        }
        return nil
      }
      guard let chunk = take(size), receiveLine() == "" else { return nil }
      body += chunk
    }
    return nil
  }

  /// Reads and drops what comes, until the client closes or a number of bytes came.
  ///
  /// - Returns: the number of bytes.
  @discardableResult
  package func drain(upTo most: Int = .max) -> Int {
    var count = pending.count
    pending.removeAll()
    while count < most, fill() {
      count += pending.count
      pending.removeAll()
    }
    return count
  }

  /// Sends text as UTF-8.
  ///
  /// - Returns: whether the connection took it.
  @discardableResult
  package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends all bytes.
  ///
  /// - Returns: whether the connection took them.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Closes the sending half of the connection.
  package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes the connection with a TCP reset.
  package func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Waits until the client closes the connection or a time is over.
  ///
  /// - Returns: whether the client closed it.
  @discardableResult
  package func waitForEnd(within limit: Duration = .seconds(60)) -> Bool {
    eventually(within: limit) {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return count == 0 || count < 0 && errno != EAGAIN ? true : nil
    } ?? false
  }

  func close() {
    guard descriptor >= 0 else { return }
    // The server must not end a connection by a number that another one has got meanwhile.
    forget()
    Glibc.close(descriptor)
    descriptor = -1
  }

  private func receiveLine() -> String? {
    let end = Array("\r\n".utf8)
    while pending.firstRange(of: end) == nil { guard fill() else { return nil } }
    guard let range = pending.firstRange(of: end) else { return nil }
    let line = String(decoding: pending[..<range.lowerBound], as: UTF8.self)
    pending.removeSubrange(..<range.upperBound)
    return line
  }

  private func take(_ count: Int) -> [UInt8]? {
    while pending.count < count { guard fill() else { return nil } }
    let bytes = Array(pending[..<count])
    pending.removeSubrange(..<count)
    return bytes
  }

  private func fill() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    pending.append(contentsOf: buffer[..<count])
    return true
  }
}

/// A port on loopback that refuses connections: it is taken, and nobody listens there. The system gives it to nobody
/// else, and a program that is told to can listen on it.
package final class RefusingPort: Sendable {
  /// The port.
  package let port: Int
  private let descriptor: Int32

  /// Takes a port that is free.
  package init() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // Another socket with this option may listen on a port that this one is only bound to.
    var isShared: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
    var address = LoopbackListener.address(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw HTTPFailure(description: "bind: \(String(cString: strerror(errno)))") }
    self.descriptor = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
