import Testing

@testable import DocumentStore

@Suite("A flat index")
struct FlatIndexTests {
  private static func entries(_ hashes: [UInt64]) -> FlatIndex.Entries {
    FlatIndex.Entries(hashes: hashes, rows: hashes.indices.map(Row.init))
  }

  /// The rows of each hash.
  private static func groups(_ hashes: [UInt64]) -> [UInt64: [Row]] {
    Dictionary(grouping: hashes.indices.map(Row.init)) { hashes[Int($0)] }
  }

  private static func rows(_ index: FlatIndex, of hash: UInt64) -> [Row] {
    index.rows(of: hash).map { Array($0.sorted) } ?? []
  }

  /// - Parameters:
  ///   - count: below and above the number from which the buckets are on huge pages.
  ///   - values: the number of hashes among which each row has one.
  @Test(
    "finds the rows of each hash, and names each two rows of one",
    arguments: [(1, 1), (30, 1), (2000, 1_000_000), (2000, 400), (300_000, 1 << 60), (300_000, 100_000)])
  func contents(count: Int, values: UInt64) throws {
    var generator = SeededGenerator(seed: values)
    let known = (0..<min(values, UInt64(count))).map { _ in generator.next() }
    let hashes = (0..<count).map {
      values > UInt64(count) ? known[$0] : known[Int.random(in: 0..<known.count, using: &generator)]
    }
    let index = try #require(FlatIndex(Self.entries(hashes)))
    let groups = Self.groups(hashes)
    let wrong = groups.first { hash, rows in !rows.allSatisfy(Self.rows(index, of: hash).contains) }
    #expect(wrong == nil)
    // Another row that has the same bits is rare.
    let found = groups.keys.reduce(0) { $0 + Self.rows(index, of: $1).count }
    #expect(found < count + count / 500 + 2)
    #expect((0..<10_000).count { _ in index.rows(of: generator.next()) != nil } < 30)
    var pairs: [UInt64: Set<[Row]>] = [:]
    index.forEachPair { earlier, later in
      guard hashes[Int(earlier)] == hashes[Int(later)] else { return }
      #expect(earlier < later)
      pairs[hashes[Int(later)], default: []].insert([earlier, later])
    }
    let missing = groups.first { hash, rows in pairs[hash]?.count ?? 0 != rows.count * (rows.count - 1) / 2 }
    #expect(missing == nil)
  }

  @Test("finds rows whose buckets are full, also behind the last bucket", arguments: [0, UInt64.max << 16])
  func full(first: UInt64) throws {
    // Twenty hashes come twice.
    let crowd = (Array(0..<400) + Array(0..<20)).map { first | UInt64($0) }
    var generator = SeededGenerator(seed: first)
    let hashes = crowd + (0..<5000).map { _ in generator.next() }
    let index = try #require(FlatIndex(Self.entries(hashes)))
    for (row, hash) in hashes.enumerated() { #expect(Self.rows(index, of: hash).contains(Row(row))) }
    #expect(crowd.prefix(400).reduce(0) { $0 + Self.rows(index, of: $1).count } < 430)
    var pairs: Set<[Row]> = []
    index.forEachPair { earlier, later in
      if hashes[Int(earlier)] == hashes[Int(later)] { pairs.insert([earlier, later]) }
    }
    #expect(pairs == Set((0..<20).map { [Row($0), Row($0 + 400)] }))
  }

  @Test("does not take many rows of one hash, nor many for one bucket")
  func crowded() {
    #expect(FlatIndex(Self.entries([])) == nil)
    #expect(FlatIndex(Self.entries([UInt64](repeating: 7, count: 100))) == nil)
    let crowd = (0..<3000).map { UInt64($0) }
    #expect(FlatIndex(Self.entries(crowd + (0..<100_000).map { UInt64($0) << 40 })) == nil)
  }
}
