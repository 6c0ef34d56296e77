import Glibc
import Synchronization

/// Blocks on their way from one thread to another.
final class BlockQueue: Sendable {
  private let blocks = Mutex<[SealedBlock?]>([])
  /// How many blocks are in the queue: what the taker sleeps on, since a `Mutex` has no condition.
  private let filled = Semaphore()
  #if THREAD_SANITIZER
    /// The thread sanitizer does not see into a `Mutex`, but sees this (`scripts/test-threads`).
    private let order = Atomic(0)
  #endif

  /// - Parameter block: `nil` says that no more will come.
  func put(_ block: consuming SealedBlock?) {
    var block = block
    withBlocks { $0.append(block.take()) }
    filled.signal()
  }

  /// Waits for the next block.
  ///
  /// - Returns: `nil` when no more will come.
  func take() -> SealedBlock? {
    filled.wait()
    return withBlocks { $0.isEmpty ? nil : $0.removeFirst() }
  }

  private func withBlocks<Result: Sendable>(_ body: (inout [SealedBlock?]) -> Result) -> Result {
    blocks.withLock { blocks in
      #if THREAD_SANITIZER
        order.add(1, ordering: .acquiringAndReleasing)
        defer { order.add(1, ordering: .acquiringAndReleasing) }
      #endif
      return body(&blocks)
    }
  }
}

/// A semaphore of POSIX: unlike a pipe it takes no descriptors, and no call into the kernel while nobody sleeps.
private final class Semaphore: Sendable {
  /// Of a `sem_t`. Its calls are made to come from any thread; a pointer would not say so to the compiler.
  private let address: UInt

  init() {
    let memory = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    // What it refuses are values above the largest Int32.
    sem_init(memory, 0, 0)
    address = UInt(bitPattern: memory)
  }

  deinit {
    withMemory { memory in
      sem_destroy(memory)
      memory.deallocate()
    }
  }

  func signal() {
    withMemory { _ = sem_post($0) }
  }

  func wait() {
    withMemory { while sem_wait($0) != 0, errno == EINTR {} }
  }

  private func withMemory(_ body: (UnsafeMutablePointer<sem_t>) -> Void) {
    if let memory = UnsafeMutablePointer<sem_t>(bitPattern: address) { body(memory) }
  }
}
