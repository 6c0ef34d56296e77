import Clocks

/// The bytes that copies bring to S3 in some time, as the last ones did. A value without a clock.
struct CopyPace: Sendable {
  private var bytesPerSecond: Int

  /// Copies of fewer bytes mostly show how long a request takes.
  private static let least = 1 << 20
  private static let most = 1 << 36

  /// - Parameter bytesPerSecond: what counts until a copy was made.
  init(bytesPerSecond: Int = 4 << 20) { self.bytesPerSecond = bytesPerSecond }

  /// Takes in that a copy was made.
  mutating func note(_ bytes: Int, in time: Duration) {
    let seen = min(Self.most, bytes * 1000 / max(1, time.milliseconds))
    if bytes >= Self.least || bytes >= Self.least / 4 && seen > bytesPerSecond { bytesPerSecond = seen }
  }

  /// The bytes that can be copied in some time. Half of it is kept for a line that has become slower.
  func bytes(in time: Duration) -> Int { bytesPerSecond * min(time.milliseconds, 3_600_000) / 2000 }
}
