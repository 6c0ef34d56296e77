import Threads

/// Counts on a thread of its own, which decrypts a block while the reading thread hashes the next one.
///
/// A few blocks circulate: filled ones go to the thread, spare ones come back. Besides them the threads share the
/// result only, which is read when the thread has ended.
struct ThreadedCounting: BlockCounting {
  /// One block that is filled, one that is decrypted, and one that waits on either side.
  private static let ring = 4

  /// The place for the thread's result.
  private final class Outcome: Sendable {
    let result = Lock<Result<DMP1Scanner.Content?, DumpFormatError>?>(nil)
  }

  private let filled = BlockingQueue<SealedBlock>()
  private let spare = BlockingQueue<SealedBlock>()
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
      // Ends a wait for a spare block.
      spare.close()
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
    filled.close()
    thread.join()
    // The thread always leaves a result. Without one nothing is known of the file, so it must not count as damaged.
    return outcome.result.withLock { $0 } ?? .failure(.library("the thread that counts ended without a result"))
  }

  private static func count(
    file: DMP1File, key: [UInt8], filled: BlockingQueue<SealedBlock>, spare: BlockingQueue<SealedBlock>
  ) throws(DumpFormatError) -> DMP1Scanner.Content? {
    var counter = try DMP1Counter(file: file, key: key)
    while var block = filled.take() {
      try counter.count(&block)
      SystemThread.letOthersRun()
      spare.put(block)
    }
    return try counter.finish()
  }
}
