package import DocumentStore
import JSON
import Synchronization

/// Decoded documents of a collection that is too large to be decoded as a whole. A document is decoded when it is asked
/// for, and kept until it changes or others take its place.
package final class RecordCache<Record: StoredRecord>: Sendable {
  private struct Entry: Sendable {
    let document: Document
    let record: Record
  }

  private struct State {
    var entries: GenerationalCache<UTF8Key, Entry>
    var decodings = 0
  }

  private let state: Mutex<State>

  /// - Parameter capacity: the number of documents that are kept at most.
  package init(capacity: Int) {
    state = Mutex(State(entries: GenerationalCache(capacity: capacity)))
  }

  /// The number of documents that were decoded so far.
  package var decodings: Int { state.withLock { $0.decodings } }

  /// The number of documents that are kept.
  package var count: Int { state.withLock { $0.entries.count } }

  /// The record of a document.
  ///
  /// - Parameters:
  ///   - key: names the document, in all its versions.
  ///   - document: as a snapshot has it. A kept record counts only for the very same bytes, so snapshots of different
  ///     moments can share one cache.
  package func record(_ key: String, of document: Document) -> Record {
    let key = UTF8Key(key)
    let kept = state.withLock { $0.entries.find(key) { $0.document.isIdentical(to: document) } }
    if let kept { return kept.record }
    let record = Record(document)
    state.withLock {
      $0.decodings += 1
      $0.entries.insert(Entry(document: document, record: record), for: key)
    }
    return record
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
