import Synchronization

/// Whether calls to an API's servers are made, after failures in a row. A value without a clock.
struct BreakerState: Sendable, Equatable {
  /// Times are nanoseconds of the steady clock.
  enum Phase: Sendable, Equatable {
    /// Calls are made. The ends of those that began before a time belong to an earlier phase.
    case closed(since: UInt64)
    /// No call is made before a time. Those that end now began earlier, and change nothing.
    case open(until: UInt64)
    /// Calls that began at a time or later try whether the servers are well again, and the first one that ends decides.
    /// It is one call, unless that does not end until another time.
    case trying(since: UInt64, until: UInt64)
  }

  let threshold: Int
  /// Nanoseconds.
  let pause: UInt64
  private(set) var phase = Phase.closed(since: 0)
  /// Failures in a row.
  private(set) var failures = 0

  init(threshold: Int, pause: UInt64) {
    self.threshold = threshold
    self.pause = pause
  }

  var isClosed: Bool {
    if case .closed = phase { true } else { false }
  }

  /// Whether a call may be made now.
  mutating func admit(now: UInt64) -> Bool {
    switch phase {
    case .closed: return true
    case .open(until: let end):
      guard now >= end else { return false }
      phase = .trying(since: now, until: now + pause)
      return true
    case .trying(since: let start, until: let end):
      guard now >= end else { return false }
      phase = .trying(since: start, until: now + pause)
      return true
    }
  }

  /// A call ended well.
  ///
  /// - Parameter begun: the time at which it was admitted.
  mutating func succeed(begun: UInt64) {
    switch phase {
    case .closed(since: let start) where begun >= start: failures = 0
    case .trying(since: let start, until: _) where begun >= start:
      failures = 0
      phase = .closed(since: start)
    case .closed, .open, .trying: break
    }
  }

  /// A call failed.
  ///
  /// - Parameter begun: the time at which it was admitted.
  mutating func fail(begun: UInt64, now: UInt64) {
    switch phase {
    case .closed(since: let start) where begun >= start:
      failures += 1
      if failures >= threshold { phase = .open(until: now + pause) }
    case .trying(since: let start, until: _) where begun >= start: phase = .open(until: now + pause)
    case .closed, .open, .trying: break
    }
  }
}

/// The circuit breaker of an API. While all is well, a call reads one atomic word.
final class CircuitBreaker: Sendable {
  struct Settings: Sendable {
    var isEnabled = true
    /// Failures in a row that open it.
    var threshold = 5
    /// Nanoseconds.
    var pause: UInt64 = 30_000_000_000
  }

  private let isEnabled: Bool
  private let state: Mutex<BreakerState>
  /// Whether `state` is not closed, or has failures.
  private let isTroubled = Atomic(false)

  init(_ settings: Settings) {
    isEnabled = settings.isEnabled
    state = Mutex(BreakerState(threshold: max(1, settings.threshold), pause: settings.pause))
  }

  /// Whether a call may be made.
  ///
  /// - Parameter now: nanoseconds of the steady clock.
  func admit(now: UInt64) -> Bool {
    guard isTroubled.load(ordering: .relaxed) else { return true }
    return state.withLock { $0.admit(now: now) }
  }

  /// Whether calls are made as usual. Unlike `admit`, this takes no call's turn to try.
  var isClosed: Bool {
    guard isTroubled.load(ordering: .relaxed) else { return true }
    return state.withLock { $0.isClosed }
  }

  /// A call ended well.
  ///
  /// - Parameter begun: the time at which it was admitted.
  func succeed(begun: UInt64) {
    guard isTroubled.load(ordering: .relaxed) else { return }
    state.withLock { state in
      state.succeed(begun: begun)
      noteTrouble(state)
    }
  }

  /// A call failed.
  ///
  /// - Parameter begun: the time at which it was admitted.
  func fail(begun: UInt64, now: UInt64) {
    guard isEnabled else { return }
    state.withLock { state in
      state.fail(begun: begun, now: now)
      noteTrouble(state)
    }
  }

  private func noteTrouble(_ state: BreakerState) {
    isTroubled.store(!state.isClosed || state.failures > 0, ordering: .relaxed)
  }

  /// `closed`, `open` or `half-open`, as operators read it.
  var phaseName: String {
    switch state.withLock({ $0.phase }) {
    case .closed: "closed"
    case .open: "open"
    case .trying: "half-open"
    }
  }
}
