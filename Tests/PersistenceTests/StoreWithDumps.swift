import Clocks
import DocumentStore
import DumpFormat
import Foundation
import JSON
import Logging
import Persistence

@testable import DumpDirectory

/// A store and its dumper, with a dump directory of their own.
struct StoreWithDumps {
  static let schemas = [CollectionSchema("users", unique: [["name"]]), CollectionSchema("empty")]

  /// A clock that stands still.
  static let clock = WallClock { .init(seconds: 1_795_464_697, microseconds: 454_068) }

  let store = DocumentStore(schemas: schemas)
  let keyring = DumpKeyring(sealing: DumpKey("a key of the tests"))
  /// The keys in force, which begin with `keyring`.
  let keys: CurrentKeyring
  let directory: DumpDirectory
  let dumper: Dumper
  let journal: Journal?

  /// - Parameter journal: `nil` for a store that only dumps save.
  init(
    _ root: URL, files: any FileOperations = LiveFileOperations(), format: DumpFormatName = .dmp2,
    journal mode: Journal.Mode? = nil, clock: WallClock = Self.clock,
    isConfirmed: @escaping @Sendable () -> Bool = { true }
  ) throws {
    let keys = CurrentKeyring(keyring)
    self.keys = keys
    directory = DumpDirectory(try DumpLocation(path: "generated/d.bin", workingDirectory: root.path()), files: files)
    try directory.prepare()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let (store, directory) = (store, directory)
    journal = try mode.map { mode in
      try Journal(
        of: store, in: directory, keys: keys, mode: mode, program: "test", clock: clock, logger: logger,
        isConfirmed: isConfirmed)
    }
    dumper = Dumper(
      store: store, job: DumpJob(directory: directory, keys: keys, format: format, clock: clock),
      journal: journal, logger: logger)
    journal?.setDump { [weak dumper] in _ = try await dumper?.dump(to: directory.location, reason: "test") }
  }

  func ladder(_ keyring: DumpKeyring? = nil) -> Ladder {
    Ladder(directory: directory, keyring: keyring ?? keys.present, schemas: Self.schemas)
  }

  func add(_ name: String) throws {
    try store.write { (tx) throws(StoreError) in
      _ = try tx.insert(["name": .string(name), "x-unknown": [1, .null]], into: "users")
    }
  }

  func dump() async throws -> Dumper.Dump { try await dumper.dump(to: directory.location, reason: "test") }
}
