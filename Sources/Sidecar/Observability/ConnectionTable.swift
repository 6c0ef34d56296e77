/// The connections to the metrics port, and what is to be done with each. A value that acts on nothing itself.
///
/// A connection has one deadline, counted from its accept, for its request and the answer. The number of connections is
/// bounded: at the bound, a new connection reconnections the one that has been silent longest.
struct ConnectionTable: Sendable {
  /// The bounds of the port.
  struct Limits: Sendable {
    /// Connections at a time.
    var connections = 32
    /// The time from the accept of a connection to its end.
    var time = Duration.seconds(2)
    /// A connection is not replaced before this time, so that a new one can send its request. This also bounds the
    /// number of connections that are accepted in a second.
    var shortestStay = Duration.milliseconds(5)
    /// The most bytes of a request's head.
    var head = 8 << 10
    /// The most bytes that are read behind a head that was too large. A close with unread bytes would destroy the
    /// answer.
    var excess = 256 << 10
    /// The time without accepts after an accept that failed.
    var pause = Duration.milliseconds(100)
  }

  /// Whether a new connection can be accepted.
  enum Admission: Sendable, Equatable {
    case free
    /// It reconnections this connection.
    case replacing(Int32)
    /// None is accepted until this time.
    case closed(until: Duration)
  }

  /// The action after bytes were received or sent.
  enum Step: Sendable, Equatable {
    case wait
    /// Give the answer to `answer(_:_:)`.
    case answer(MetricsRequest)
    /// Send nothing more. Bytes that still come are read and dropped.
    case endSending
    case close
  }

  private enum Phase: Sendable {
    case reading(head: [UInt8])
    /// - Parameter isExcessive: whether further bytes of the request may come, which are not needed.
    case answering(isExcessive: Bool)
    case writing(rest: ArraySlice<UInt8>, isExcessive: Bool)
    case dropping(count: Int)
  }

  private struct Connection: Sendable {
    let acceptedAt: Duration
    var heardAt: Duration
    var phase = Phase.reading(head: [])
  }

  private let limits: Limits
  private var connections: [Int32: Connection] = [:]
  private var pausedUntil = Duration.zero

  init(_ limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Whether there is no connection.
  var isEmpty: Bool { connections.isEmpty }

  /// The connections, and whether each waits for room to send.
  var interests: [(connection: Int32, sends: Bool)] {
    connections.map { connection, state in
      if case .writing = state.phase { (connection, true) } else { (connection, false) }
    }
  }

  /// Tells whether a new connection can be accepted.
  ///
  /// - Parameter now: the time of a steady clock.
  func admission(_ now: Duration) -> Admission {
    guard now >= pausedUntil else { return .closed(until: pausedUntil) }
    guard connections.count >= limits.connections else { return .free }
    if let victim = silentLongest(now) { return .replacing(victim) }
    let oldest = connections.values.map(\.acceptedAt).min() ?? now
    return .closed(until: oldest + limits.shortestStay)
  }

  /// When something is to be done even if nothing happens on any connection.
  func nextMoment(_ now: Duration) -> Duration? {
    let deadline = connections.values.map { $0.acceptedAt + limits.time }.min()
    guard case .closed(let until) = admission(now) else { return deadline }
    return min(deadline ?? until, until)
  }

  /// Takes in a connection that was accepted.
  mutating func accepted(_ connection: Int32, _ now: Duration) {
    connections[connection] = Connection(acceptedAt: now, heardAt: now)
  }

  /// Takes in that an accept failed, as the process lacks descriptors or memory.
  ///
  /// - Returns: a connection to close, which frees a descriptor.
  mutating func acceptFailed(_ now: Duration) -> Int32? {
    pausedUntil = now + limits.pause
    return silentLongest(now)
  }

  /// The connections whose time is over.
  func overdue(_ now: Duration) -> [Int32] {
    connections.filter { now >= $0.value.acceptedAt + limits.time }.map(\.key)
  }

  /// Takes in that a connection was closed.
  mutating func closed(_ connection: Int32) { connections[connection] = nil }

  /// Takes in bytes of a connection.
  mutating func received(_ connection: Int32, _ bytes: ArraySlice<UInt8>, _ now: Duration) -> Step {
    guard var state = connections[connection] else { return .close }
    defer { connections[connection] = state }
    switch state.phase {
    case .reading(var head):
      state.heardAt = now
      let known = head.count
      head += bytes.prefix(limits.head - head.count)
      if MetricsRequest.isWhole(head, from: known) {
        state.phase = .answering(isExcessive: false)
        return .answer(MetricsRequest(head: head))
      }
      guard head.count >= limits.head else {
        state.phase = .reading(head: head)
        return .wait
      }
      state.phase = .answering(isExcessive: true)
      return .answer(.tooLarge)
    case .dropping(let count):
      state.phase = .dropping(count: count + bytes.count)
      return count + bytes.count > limits.excess ? .close : .wait
    case .answering, .writing:
      return .wait
    }
  }

  /// Takes in the answer to a request.
  ///
  /// - Parameter bytes: the whole answer.
  mutating func answer(_ connection: Int32, _ bytes: [UInt8]) {
    guard case .answering(let isExcessive)? = connections[connection]?.phase else { return }
    connections[connection]?.phase = .writing(rest: bytes[...], isExcessive: isExcessive)
  }

  /// The bytes that are still to be sent.
  func rest(_ connection: Int32) -> ArraySlice<UInt8> {
    if case .writing(let rest, _)? = connections[connection]?.phase { rest } else { [] }
  }

  /// Takes in that bytes were sent.
  mutating func sent(_ connection: Int32, _ count: Int, _ now: Duration) -> Step {
    guard var state = connections[connection], case .writing(let rest, let isExcessive) = state.phase else {
      return .close
    }
    defer { connections[connection] = state }
    state.heardAt = now
    let left = rest.dropFirst(count)
    guard left.isEmpty else {
      state.phase = .writing(rest: left, isExcessive: isExcessive)
      return .wait
    }
    state.phase = .dropping(count: 0)
    return isExcessive ? .endSending : .close
  }

  /// The connection to replace: one that has its answer, else the one that has been silent longest.
  private func silentLongest(_ now: Duration) -> Int32? {
    let candidates = connections.filter { now >= $0.value.acceptedAt + limits.shortestStay }
    let rank = { (state: Connection) -> (Int, Duration, Duration) in
      if case .dropping = state.phase {
        (0, state.heardAt, state.acceptedAt)
      } else {
        (1, state.heardAt, state.acceptedAt)
      }
    }
    return candidates.min { rank($0.value) < rank($1.value) }?.key
  }
}
