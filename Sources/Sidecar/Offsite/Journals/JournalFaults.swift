import JSON

/// The journals that could not be copied, each with the time of its next attempt. One that stays damaged is tried more
/// and more rarely, and takes no time from the others.
///
/// A value without a clock.
struct JournalFaults {
  private struct Fault {
    var pause = RetryPause(first: .seconds(5), longest: .seconds(60))
    var nextAttempt = Duration.zero
  }

  private var faults: [UTF8Key: Fault] = [:]
  /// The attempts that failed.
  private(set) var failures = 0

  /// Whether every journal can be copied, as far as that was tried.
  var isEmpty: Bool { faults.isEmpty }

  /// Whether a journal is to be tried.
  func isDue(_ name: String, at now: Duration) -> Bool { faults[UTF8Key(name)].map { now >= $0.nextAttempt } != false }

  /// Records that a journal could not be copied.
  ///
  /// - Returns: the time until the next attempt, and whether this was the first failure of a row.
  mutating func failed(
    _ name: String, at now: Duration, using generator: inout some RandomNumberGenerator
  ) -> (pause: Duration, isFirst: Bool) {
    let before = faults[UTF8Key(name)]
    var fault = before ?? Fault()
    let pause = fault.pause.next(using: &generator)
    fault.nextAttempt = now + pause
    faults[UTF8Key(name)] = fault
    failures += 1
    return (pause, before == nil)
  }

  /// Records that a journal was copied.
  mutating func succeeded(_ name: String) { faults[UTF8Key(name)] = nil }

  /// Forgets journals that are gone.
  mutating func removeAll(except names: [String]) {
    guard !isEmpty else { return }
    let names = Set(names.map { UTF8Key($0) })
    faults = faults.filter { names.contains($0.key) }
  }
}
