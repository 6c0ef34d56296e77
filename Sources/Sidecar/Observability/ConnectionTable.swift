/// Who is connected to the metrics port, and what is to be done with each connection. Acts on nothing itself.
///
/// A connection has one deadline, from its accept, for its request and the answer. There is a bounded number of places;
/// when all are taken, a new connection gets the place of the one that has been silent longest.
struct ConnectionTable: Sendable {
  struct Limits: Sendable {
    /// Connections at a time.
    var places = 32
    /// From the accept of a connection to its end.
    var time = Duration.seconds(2)
    /// A connection keeps its place at least this long, so that one that has just come can send its request. It also
    /// bounds how many connections are taken in a second.
    var shortestStay = Duration.milliseconds(5)
    /// Bytes of a request's head.
    var head = 8 << 10
    /// Bytes behind a head that was too large; they are read, since closing over unread bytes would destroy the answer.
    var excess = 256 << 10
    /// Time without accepting after an accept that failed.
    var pause = Duration.milliseconds(100)
  }

  /// Whether a new connection can be taken.
  enum Admission: Sendable, Equatable {
    case free
    /// The connection whose place it gets.
    case replacing(Int32)
    /// - Parameter until: when to look again.
    case closed(until: Duration)
  }

  /// What is to be done after bytes came or went.
  enum Step: Sendable, Equatable {
    case wait
    /// Give the answer to `answer(_:_:)`.
    case answer(MetricsRequest)
    /// Send nothing more; what still comes is read and dropped.
    case endSending
    case close
  }

  private enum Phase: Sendable {
    case reading(head: [UInt8])
    /// - Parameter isExcessive: whether more bytes may come that nobody wants.
    case answering(isExcessive: Bool)
    case writing(rest: ArraySlice<UInt8>, isExcessive: Bool)
    case dropping(count: Int)
  }

  private struct Place: Sendable {
    let acceptedAt: Duration
    var heardAt: Duration
    var phase = Phase.reading(head: [])
  }

  private let limits: Limits
  private var places: [Int32: Place] = [:]
  private var pausedUntil = Duration.zero

  init(_ limits: Limits = Limits()) {
    self.limits = limits
  }

  var isEmpty: Bool { places.isEmpty }

  /// The connections, with whether each one waits for room to send.
  var interests: [(connection: Int32, sends: Bool)] {
    places.map { connection, place in
      if case .writing = place.phase { (connection, true) } else { (connection, false) }
    }
  }

  /// - Parameter now: of a steady clock.
  func admission(_ now: Duration) -> Admission {
    guard now >= pausedUntil else { return .closed(until: pausedUntil) }
    guard places.count >= limits.places else { return .free }
    if let victim = silentLongest(now) { return .replacing(victim) }
    let oldest = places.values.map(\.acceptedAt).min() ?? now
    return .closed(until: oldest + limits.shortestStay)
  }

  /// When something is to be done though nothing happens on any connection.
  func nextMoment(_ now: Duration) -> Duration? {
    let deadline = places.values.map { $0.acceptedAt + limits.time }.min()
    guard case .closed(let until) = admission(now) else { return deadline }
    return min(deadline ?? until, until)
  }

  mutating func accepted(_ connection: Int32, _ now: Duration) {
    places[connection] = Place(acceptedAt: now, heardAt: now)
  }

  /// An accept failed for want of something.
  ///
  /// - Returns: a connection to close, which frees a descriptor.
  mutating func acceptFailed(_ now: Duration) -> Int32? {
    pausedUntil = now + limits.pause
    return silentLongest(now)
  }

  /// The connections whose time is over.
  func overdue(_ now: Duration) -> [Int32] {
    places.filter { now >= $0.value.acceptedAt + limits.time }.map(\.key)
  }

  mutating func closed(_ connection: Int32) { places[connection] = nil }

  mutating func received(_ connection: Int32, _ bytes: ArraySlice<UInt8>, _ now: Duration) -> Step {
    guard var place = places[connection] else { return .close }
    defer { places[connection] = place }
    switch place.phase {
    case .reading(var head):
      place.heardAt = now
      let known = head.count
      head += bytes.prefix(limits.head - head.count)
      if MetricsRequest.isWhole(head, from: known) {
        place.phase = .answering(isExcessive: false)
        return .answer(MetricsRequest(head: head))
      }
      guard head.count >= limits.head else {
        place.phase = .reading(head: head)
        return .wait
      }
      place.phase = .answering(isExcessive: true)
      return .answer(.tooLarge)
    case .dropping(let count):
      place.phase = .dropping(count: count + bytes.count)
      return count + bytes.count > limits.excess ? .close : .wait
    case .answering, .writing:
      return .wait
    }
  }

  /// - Parameter bytes: the whole answer.
  mutating func answer(_ connection: Int32, _ bytes: [UInt8]) {
    guard case .answering(let isExcessive)? = places[connection]?.phase else { return }
    places[connection]?.phase = .writing(rest: bytes[...], isExcessive: isExcessive)
  }

  /// What is still to be sent.
  func rest(_ connection: Int32) -> ArraySlice<UInt8> {
    if case .writing(let rest, _)? = places[connection]?.phase { rest } else { [] }
  }

  mutating func sent(_ connection: Int32, _ count: Int, _ now: Duration) -> Step {
    guard var place = places[connection], case .writing(let rest, let isExcessive) = place.phase else { return .close }
    defer { places[connection] = place }
    place.heardAt = now
    let left = rest.dropFirst(count)
    guard left.isEmpty else {
      place.phase = .writing(rest: left, isExcessive: isExcessive)
      return .wait
    }
    place.phase = .dropping(count: 0)
    return isExcessive ? .endSending : .close
  }

  /// Whose place is given away: one that has its answer, else the one from which nothing was heard for longest.
  private func silentLongest(_ now: Duration) -> Int32? {
    let candidates = places.filter { now >= $0.value.acceptedAt + limits.shortestStay }
    let rank = { (place: Place) -> (Int, Duration, Duration) in
      if case .dropping = place.phase {
        (0, place.heardAt, place.acceptedAt)
      } else {
        (1, place.heardAt, place.acceptedAt)
      }
    }
    return candidates.min { rank($0.value) < rank($1.value) }?.key
  }
}
