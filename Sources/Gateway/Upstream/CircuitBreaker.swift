import Synchronization

/// Whether calls to an API's servers are made, after failures in a row. A value without a clock.
struct BreakerState: Sendable, Equatable {
  enum Phase: Sendable, Equatable {
    /// Calls are made.
    case closed
    /// No call is made before a time, in nanoseconds of the steady clock.
    case open(until: UInt64)
    /// One call tries whether the servers are well again; its end decides. If it never ends, another one may try from
    /// this time on.
    case trying(until: UInt64)
  }

  let threshold: Int
  /// Nanoseconds.
  let pause: UInt64
  private(set) var phase = Phase.closed
  private(set) var failures = 0

  init(threshold: Int, pause: UInt64) {
    self.threshold = threshold
    self.pause = pause
  }

  /// Whether a call may be made now.
  mutating func admit(now: UInt64) -> Bool {
    switch phase {
    case .closed: return true
    case .open(let end), .trying(let end):
      guard now >= end else { return false }
      phase = .trying(until: now + pause)
      return true
    }
  }

  mutating func succeed() {
    failures = 0
    phase = .closed
  }

  mutating func fail(now: UInt64) {
    failures += 1
    switch phase {
    case .closed where failures < threshold: break
    case .closed, .open, .trying: phase = .open(until: now + pause)
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
  /// Whether `state` is not the one that it had at first.
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

  func succeed() {
    guard isTroubled.load(ordering: .relaxed) else { return }
    state.withLock { state in
      state.succeed()
      isTroubled.store(false, ordering: .relaxed)
    }
  }

  func fail(now: UInt64) {
    guard isEnabled else { return }
    state.withLock { state in
      state.fail(now: now)
      isTroubled.store(true, ordering: .relaxed)
    }
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
