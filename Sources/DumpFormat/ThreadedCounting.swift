import Synchronization
import Threads

/// Counts on a thread of its own, which opens a block while the one that reads hashes the next.
///
/// A few blocks go round: filled ones there, spare ones back. Nothing else is shared but the result, which is looked at
/// when the thread has ended.
struct ThreadedCounting: BlockCounting {
  /// One that is filled, one that is opened, and one each for the other to wait with.
  private static let ring = 4

  /// Where the thread leaves what it found.
  private final class Outcome: Sendable {
    let result = Mutex<Result<DMP1Scanner.Content?, DumpFormatError>?>(nil)
  }

  private let filled = BlockQueue()
  private let spare = BlockQueue()
  private let outcome = Outcome()
  private let thread: SystemThread

  /// - Returns: `nil` when the system has no thread to spare.
  init?(file: DMP1File, key: [UInt8]) {
    for _ in 0..<Self.ring { spare.put(SealedBlock()) }
    let (filled, spare, outcome) = (filled, spare, outcome)
    let thread = try? SystemThread {
      let result = Result { () throws(DumpFormatError) in
        try Self.count(file: file, key: key, filled: filled, spare: spare)
      }
      outcome.result.withLock { $0 = result }
      // Whoever waits for a spare block hears that none will come.
      spare.put(nil)
    }
    guard let thread else { return nil }
    self.thread = thread
  }

  func spareBlock() -> SealedBlock? {
    spare.take()
  }

  func count(_ block: consuming SealedBlock) {
    filled.put(block)
  }

  func finish() -> Result<DMP1Scanner.Content?, DumpFormatError> {
    filled.put(nil)
    thread.join()
    // It leaves one before it ends. Without, nothing is known of the file, least of all that it is damaged.
    return outcome.result.withLock { $0 } ?? .failure(.library("the thread that counts ended without a result"))
  }

  private static func count(
    file: DMP1File, key: [UInt8], filled: BlockQueue, spare: BlockQueue
  ) throws(DumpFormatError) -> DMP1Scanner.Content? {
    var counter = try DMP1Counter(file: file, key: key)
    while var block = filled.take() {
      try counter.count(&block)
      spare.put(block)
    }
    return try counter.finish()
  }
}
