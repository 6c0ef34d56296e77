import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Logging
import Persistence
import Synchronization

/// One task of a workload: a store, its journal and its dumps, on the recorded volume.
final class CrashTask: Sendable {
  static let schemas = [CollectionSchema("users", unique: [["name"]]), CollectionSchema("groups")]
  static let keyring = DumpKeyring(sealing: DumpKey("a key of the crash points, 32 characters"))

  static func ladder(_ directory: DumpDirectory) -> Ladder {
    Ladder(directory: directory, keyring: keyring, schemas: schemas)
  }

  let store = DocumentStore(schemas: CrashTask.schemas)
  let directory: DumpDirectory
  let journal: Journal
  let dumper: Dumper
  /// Whether its lease is confirmed.
  let isConfirmed = Confirmation()

  init(_ directory: DumpDirectory, format: DumpFormatName) throws {
    self.directory = directory
    let logger = Logger(label: "crash") { _ in SwiftLogNoOpLogHandler() }
    let isConfirmed = isConfirmed
    journal = try Journal(
      of: store, in: directory, keys: CurrentKeyring(Self.keyring), mode: .always, program: "crash", logger: logger
    ) { isConfirmed.value }
    dumper = Dumper(
      store: store, job: DumpJob(directory: directory, keyring: Self.keyring, format: format), journal: journal,
      logger: logger)
    journal.setDump { [weak dumper] in
      // A dump under a lease confirms it.
      guard isConfirmed.value, let dumper else { throw CrashWorkload.Refused(outcome: "no lease") }
      _ = try await dumper.dump(to: directory.location, reason: "test")
    }
  }

  /// The state and the commits of a start.
  func start(epoch: Int) throws {
    switch try Self.ladder(directory).restoreNewest() {
    case .nothingThere: journal.begin(with: store.snapshot().count == 0 ? .empty : nil)
    case .restored(let restored, _):
      journal.note(restored.replay)
      Journal.$installedState.withValue(restored.replay?.end) {
        _ = store.replaceAll(with: restored.contents) { _, _ in }
      }
    case let other: throw CrashWorkload.Refused(outcome: "\(other)")
    }
    isConfirmed.value = true
    journal.activate(epoch: epoch)
  }

  func dump() async throws -> String {
    try await dumper.dump(to: directory.location, reason: "test").written.path
  }
}

/// Whether a lease is confirmed.
final class Confirmation: Sendable {
  private let state = Mutex(false)

  var value: Bool {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
