import Glibc
import Threads

/// Rows by the hashes of their documents, made in one go and never changed. A row takes 9 bytes, and a lookup usually
/// one access to memory. Making it costs a tenth of filling a persistent tree.
///
/// A bucket is a line of the processor's cache. It has up to ten rows, each with 16 bits of its hash: the caller
/// compares the documents anyway, and hardly any two hashes of a bucket agree in them. The hash's highest bits, which
/// are those of a seeded hash and therefore even, give the row's first bucket. When it is full, the row goes to the
/// next one that is not.
//
// Sendable: it owns the memory of its buckets, which does not change once it is made.
final class FlatIndex: @unchecked Sendable {
  /// The hashes of documents and their rows, in ascending order of rows. A document without the fields is missing.
  struct Entries: Sendable {
    var hashes: [UInt64] = []
    var rows: [Row] = []
  }

  private struct Bucket {
    static let size = 10

    var fingerprints = InlineArray<10, UInt16>(repeating: 0)
    var count: UInt8 = 0
    /// The largest distance to a bucket with a row whose first bucket is this one.
    var reach: UInt8 = 0
    var rows = InlineArray<10, Row>(repeating: 0)

    var isFull: Bool { count == Self.size }

    /// The slots with a fingerprint, a bit for each.
    func slots(_ fingerprint: UInt16) -> UInt32 {
      var found: UInt32 = 0
      for slot in 0..<Self.size { found |= (fingerprints[slot] == fingerprint ? 1 : 0) << UInt32(slot) }
      return found & (1 << UInt32(count) - 1)
    }
  }

  /// The mean number of rows in a bucket.
  private static let meanBucket = 7
  /// The distance that rows of even hashes never come near to.
  private static let largestReach = 250
  /// Rows of one hash. A tree with a set for each value suits more of them.
  private static let largestGroup = 32

  private let buckets: UnsafeMutableBufferPointer<Bucket>

  /// - Returns: `nil` when many entries have the same hash.
  init?(_ entries: Entries) {
    let count = entries.rows.count
    guard count > 0 else { return nil }
    buckets = Self.allocate(count / Self.meanBucket + 1)
    var turns = Turns(every: 4096)
    for (hash, row) in zip(entries.hashes, entries.rows) {
      turns.count()
      guard insert(row, hash) else { return nil }
    }
  }

  deinit { UnsafeMutableRawPointer(buckets.baseAddress)?.deallocate() }

  /// The rows of a hash, or `nil` when there are none. A row of another hash may be among them.
  func rows(of hash: UInt64) -> RowSet? {
    let fingerprint = UInt16(truncatingIfNeeded: hash)
    var found: RowSet?
    var position = first(hash)
    var rest = buckets[position].reach
    while true {
      var slots = buckets[position].slots(fingerprint)
      while slots != 0 {
        let row = buckets[position].rows[slots.trailingZeroBitCount]
        if found?.insert(row) == nil { found = .one(row) }
        slots &= slots - 1
      }
      guard rest > 0 else { return found }
      rest -= 1
      position = next(position)
    }
  }

  /// Calls a body with each two rows that may have the same hash, the earlier one first.
  func forEachPair(_ body: (_ earlier: Row, _ later: Row) -> Void) {
    var turns = Turns(every: 1024)
    for position in buckets.indices {
      turns.count()
      for slot in 0..<Int(buckets[position].count) {
        let row = buckets[position].rows[slot]
        let fingerprint = buckets[position].fingerprints[slot]
        // Rows of one hash are in their order from their first bucket on. A bucket that is not full ends it.
        var other = position
        var slots = buckets[position].slots(fingerprint) & (1 << UInt32(slot) - 1)
        for distance in 0...Self.largestReach {
          while slots != 0 {
            let earlier = buckets[other].rows[slots.trailingZeroBitCount]
            if earlier < row { body(earlier, row) }
            slots &= slots - 1
          }
          other = before(other)
          guard distance < Self.largestReach, other != position, buckets[other].isFull else { break }
          slots = buckets[other].slots(fingerprint)
        }
      }
    }
  }

  /// - Returns: `false` when many rows have the same hash.
  private func insert(_ row: Row, _ hash: UInt64) -> Bool {
    let fingerprint = UInt16(truncatingIfNeeded: hash)
    let first = first(hash)
    var (position, distance, same) = (first, 0, 0)
    while buckets[position].isFull {
      same += buckets[position].slots(fingerprint).nonzeroBitCount
      distance += 1
      guard distance <= Self.largestReach, same < Self.largestGroup else { return false }
      position = next(position)
    }
    let slot = Int(buckets[position].count)
    buckets[position].fingerprints[slot] = fingerprint
    buckets[position].rows[slot] = row
    buckets[position].count += 1
    buckets[first].reach = max(buckets[first].reach, UInt8(distance))
    return true
  }

  private func first(_ hash: UInt64) -> Int { Int(hash.multipliedFullWidth(by: UInt64(buckets.count)).high) }

  private func next(_ position: Int) -> Int { position + 1 == buckets.count ? 0 : position + 1 }

  private func before(_ position: Int) -> Int { position == 0 ? buckets.count - 1 : position - 1 }

  /// Empty buckets, on huge pages where the kernel has them for those who ask: a lookup then also has its bucket's page
  /// at hand.
  private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Bucket> {
    let hugePage = 2 << 20
    let bytes = count * MemoryLayout<Bucket>.stride
    let isLarge = bytes >= hugePage
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePage : 64)
    if isLarge { madvise(memory, bytes & ~(hugePage - 1), MADV_HUGEPAGE) }
    let start = memory.initializeMemory(as: Bucket.self, repeating: Bucket(), count: count)
    return UnsafeMutableBufferPointer(start: start, count: count)
  }
}
