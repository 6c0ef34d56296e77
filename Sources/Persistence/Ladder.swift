package import DocumentStore
package import DumpDirectory
package import DumpFormat
package import JSON

/// Finds the state to start with: the newest dump that is whole. Files are only read; whatever is wrong with one, it
/// stays where it is.
///
/// Only damage is passed over. A newer dump that can't be read or opened may be good, and a start from an older one would bury it:
/// what is dumped next stands above it.
package struct Ladder: Sendable {
  /// What is wrong with a dump.
  package enum Fault: Sendable, Equatable {
    /// It is cut off, or authenticated by no key although a key makes sense of its beginning.
    case damaged
    /// The system could not read it: permissions, an error of the volume.
    case unreadable
    /// No key makes sense of it.
    case noKey
    /// It is authentic, and this program can't load what is in it.
    case unloadable

    /// Whether the dump may be good.
    package var blocks: Bool { self != .damaged }
  }

  /// A dump that was not loaded.
  package struct Failure: Sendable, CustomStringConvertible {
    package let path: String
    package let fault: Fault
    package let reason: String

    package init(path: String, fault: Fault, reason: String) {
      self.path = path
      self.fault = fault
      self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
  }

  package struct Restored: Sendable {
    package let path: String
    package let summary: DumpSummary
    package let contents: LoadedCollections
    /// Values that should be unique and come twice, by collection and fields.
    package let conflicts: [UTF8Key: Int]
  }

  package enum Outcome: Sendable {
    case restored(Restored, passedOver: [Failure])
    /// The directory holds no dump.
    case nothingThere
    /// There are dumps and none can be loaded.
    case noneLoads([Failure])
    /// A dump that may be good stands above every one that loads.
    case blocked(by: Failure, passedOver: [Failure])
  }

  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let schemas: [CollectionSchema]

  package init(directory: DumpDirectory, keyring: DumpKeyring, schemas: [CollectionSchema]) {
    self.directory = directory
    self.keyring = keyring
    self.schemas = schemas
  }

  /// Tries the dumps from the newest to the oldest.
  ///
  /// - Parameter allowsOlder: goes on below a dump that may be good.
  package func climb(allowsOlder: Bool = false) throws(DumpDirectoryError) -> Outcome {
    // A dump that is gone since the look at the directory may have been pruned, as others are newer. The next look tells.
    for _ in 0..<Self.looks {
      if let outcome = try climb(directory.catalogue(keyring), allowsOlder: allowsOlder) { return outcome }
    }
    throw DumpDirectoryError(
      .inputOutput, directory.location.directory, "its dumps vanish while they are looked at")
  }

  /// More than a pruning sidecar makes necessary.
  private static let looks = 20

  /// - Returns: `nil` when one of the dumps is gone.
  private func climb(_ entries: [DumpEntry], allowsOlder: Bool) -> Outcome? {
    // With a key for none of them it is the key that is wrong, and there is nothing above which an older one would stand.
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
    // The file was there a moment ago.
    default: .unreadable
    }
  }

  /// The dump that is tried first, unread; `nil` when there is none.
  package func newest() throws(DumpDirectoryError) -> DumpEntry? { try directory.catalogue(keyring).first }

  /// Loads one dump: every byte is authenticated before the first is looked at.
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

/// Why a dump that opens can't be loaded.
package enum RestoreError: Error, Sendable, CustomStringConvertible {
  case document(collection: String, number: Int, error: JSONError)

  package var description: String {
    switch self {
    case .document(let collection, let number, let error):
      "it opens, but document \(number) of '\(collection)' is not JSON: \(error)"
    }
  }
}
