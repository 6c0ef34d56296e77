package import DocumentStore
package import DumpDirectory
package import DumpFormat
package import JSON

/// Finds the state to start with: the newest dump that is whole. Files are only read; whatever is wrong with one, it
/// stays where it is.
package struct Ladder: Sendable {
  /// A dump that was passed over.
  package struct Failure: Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path): \(reason)" }
  }

  package struct Restored: Sendable {
    package let path: String
    package let summary: DumpSummary
    package let contents: LoadedCollections
    /// Values that should be unique and come twice, by collection and fields.
    package let conflicts: [String: Int]
  }

  package enum Outcome: Sendable {
    case restored(Restored, passedOver: [Failure])
    /// The directory holds no dump.
    case nothingThere
    /// There are dumps and none can be loaded.
    case noneLoads([Failure])
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
  package func climb() throws(DumpDirectoryError) -> Outcome {
    var failures: [Failure] = []
    for entry in try directory.catalogue(keyring) {
      do {
        return .restored(try load(entry.path), passedOver: failures)
      } catch {
        failures.append(Failure(path: entry.path, reason: "\(error)"))
      }
    }
    return failures.isEmpty ? .nothingThere : .noneLoads(failures)
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
