package import DocumentStore
import JSON
import Synchronization

/// Decoded documents of a collection that is too large to be decoded as a whole. A document is decoded when it is asked
/// for, and kept until it changes or others take its place.
package final class RecordCache<Record: StoredRecord>: Sendable {
  private struct Entry {
    let document: Document
    let record: Record
  }

  private struct Entries {
    var newer: [UTF8Key: Entry] = [:]
    var older: [UTF8Key: Entry] = [:]
    var decodings = 0
  }

  private let entries = Mutex(Entries())
  private let halfCapacity: Int

  /// - Parameter capacity: the number of documents that are kept at most.
  package init(capacity: Int) {
    halfCapacity = max(1, capacity / 2)
  }

  /// The number of documents that were decoded so far.
  package var decodings: Int { entries.withLock { $0.decodings } }

  /// The number of documents that are kept.
  package var count: Int { entries.withLock { $0.newer.count + $0.older.count } }

  /// The record of a document.
  ///
  /// - Parameters:
  ///   - key: names the document, in all its versions.
  ///   - document: as a snapshot has it. A kept record counts only for the very same bytes, so snapshots of different
  ///     moments can share one cache.
  package func record(_ key: String, of document: Document) -> Record {
    let key = UTF8Key(key)
    if let record = entries.withLock({ Self.find(key, document, in: &$0, halfCapacity) }) { return record }
    let record = Record(document)
    entries.withLock {
      $0.decodings += 1
      Self.keep(key, Entry(document: document, record: record), in: &$0, halfCapacity)
    }
    return record
  }

  private static func find(
    _ key: UTF8Key, _ document: Document, in entries: inout Entries, _ halfCapacity: Int
  ) -> Record? {
    if let entry = entries.newer[key] { return entry.document.isIdentical(to: document) ? entry.record : nil }
    guard let entry = entries.older[key], entry.document.isIdentical(to: document) else { return nil }
    keep(key, entry, in: &entries, halfCapacity)
    return entry.record
  }

  /// Keeps an entry among the newer ones. When these fill half of the cache, they become the older ones, whose place is
  /// given up: an entry that is not asked for while others fill half of the cache goes.
  private static func keep(_ key: UTF8Key, _ entry: Entry, in entries: inout Entries, _ halfCapacity: Int) {
    entries.older[key] = nil
    entries.newer[key] = entry
    guard entries.newer.count >= halfCapacity else { return }
    entries.older = entries.newer
    entries.newer = [:]
  }
}

extension Document {
  /// Whether both share the same bytes in memory. While one of them lives, no other document can get its place there.
  package func isIdentical(to other: Document) -> Bool {
    bytes.withUnsafeBufferPointer { left in
      other.bytes.withUnsafeBufferPointer { left.baseAddress == $0.baseAddress && left.count == $0.count }
    }
  }
}
