import Retention
import Testing

@Suite("The guard against shrunken dumps")
struct ShrinkGuardTests {
  /// Judges a series of dumps.
  ///
  /// - Parameter documents: the numbers of documents from the oldest to the newest dump; `nil` for a dump that is not
  ///   good.
  private static func flags(_ documents: [Int?], accepted: Set<String> = []) -> [Bool] {
    let dumps = documents.enumerated().map { index, count in
      JudgedDump(
        name: String(index), createdAt: index, bytes: 1, verdict: count.map { .good(documents: $0) } ?? .unverified)
    }
    return ShrinkGuard.flags(dumps.reversed().accepting(accepted)).reversed()
  }

  @Test("flags fewer than half of the documents, and not exactly half")
  func half() {
    #expect(Self.flags([100, 50]) == [false, false])
    #expect(Self.flags([100, 49]) == [false, true])
    #expect(Self.flags([101, 50]) == [false, true])
    #expect(Self.flags([1, 0]) == [false, true])
    #expect(Self.flags([0, 0]) == [false, false])
  }

  @Test("compares with the last good dump that was not flagged")
  func baseline() {
    #expect(Self.flags([100, 10, 10, nil, 10, 50, 25, 12]) == [false, true, true, false, true, false, false, true])
  }

  @Test("compares the next dumps with an accepted one")
  func accepted() {
    #expect(Self.flags([100, 10, 10, 10, 4], accepted: ["2"]) == [false, true, false, false, true])
  }

  @Test("flags the end of a slow decline whose steps were pruned, unless it passed before")
  func decline() {
    #expect(Self.flags([130, 90, 60]) == [false, false, false])
    #expect(Self.flags([130, nil, 60]) == [false, false, true])
    #expect(Self.flags([130, nil, 60], accepted: ["2"]) == [false, false, false])
  }

  @Test("accepts any count without a trap")
  func extremes() {
    #expect(Self.flags([.max, .max / 2, .max / 2 + 1, .min]) == [false, true, false, true])
  }
}
