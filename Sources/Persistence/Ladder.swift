package import DocumentStore
package import DumpDirectory
package import DumpFormat
package import JSON
import Threads

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
    /// The dump is authentic, but the journals go on from an older one. A task wrote it that had lost the lease.
    case bypassed

    /// Whether the dump may be good, so that no older one may be loaded instead.
    package var blocks: Bool {
      switch self {
      case .damaged, .bypassed: false
      case .unreadable, .noKey, .unloadable: true
      }
    }
  }

  /// A dump that was not loaded, or a journal.
  package struct Failure: Sendable, CustomStringConvertible {
    /// The absolute path of the dump.
    package let path: String
    /// The kind of fault.
    package let fault: Fault
    /// Whether the file is a journal, whose changes no older file has.
    package let isOfJournal: Bool
    /// The fault in a sentence.
    package let reason: String

    /// Describes a dump that was not loaded.
    package init(path: String, fault: Fault, isOfJournal: Bool = false, reason: String) {
      self.path = path
      self.fault = fault
      self.isOfJournal = isOfJournal
      self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
  }

  /// A dump that was loaded.
  package struct Restored: Sendable {
    /// The absolute path of the dump, or of the first journal of a state that no dump holds yet.
    package let path: String
    /// The dump's header and its numbers of records, or `nil` when no dump holds the state yet.
    package let summary: DumpSummary?
    /// The dump's identity (`DumpIdentity`), or `nil` when no dump holds the state yet.
    package let identity: String?
    /// The collections for the store, with the changes since the dump.
    package var contents: LoadedCollections
    /// The number of documents that repeat a value of a unique index, by collection and fields.
    package let conflicts: [UTF8Key: Int]
    /// The changes since the dump, or `nil` when only the dump was asked for.
    package var replay: JournalReplay?

    /// The time of the dump in RFC 3339, or `nil` when no dump holds the state yet.
    package var createdAt: String? { summary?.createdAt }
    /// The number of documents.
    package var documents: Int { contents.counts.reduce(0) { $0 + $1.documents } }
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

  let directory: DumpDirectory
  let keyring: DumpKeyring
  let schemas: [CollectionSchema]

  /// Creates a ladder for the dumps of a directory.
  package init(directory: DumpDirectory, keyring: DumpKeyring, schemas: [CollectionSchema]) {
    self.directory = directory
    self.keyring = keyring
    self.schemas = schemas
  }

  /// Loads the newest dump that is valid, trying them from the newest to the oldest.
  ///
  /// - Parameter allowsOlder: whether to go on after a dump that may be good.
  package func restoreNewest(allowsOlder: Bool = false) throws -> Outcome {
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
  private func restoreNewest(_ entries: [DumpEntry], allowsOlder: Bool) throws -> Outcome? {
    // If the keys match no dump, the keyring is wrong. No dump that may be good is then newer than one that loads.
    let mayGoOn = allowsOlder || entries.allSatisfy { $0.access == .noKey }
    var failures: [Failure] = []
    // The first dump that the journals do not lead on from, and what stands in the way.
    var gap: Gap?
    for entry in entries {
      let failure: Failure
      if case .unreadable(let reason) = entry.access {
        failure = Failure(path: entry.path, fault: .unreadable, reason: reason)
      } else {
        do {
          return try follow(load(entry.path), failures, allowsOlder)
        } catch let obstacle as JournalReplayer.Obstacle {
          // The journals were read after the dumps were listed, and may be those of a newer dump.
          guard try newest()?.path == entries.first?.path else { return nil }
          guard obstacle.isGap else { return Self.blocked(gap, obstacle.failure, failures) }
          if gap == nil { gap = (entry.path, failures, obstacle.failure) }
          failure = Failure(path: entry.path, fault: .bypassed, reason: "the journals go on from another dump")
        } catch {
          if (error as? DumpDirectoryError)?.code == .notFound { return nil }
          failure = Failure(path: entry.path, fault: fault(error, entry), reason: "\(error)")
        }
      }
      guard mayGoOn || !failure.fault.blocks else { return Self.blocked(gap, failure, failures) }
      failures.append(failure)
    }
    // The changes of a first start may be in journals only.
    var hasBegunAnew = false
    if failures.allSatisfy({ !$0.fault.blocks }) {
      switch try followNothing(failures, allowsOlder && gap == nil) {
      case .state(let outcome): return outcome
      case .noChanges: hasBegunAnew = failures.allSatisfy { $0.fault == .bypassed }
      case .none: break
      }
    }
    if let gap {
      guard allowsOlder || hasBegunAnew else { return Self.blocked(gap, gap.failure, []) }
      let outcome = try follow(load(gap.path), gap.before, allowsOlder, mayHaveGap: true)
      // A task that began anew and acknowledged nothing leaves nothing to go on from. So nothing is passed over.
      if hasBegunAnew, case .restored(let restored, _) = outcome { return .restored(restored, passedOver: []) }
      return outcome
    }
    return failures.isEmpty ? .nothingThere : .noneLoads(failures)
  }

  private typealias Gap = (path: String, before: [Failure], failure: Failure)

  /// The first obstacle: a gap behind a newer dump, or else the failure.
  private static func blocked(_ gap: Gap?, _ failure: Failure, _ failures: [Failure]) -> Outcome {
    if let gap { return .blocked(by: gap.failure, passedOver: gap.before) }
    return .blocked(by: failure, passedOver: failures)
  }

  /// Makes the changes since a dump again.
  ///
  /// - Throws: `JournalReplayer.Obstacle` when not all of them can be made.
  private func follow(
    _ restored: Restored, _ failures: [Failure], _ allowsLess: Bool, mayHaveGap: Bool = false
  ) throws -> Outcome {
    var restored = restored
    let base = JournalBase(identity: restored.identity, order: restored.summary?.order)
    let (replay, failure) = try replayer.replay(
      base, into: &restored.contents, allowsLess: allowsLess, mayHaveGap: mayHaveGap)
    restored.replay = replay
    let isForeign = base.order == nil && replay.journals.isEmpty
    let lost = isForeign ? try replayer.uncovered() : nil
    if let lost, !allowsLess { return .blocked(by: lost, passedOver: failures) }
    return .restored(restored, passedOver: failures + [failure, lost].compactMap { $0 })
  }

  /// The state of journals that begin without a dump.
  private enum FirstState {
    case state(Outcome)
    /// The newest journal goes on from an empty state, and nothing was changed since.
    case noChanges
    /// No such journals are there.
    case none
  }

  /// Makes the changes of journals again that begin without a dump.
  private func followNothing(_ failures: [Failure], _ allowsLess: Bool) throws -> FirstState {
    guard let first = try directory.journals().first else { return .none }
    let loader = CollectionLoader(schemas: schemas)
    var restored = Restored(
      path: first.path, summary: nil, identity: nil, contents: loader.finish(), conflicts: [:])
    do {
      let (replay, failure) = try replayer.replay(
        .empty, into: &restored.contents, allowsLess: allowsLess, mayHaveGap: allowsLess)
      guard replay.commits > 0 else { return replay.journals.isEmpty ? .none : .noChanges }
      restored.replay = replay
      return .state(.restored(restored, passedOver: failures + [failure].compactMap { $0 }))
    } catch let obstacle as JournalReplayer.Obstacle {
      return failures.isEmpty ? .state(.blocked(by: obstacle.failure, passedOver: failures)) : .none
    }
  }

  private var replayer: JournalReplayer { JournalReplayer(directory: directory, keyring: keyring) }

  private func fault(_ error: any Error, _ entry: DumpEntry) -> Fault {
    switch error {
    case let error as DumpFormatError:
      switch error.code {
      case .inputOutput, .cryptography, .cancelled: .unreadable
      case .damagedOrWrongKey: entry.access == .noKey ? .noKey : .damaged
      case .noKey: .noKey
      case .notADump, .truncated, .damaged: .damaged
      case .malformedContent, .unsupportedLayout, .unsupportedVersion, .recordTooLarge, .wrongOrder: .unloadable
      }
    case is RestoreError: .unloadable
    // The file existed a moment ago.
    default: .unreadable
    }
  }

  /// The dump that is tried first, with only its header read, or `nil` when there is none.
  package func newest() throws(DumpDirectoryError) -> DumpEntry? { try directory.catalogue(keyring).first }

  /// The newest journal by its name, with its size in bytes, or `nil` when there is none.
  package func newestJournal() throws -> (number: JournalNumber, bytes: Int)? {
    guard let entry = try directory.journals().last else { return nil }
    return (entry.number, try directory.source(of: entry.path).size)
  }

  /// Loads one dump. Nothing is parsed that is not authenticated.
  ///
  /// - Throws: `DumpDirectoryError`, `DumpFormatError` or `RestoreError`.
  package func load(_ path: String) throws -> Restored {
    var loader = CollectionLoader(schemas: schemas)
    let plan = loader.plan
    let source = try directory.source(of: path)
    let summary = try UnverifiedDump(source).load(keyring) { batch in
      Self.prepare(batch, plan)
    } take: { name, prepared in
      switch prepared {
      case .success(let documents): loader.append(documents, to: name)
      case .failure(let fault):
        throw fault.asRestoreError(collection: name, before: loader.count(of: name))
      }
    }
    let contents = loader.finish()
    return Restored(
      path: path, summary: summary, identity: try DumpIdentity.of(source, summary.header), contents: contents,
      conflicts: contents.conflicts)
  }

  /// Bytes of records after which other threads have their turns.
  private static let turn = 128 << 10

  private static func prepare(_ batch: RecordBatch, _ plan: LoadPlan) -> Result<PreparedDocuments, BatchFault> {
    Result { () throws(BatchFault) in
      var documents = PreparedDocuments(plan[batch.group], capacity: batch.count)
      var turns = Turns(every: turn)
      try batch.forEach { record throws(BatchFault) in
        turns.count(record.count)
        // An authentic dump of ours has documents as the store had them.
        if batch.isCanonical { return documents.append(canonical: record) }
        do throws(JSONError) {
          try documents.append(importing: record)
        } catch {
          throw BatchFault(number: documents.count + 1, error: error)
        }
      }
      return documents
    }
  }
}
