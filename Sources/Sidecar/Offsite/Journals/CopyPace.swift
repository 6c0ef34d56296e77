import Clocks

/// The bytes that copies bring to S3 in some time, as the last ones did. A value without a clock.
struct CopyPace: Sendable {
  private var bytesPerSecond: Int

  /// Copies of fewer bytes mostly show how long a request takes.
  private static let least = 1 << 20
  private let most: Int

  /// - Parameters:
  ///   - bytesPerSecond: what counts until a copy was made.
  ///   - most: the most that is taken in.
  init(bytesPerSecond: Int = 4 << 20, most: Int = 1 << 36) {
    (self.bytesPerSecond, self.most) = (bytesPerSecond, most)
  }

  /// Takes in that a copy was made.
  mutating func note(_ bytes: Int, in time: Duration) {
    let seen = min(most, bytes * 1000 / max(1, time.milliseconds))
    if bytes >= Self.least || seen > bytesPerSecond { bytesPerSecond = seen }
  }

  /// Takes in that a copy failed, maybe for lack of time.
  mutating func slowDown() { bytesPerSecond /= 2 }

  /// The bytes that can be copied in some time. Half of it is kept for a line that has become slower.
  func bytes(in time: Duration) -> Int { bytesPerSecond * min(time.milliseconds, 3_600_000) / 2000 }
}
