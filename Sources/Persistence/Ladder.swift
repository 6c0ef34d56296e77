package import DocumentStore
package import DumpDirectory
package import DumpFormat
package import JSON

/// Finds the state for a start: the newest dump that is valid. It only reads files, and leaves each where it is.
///
/// Only damaged dumps are passed over. A newer dump that can't be read or decrypted may be good. If the gateway started
/// from an older one, its next dumps would take precedence over that newer dump.
package struct Ladder: Sendable {
  /// The reason why a dump was not loaded.
  package enum Fault: Sendable, Equatable {
    /// The file is truncated, or a key matches its beginning but its contents are not authentic.
    case damaged
    /// The system could not read the file, for lack of permission or because the volume failed.
    case unreadable
    /// No key of the keyring matches.
    case noKey
    /// The dump is authentic, but this program can't load its contents.
    case unloadable

    /// Whether the dump may be good, so that no older one may be loaded instead.
    package var blocks: Bool { self != .damaged }
  }

  /// A dump that was not loaded.
  package struct Failure: Sendable, CustomStringConvertible {
    /// The absolute path of the dump.
    package let path: String
    /// The kind of fault.
    package let fault: Fault
    /// The fault in a sentence.
    package let reason: String

    /// Describes a dump that was not loaded.
    package init(path: String, fault: Fault, reason: String) {
      self.path = path
      self.fault = fault
      self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
  }

  /// A dump that was loaded.
  package struct Restored: Sendable {
    /// The absolute path of the dump.
    package let path: String
    /// The dump's header and its numbers of records.
    package let summary: DumpSummary
    /// The collections for the store.
    package let contents: LoadedCollections
    /// The number of documents that repeat a value of a unique index, by collection and fields.
    package let conflicts: [UTF8Key: Int]
  }

  /// The result of trying the dumps.
  package enum Outcome: Sendable {
    case restored(Restored, passedOver: [Failure])
    /// The directory holds no dump.
    case nothingThere
    /// There are dumps, but none can be loaded.
    case noneLoads([Failure])
    /// A dump that may be good is newer than every dump that loads.
    case blocked(by: Failure, passedOver: [Failure])
  }

  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let schemas: [CollectionSchema]

  /// Creates a ladder for the dumps of a directory.
  package init(directory: DumpDirectory, keyring: DumpKeyring, schemas: [CollectionSchema]) {
    self.directory = directory
    self.keyring = keyring
    self.schemas = schemas
  }

  /// Loads the newest dump that is valid, trying them from the newest to the oldest.
  ///
  /// - Parameter allowsOlder: whether to go on after a dump that may be good.
  package func restoreNewest(allowsOlder: Bool = false) throws(DumpDirectoryError) -> Outcome {
    // A dump that is gone since the directory was read may have been pruned because others are newer. Reading the
    // directory again shows that.
    for _ in 0..<Self.attempts {
      if let outcome = try restoreNewest(directory.catalogue(keyring), allowsOlder: allowsOlder) { return outcome }
    }
    throw DumpDirectoryError(
      .inputOutput, directory.location.directory, "its dumps vanish while they are read")
  }

  /// Each attempt can meet a pruned dump. This is more than a pruning sidecar needs.
  private static let attempts = 20

  /// Tries the listed dumps once.
  ///
  /// - Returns: `nil` when one of the dumps is gone.
  private func restoreNewest(_ entries: [DumpEntry], allowsOlder: Bool) -> Outcome? {
    // If the keys match no dump, the keyring is wrong. No dump that may be good is then newer than one that loads.
    let mayGoOn = allowsOlder || entries.allSatisfy { $0.access == .noKey }
    var failures: [Failure] = []
    for entry in entries {
      let failure: Failure
      if case .unreadable(let reason) = entry.access {
        failure = Failure(path: entry.path, fault: .unreadable, reason: reason)
      } else {
        do {
          return .restored(try load(entry.path), passedOver: failures)
        } catch {
          if (error as? DumpDirectoryError)?.code == .notFound { return nil }
          failure = Failure(path: entry.path, fault: fault(error, entry), reason: "\(error)")
        }
      }
      guard mayGoOn || !failure.fault.blocks else { return .blocked(by: failure, passedOver: failures) }
      failures.append(failure)
    }
    return failures.isEmpty ? .nothingThere : .noneLoads(failures)
  }

  private func fault(_ error: any Error, _ entry: DumpEntry) -> Fault {
    switch error {
    case let error as DumpFormatError:
      switch error.code {
      case .inputOutput, .cryptography, .cancelled: .unreadable
      case .damagedOrWrongKey: entry.access == .noKey ? .noKey : .damaged
      case .notADump, .truncated: .damaged
      case .malformedContent, .unsupportedLayout, .unsupportedVersion, .recordTooLarge, .wrongOrder: .unloadable
      }
    case is RestoreError: .unloadable
    // The file existed a moment ago.
    default: .unreadable
    }
  }

  /// The dump that is tried first, with only its header read, or `nil` when there is none.
  package func newest() throws(DumpDirectoryError) -> DumpEntry? { try directory.catalogue(keyring).first }

  /// Loads one dump. Every byte is authenticated before the first record is parsed.
  ///
  /// - Throws: `DumpDirectoryError`, `DumpFormatError` or `RestoreError`.
  package func load(_ path: String) throws -> Restored {
    let dump = try directory.open(path).verify(keyring)
    var loader = CollectionLoader(schemas: schemas)
    var number = 0
    let summary = try dump.read { name in
      loader.begin(name)
      number = 0
    } record: { name, record in
      number += 1
      do throws(JSONError) {
        try loader.append(record, to: name)
      } catch {
        throw RestoreError.document(collection: name, number: number, error: error)
      }
    }
    let conflicts = loader.conflicts
    return Restored(path: path, summary: summary, contents: loader.finish(), conflicts: conflicts)
  }
}

/// The reason why an authentic dump can't be loaded.
package enum RestoreError: Error, Sendable, CustomStringConvertible {
  case document(collection: String, number: Int, error: JSONError)

  package var description: String {
    switch self {
    case .document(let collection, let number, let error):
      "it opens, but document \(number) of '\(collection)' is not JSON: \(error)"
    }
  }
}
