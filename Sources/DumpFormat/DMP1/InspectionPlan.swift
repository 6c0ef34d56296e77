/// How a dump is read through in one pass.
struct InspectionPlan: Sendable {
  /// Large enough that calls into OpenSSL and the kernel cost nothing beside the work, small enough for a cache.
  static let blockSize = 1 << 20

  /// From here on a second thread saves more than its start costs, bytes.
  private static let worthAThread = 4 << 20

  /// Bytes.
  let blockSize: Int
  /// Whether one thread reads and hashes while another opens and counts.
  let isThreaded: Bool

  init(blockSize: Int, isThreaded: Bool) {
    self.blockSize = blockSize
    self.isThreaded = isThreaded
  }

  /// - Parameter bytes: of the file.
  init(bytes: Int) {
    self.init(blockSize: Self.blockSize, isThreaded: bytes >= Self.worthAThread)
  }
}
