/// How long to wait between attempts: longer each time, and by chance, so that many sidecars don't retry in step.
struct RetryPause: Sendable {
  private let first: Duration
  private let longest: Duration
  private var count = 0

  init(first: Duration = .milliseconds(100), longest: Duration = .seconds(3)) {
    self.first = first
    self.longest = longest
  }

  /// The next pause, with full jitter: anything from a tenth of the bound to the bound, which doubles up to the
  /// longest.
  mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let bound = min(longest, first * (1 << min(count, 16)))
    count += 1
    return bound * Double.random(in: 0.1...1, using: &generator)
  }
}
