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

  let store = DocumentStore(schemas: schemas)
  let keyring = DumpKeyring(sealing: DumpKey("a key of the tests"))
  let directory: DumpDirectory
  let dumper: Dumper

  init(_ root: URL, files: any FileOperations = LiveFileOperations()) throws {
    directory = DumpDirectory(try DumpLocation(path: "generated/d.bin", workingDirectory: root.path()), files: files)
    try directory.prepare()
    let clock = WallClock { .init(seconds: 1_795_464_697, microseconds: 454_068) }
    dumper = Dumper(
      store: store, job: DumpJob(directory: directory, keyring: keyring, format: .dmp1, clock: clock),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func ladder(_ keyring: DumpKeyring? = nil) -> Ladder {
    Ladder(directory: directory, keyring: keyring ?? self.keyring, schemas: Self.schemas)
  }

  func add(_ name: String) throws {
    try store.write { (tx) throws(StoreError) in
      _ = try tx.insert(["name": .string(name), "x-unknown": [1, .null]], into: "users")
    }
  }

  func dump() async throws -> Dumper.Dump { try await dumper.dump(to: directory.location, reason: "test") }
}
