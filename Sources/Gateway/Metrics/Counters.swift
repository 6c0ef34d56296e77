import Synchronization

/// A number that all event loops count up.
final class Counter: Sendable {
  private let count = Atomic(0)

  var value: Int { count.load(ordering: .relaxed) }

  func add(_ number: Int = 1) { count.add(number, ordering: .relaxed) }
}

/// Calls by the status of their answers.
final class StatusCounters: Sendable {
  /// The statuses that are told apart. Others count as the first of their hundred.
  static let statuses = [
    200, 201, 202, 204, 206, 300, 301, 302, 304, 400, 401, 402, 403, 404, 405, 408, 409, 413, 422, 429, 499, 500, 501,
    502, 503, 504, 508,
  ]

  /// By status, less 100: the place in `statuses`.
  private static let places: [UInt8] = (100..<600).map { status in
    let place = statuses.firstIndex(of: status) ?? statuses.firstIndex(of: status / 100 * 100)
    return UInt8(place ?? 0)
  }

  private let counts: [Counter] = statuses.map { _ in Counter() }

  func add(_ status: Int) {
    guard (100..<600).contains(status) else { return }
    counts[Int(Self.places[status - 100])].add()
  }

  /// Adds the calls of others.
  func add(_ others: StatusCounters) {
    for (own, other) in zip(counts, others.counts) { own.add(other.value) }
  }

  /// The statuses that came, with their numbers of calls.
  var values: [(status: Int, calls: Int)] {
    zip(Self.statuses, counts).compactMap { $1.value > 0 ? ($0, $1.value) : nil }
  }
}

/// Times in buckets. One event loop writes, any thread reads.
final class TimeHistogram: Sendable {
  /// Fine buckets for the gateway's own time, in microseconds.
  static let fine: [UInt64] = [
    100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000,
  ]
  /// The buckets of Doorman, in microseconds.
  static let coarse: [UInt64] = [
    5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
  ]

  /// The upper ends of the buckets, in microseconds.
  let bounds: [UInt64]
  private let buckets: [Counter]
  private let total = Counter()

  init(_ bounds: [UInt64]) {
    self.bounds = bounds
    buckets = (0...bounds.count).map { _ in Counter() }
  }

  /// - Parameter time: nanoseconds.
  func add(_ time: UInt64) {
    let microseconds = time / 1000
    var place = 0
    while place < bounds.count, microseconds > bounds[place] { place += 1 }
    buckets[place].add()
    total.add(Int(microseconds))
  }

  /// The numbers of times in each bucket, the last without an end, and the sum of all in microseconds.
  var values: (counts: [Int], sum: Int) { (buckets.map(\.value), total.value) }
}
