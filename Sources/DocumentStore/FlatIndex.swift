/// Rows by the hashes of their documents, made in one go and never changed. A row takes 9 bytes and a lookup two
/// accesses to memory. Making it costs a tenth of filling a persistent tree.
///
/// Entries are sorted into buckets by the highest bits of their hashes, which are those of a seeded hash and therefore
/// even. Within a bucket they keep their order. An entry has the lowest 32 bits of its hash: the caller compares the
/// documents anyway, and hardly any two hashes of a bucket agree in them.
final class FlatIndex: Sendable {
  /// The hashes of documents and their rows, in ascending order of rows. A document without the fields is missing.
  struct Entries: Sendable {
    var hashes: [UInt64] = []
    var rows: [Row] = []
  }

  /// The mean number of entries in a bucket.
  private static let meanBucket = 4
  /// An even hash never fills a bucket so far. Equal values do; a tree with a set for each value suits them.
  private static let largestBucket = 32

  private struct Entry: Sendable {
    var fingerprint: UInt32
    var row: Row
  }

  private let shift: UInt64
  /// Where each bucket begins, and the end of the last one.
  private let starts: [UInt32]
  private let entries: [Entry]

  /// - Returns: `nil` when many entries have the same hash.
  init?(_ entries: Entries) {
    let count = entries.rows.count
    guard count > 0, count <= UInt32.max else { return nil }
    var bits: UInt64 = 0
    while count >> Int(bits) > Self.meanBucket { bits += 1 }
    let shift = 64 - bits
    // A shift by 64 gives 0, the only bucket.
    var starts = [UInt32](repeating: 0, count: 1 << Int(bits) + 1)
    for hash in entries.hashes { starts[Int(hash >> shift) + 1] += 1 }
    guard starts.allSatisfy({ $0 <= Self.largestBucket }) else { return nil }
    for bucket in 1..<starts.count { starts[bucket] += starts[bucket - 1] }
    var next = starts
    var sorted = [Entry](repeating: Entry(fingerprint: 0, row: 0), count: count)
    for (hash, row) in zip(entries.hashes, entries.rows) {
      let bucket = Int(hash >> shift)
      let position = Int(next[bucket])
      next[bucket] += 1
      sorted[position] = Entry(fingerprint: UInt32(truncatingIfNeeded: hash), row: row)
    }
    self.shift = shift
    self.starts = starts
    self.entries = sorted
  }

  /// The rows of a hash, or `nil` when there are none. A row of another hash may be among them.
  func rows(of hash: UInt64) -> RowSet? {
    let bucket = Int(hash >> shift)
    let fingerprint = UInt32(truncatingIfNeeded: hash)
    var found: RowSet?
    for position in Int(starts[bucket])..<Int(starts[bucket + 1]) where entries[position].fingerprint == fingerprint {
      if found?.insert(entries[position].row) == nil { found = .one(entries[position].row) }
    }
    return found
  }

  /// Calls a body with each two rows that may have the same hash, the earlier one first.
  func forEachPair(_ body: (_ earlier: Row, _ later: Row) -> Void) {
    for bucket in 0..<starts.count - 1 {
      let range = Int(starts[bucket])..<Int(starts[bucket + 1])
      for later in range.dropFirst() {
        for earlier in range.lowerBound..<later where entries[earlier].fingerprint == entries[later].fingerprint {
          body(entries[earlier].row, entries[later].row)
        }
      }
    }
  }
}
