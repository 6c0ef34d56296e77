import Clocks
package import DocumentStore
package import DumpDirectory
import DumpFormat
package import Logging

/// Writes dumps one at a time. Who asks while one is written shares the next: that one begins after the asking, so it
/// holds every change that was made before.
package actor Dumper {
  /// A dump, and how many there were in this process with it.
  package struct Dump: Sendable {
    package let written: WrittenDump
    package let sequence: Int
  }

  private enum Turn: Sendable {
    /// Another's dump to the same place served this caller too.
    case served(Result<Dump, any Error>)
    case lead
  }

  private let store: DocumentStore
  private let job: DumpJob
  private let logger: Logger
  private let thread = BlockingThread("dumps")
  private var isRunning = false
  private var waiting: [(target: DumpLocation, continuation: CheckedContinuation<Turn, Never>)] = []
  private var sequence = 0
  /// The store's state that the newest dump of the directory holds.
  private var savedState: UInt64?

  package init(store: DocumentStore, job: DumpJob, logger: Logger) {
    self.store = store
    self.job = job
    self.logger = logger
  }

  /// Whether something changed that no dump holds.
  package var isChanged: Bool { store.snapshot().sequence != savedState }

  /// Takes the present state as saved: it was just restored.
  package func markSaved() {
    savedState = store.snapshot().sequence
  }

  /// Writes a dump, or shares one.
  ///
  /// - Parameter reason: for the log, as `signal` or `timer`.
  /// - Returns: when the dump is safe on the volume.
  package func dump(to target: DumpLocation, reason: String) async throws -> Dump {
    if isRunning {
      let turn = await withCheckedContinuation { waiting.append((target, $0)) }
      if case .served(let result) = turn { return try result.get() }
    }
    isRunning = true
    let sharing = waiting.filter { $0.target == target }
    waiting.removeAll { $0.target == target }
    let result: Result<Dump, any Error>
    do {
      result = .success(try await write(to: target, reason: reason))
    } catch {
      result = .failure(error)
    }
    for other in sharing { other.continuation.resume(returning: .served(result)) }
    if waiting.isEmpty {
      isRunning = false
    } else {
      waiting.removeFirst().continuation.resume(returning: .lead)
    }
    return try result.get()
  }

  private func write(to target: DumpLocation, reason: String) async throws -> Dump {
    let start = ContinuousClock.now
    let (store, job) = (store, job)
    do {
      let (written, state) = try await thread.run {
        let snapshot = store.snapshot()
        return (try job.write(snapshot, to: target), snapshot.sequence)
      }
      sequence += 1
      // A start looks into the directory only, not below it.
      if target.directory == job.directory.location.directory { savedState = state }
      logger.info(
        "dump written",
        metadata: [
          "dump.path": "\(written.path)",
          "dump.reason": "\(reason)",
          "dump.documents": .stringConvertible(written.summary.records),
          "dump.bytes": .stringConvertible(written.summary.bytes),
          "duration.ms": .stringConvertible((ContinuousClock.now - start).milliseconds),
        ])
      return Dump(written: written, sequence: sequence)
    } catch {
      logger.error(
        "dump failed; older dumps are as they were",
        metadata: ["dump.reason": "\(reason)", "dump.directory": "\(target.directory)", "error": "\(error)"])
      throw error
    }
  }
}
