import DumpDirectory
import DumpFormat
import JSON

/// The names of documents that a journal removes. A journal has only their `_id`, so an earlier change or the dump
/// before it tells the rest.
struct RemovedNames: Sendable {
  private struct Key: Hashable, Sendable {
    let collection: UTF8Key
    let id: UTF8Key

    init?(_ collection: String, _ id: String?) {
      guard let id else { return nil }
      (self.collection, self.id) = (UTF8Key(collection), UTF8Key(id))
    }
  }

  private var wanted: Set<Key> = []
  private var names: [Key: DocumentName] = [:]
  /// Why not all names may be known, in a sentence; `nil` when nothing kept them from being read.
  private(set) var trouble: String?

  /// Notes that a commit's removed documents need names.
  mutating func want(_ commit: JournalCommit) {
    for change in commit.changes where change.after == nil {
      if let key = Key(change.collection, change.id) { wanted.insert(key) }
    }
  }

  /// The name of a changed document, of which at least the `_id` is known.
  func name(of change: JournalChange) -> DocumentName {
    let known = Key(change.collection, change.id).flatMap { names[$0] }
    return known ?? DocumentName(parts: [], id: change.id)
  }

  /// Takes the names from a commit's documents.
  mutating func learn(from commit: JournalCommit, _ guide: DocumentGuide) {
    for change in commit.changes {
      guard let key = Key(change.collection, change.id), wanted.contains(key),
        let object = change.after.flatMap({ DocumentGuide.object($0) })
      else { continue }
      names[key] = guide.name(of: object, in: change.collection)
    }
  }

  /// Reads the newest dump that is not newer than a journal, and the journals between both. Nothing is thrown: names
  /// are for people, and `trouble` says what is missing.
  mutating func learn(from history: JournalHistory, before journal: JournalNumber, _ guide: DocumentGuide) {
    guard !wanted.isEmpty else { return }
    let base = history.dumps.compactMap { dump in dump.order.map { (number: JournalNumber($0), dump: dump) } }
      .filter { $0.number <= journal }.max { $0.number < $1.number }
    if let base {
      do {
        try learn(from: history.directory.open(base.dump.path), history.keyring, guide)
      } catch {
        trouble = "names of removed documents may be missing: \(base.dump.name): \(error)"
      }
    }
    for report in history.journals where report.entry.number < journal {
      if let base, report.entry.number < base.number { continue }
      do {
        guard var reader = try JournalReader(history.directory.source(of: report.entry.path), history.keyring) else {
          continue
        }
        while let batch = try reader.next() { for commit in batch.commits { learn(from: commit, guide) } }
      } catch {
        trouble = "names of removed documents may be missing: \(report.entry.name): \(error)"
      }
    }
  }

  private mutating func learn(from dump: UnverifiedDump, _ keyring: DumpKeyring, _ guide: DocumentGuide) throws {
    let wanted = wanted
    let collections = Set(wanted.map(\.collection))
    var found: [Key: DocumentName] = [:]
    _ = try dump.load(keyring) { batch -> [(Key, DocumentName)] in
      guard collections.contains(UTF8Key(batch.group)) else { return [] }
      var found: [(Key, DocumentName)] = []
      batch.forEach { record in
        guard let key = Key(batch.group, Self.id(of: record, isCanonical: batch.isCanonical)), wanted.contains(key),
          let object = DocumentGuide.object(record)
        else { return }
        found.append((key, guide.name(of: object, in: batch.group)))
      }
      return found
    } take: { _, part in
      for (key, name) in part { found[key] = name }
    }
    for (key, name) in found { names[key] = name }
  }

  private static let idKey = JSONWriter.content(of: "_id")

  /// The `_id` of a dump's record. One of another program is not in the compact form, and is parsed.
  private static func id(of record: UnsafeRawBufferPointer, isCanonical: Bool) -> String? {
    guard isCanonical else { return DocumentGuide.object(record)?["_id"]?.string }
    guard let range = idKey.withUnsafeBytes({ CompactJSON.rangeOfValue(forKey: $0, in: record) }) else { return nil }
    return (try? JSONParser().parse(record[range]))?.string
  }
}
