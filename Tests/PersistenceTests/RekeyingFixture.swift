import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Testing

@testable import Persistence

/// A directory with a history: dumps and journals of several starts, which follow each other in every way.
struct RekeyingFixture {
  static let new = DumpKey("the present key, of some 32 characters")

  /// The task that ran last.
  private(set) var setup: StoreWithDumps
  private(set) var epoch = 0
  private let root: URL
  private let files: any FileOperations

  init(_ root: URL, files: any FileOperations = LiveFileOperations()) async throws {
    self.root = root
    self.files = files
    setup = try StoreWithDumps(root, files: files, journal: .always)
    try start()
  }

  var directory: DumpDirectory { setup.directory }
  var old: DumpKeyring { setup.keyring }
  var both: DumpKeyring { DumpKeyring(sealing: Self.new, older: old.all) }
  var contents: [String] { Self.contents(setup.store) }

  static func contents(_ store: DocumentStore) -> [String] {
    let snapshot = store.snapshot()
    var all: [String] = []
    for name in snapshot.collections {
      snapshot.forEachDocument(in: name) { all.append("\(name) \(String(decoding: $0, as: UTF8.self))") }
    }
    return all
  }

  /// Restores what is in a directory.
  ///
  /// - Returns: the documents, or what stands in the way.
  static func restored(_ directory: DumpDirectory, _ keyring: DumpKeyring) throws -> Result<[String], Refusal> {
    let ladder = Ladder(directory: directory, keyring: keyring, schemas: StoreWithDumps.schemas)
    switch try ladder.restoreNewest() {
    case .restored(let restored, _):
      let store = DocumentStore(schemas: StoreWithDumps.schemas)
      _ = store.replaceAll(with: restored.contents) { _, _ in }
      return .success(contents(store))
    case let other: return .failure(Refusal(outcome: "\(other)"))
    }
  }

  struct Refusal: Error, Equatable { let outcome: String }

  /// Starts a task on the directory, as after the end of the one before.
  mutating func restart() throws {
    setup = try StoreWithDumps(root, files: files, journal: .always)
    try start()
  }

  private mutating func start() throws {
    epoch += 1
    try setup.start(epoch: epoch)
  }

  func add(_ names: String...) async throws {
    for name in names {
      let result = try setup.store.write { (transaction) throws(StoreError) in
        _ = try transaction.insert(["name": .string(name)], into: "users")
      }
      if let commit = result.commit { try await setup.journal?.append(commit) }
    }
  }

  /// Makes a history: a journal of an empty state, a dump with its journal, one that no change followed, a task that
  /// goes on from a journal, and, if it ends with a start, one that goes on from a dump.
  mutating func makeHistory(endsWithStart: Bool = true) async throws {
    try await add("a", "b")
    _ = try await setup.dump()
    try await add("c")
    _ = try await setup.dump()
    _ = try await setup.dump()
    try await add("d")
    try restart()
    try await add("e", "f")
    _ = try await setup.dump()
    if endsWithStart { try restart() }
    try await add("g")
  }

  func rekeying(_ keyring: DumpKeyring? = nil) -> Rekeying {
    Rekeying(in: directory, keyring: keyring ?? both, program: "gatehouse/test")
  }

  /// Encrypts everything again.
  ///
  /// - Returns: what was done, one line a file.
  @discardableResult
  func rekeyAll(_ keyring: DumpKeyring? = nil) throws -> [String] {
    let rekeying = rekeying(keyring)
    return try rekeying.paths(withTrash: true).map { path in
      let (kind, outcome) = rekeying.rekey(path)
      let words =
        switch outcome {
        case .rekeyed(let count): "rekeyed \(count)"
        case .present: "present"
        case .inUse(let reason): "in use: \(reason)"
        case .failed(let error): "failed: \(error)"
        }
      return "\(kind?.rawValue ?? "unknown") \(words)"
    }
  }
}
