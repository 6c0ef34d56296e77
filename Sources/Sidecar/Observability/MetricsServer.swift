import CSockets
import Clocks
import Glibc
import Threads

/// Serves Prometheus text and the health of the watch on loopback, from one thread that waits for all connections at
/// once. `ConnectionTable` decides what to do with them.
struct MetricsServer: Sendable {
  struct CannotListen: Error, CustomStringConvertible {
    let description: String
  }

  /// The contents that the port serves, and the logger for its failures.
  struct Source: Sendable {
    let text: @Sendable () -> String
    let isWatching: @Sendable () -> Bool
    /// Called once for each row of accepts that fail, with the reason.
    let onFailure: @Sendable (String) -> Void
  }

  /// The most descriptors that the rest of the sidecar needs: signals, workers, four HTTP clients, the volume, a copy.
  private static let reserve = 48

  private let listener: Int32
  private let source: Source
  private var table: ConnectionTable
  private var hasFailed = false
  private var buffer = [UInt8](repeating: 0, count: 8192)

  /// The number of connections for a process with a limit of descriptors.
  static func connections(descriptors: Int) -> Int {
    max(4, min(ConnectionTable.Limits().connections, descriptors - reserve))
  }

  /// Starts to serve on a thread of its own.
  ///
  /// - Parameters:
  ///   - port: 0 lets the system pick one.
  ///   - descriptors: how many the process may have.
  /// - Returns: the port.
  static func start(port: Int, descriptors: Int, _ source: Source) throws(CannotListen) -> Int {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let listener = socket(AF_INET, type, 0)
    var on: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        // A flood waits in the kernel's queue. A full queue drops connections, and a client tries again a second later.
        bind(listener, $0, length) == 0 && listen(listener, 4096) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else {
      let reason = String(cString: strerror(errno))
      close(listener)
      throw CannotListen(description: "127.0.0.1:\(port): \(reason)")
    }
    let server = MetricsServer(
      listener: listener, source: source,
      table: ConnectionTable(.init(connections: connections(descriptors: descriptors))))
    do throws(ThreadError) {
      try SystemThread.start {
        var server = server
        while true { server.turn() }
      }
    } catch {
      close(listener)
      throw CannotListen(description: "\(error)")
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// Waits until something happens, and does what follows from it.
  private mutating func turn() {
    let before = SteadyClock.now()
    for connection in table.overdue(before) { end(connection) }
    var questions = table.interests.map { interest in
      pollfd(fd: interest.connection, events: Int16(interest.sends ? POLLOUT : POLLIN), revents: 0)
    }
    if case .closed = table.admission(before) {
    } else {
      questions.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
    }
    let timeout =
      table.nextMoment(before).map { Int32(clamping: ($0 - before + .microseconds(999)).milliseconds) } ?? -1
    let count = poll(&questions, nfds_t(questions.count), max(-1, timeout))
    if count < 0, errno != EINTR {
      // The system lacks memory. Only waiting helps, and a thread that tries again at once would use up a processor.
      acceptFailed(errno, before)
      Wakeup().wait(until: Deadline(in: .milliseconds(100)))
      return
    }
    guard count > 0 else { return }
    // Requests are answered before any connection is replaced.
    for question in questions where question.revents != 0 && question.fd != listener { serve(question.fd) }
    if questions.last?.fd == listener, questions.last?.revents != 0 { accept() }
  }

  private mutating func accept() {
    for _ in 0..<ConnectionTable.Limits().connections {
      let now = SteadyClock.now()
      let admission = table.admission(now)
      if case .closed = admission { return }
      let connection = gatehouse_accept(listener)
      guard connection >= 0 else {
        switch errno {
        case EAGAIN: return
        // This connection is gone. The next one may be there.
        case EINTR, ECONNABORTED, EPROTO: continue
        default: return acceptFailed(errno, now)
        }
      }
      hasFailed = false
      if case .replacing(let victim) = admission { end(victim) }
      table.accepted(connection, now)
      // The request has often arrived already.
      serve(connection)
    }
  }

  private mutating func acceptFailed(_ number: Int32, _ now: Duration) {
    if let victim = table.acceptFailed(now) { end(victim) }
    guard !hasFailed else { return }
    hasFailed = true
    source.onFailure(String(cString: strerror(number)))
  }

  private mutating func serve(_ connection: Int32) {
    if table.rest(connection).isEmpty { receive(connection) } else { send(connection) }
  }

  private mutating func receive(_ connection: Int32) {
    let count = recv(connection, &buffer, buffer.count, 0)
    guard count > 0 else {
      if count == 0 || errno != EAGAIN && errno != EINTR { end(connection) }
      return
    }
    switch table.received(connection, buffer[..<count], SteadyClock.now()) {
    case .answer(let request):
      table.answer(connection, request.answer(text: source.text, isWatching: source.isWatching))
      send(connection)
    case .close: end(connection)
    case .wait, .endSending: break
    }
  }

  private mutating func send(_ connection: Int32) {
    let count = table.rest(connection).withUnsafeBytes {
      Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard count >= 0 else {
      if errno != EAGAIN && errno != EINTR { end(connection) }
      return
    }
    switch table.sent(connection, count, SteadyClock.now()) {
    case .close: end(connection)
    case .endSending: shutdown(connection, Int32(SHUT_WR))
    case .wait, .answer: break
    }
  }

  private mutating func end(_ connection: Int32) {
    table.closed(connection)
    close(connection)
  }
}
