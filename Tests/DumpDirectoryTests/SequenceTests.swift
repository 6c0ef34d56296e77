import DumpFormat
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The order of dumps")
struct SequenceTests {
  /// A dump written in a minute, with a version if it is one of Gatehouse's.
  private static func entry(_ name: String, minute: Int, _ order: (epoch: Int, sequence: Int)? = nil) -> DumpEntry {
    let digits = minute < 10 ? "0\(minute)" : "\(minute)"
    return DumpEntry(
      name: "\(name)-20260101T00\(digits)00Z.bin", path: name, bytes: 1,
      header: DumpHeader(
        createdAt: "2026-01-01T00:\(digits):00Z",
        order: order.flatMap { DumpOrder(epoch: $0.epoch, sequence: $0.sequence) }))
  }

  /// Dumps from the oldest to the newest; the directory lists them in any order.
  private static let cases: [(String, [DumpEntry])] = [
    (
      "epoch and sequence win over the time",
      [entry("a", minute: 50, (1, 9)), entry("b", minute: 40, (2, 1)), entry("c", minute: 30, (2, 2))]
    ),
    (
      "Doorman's dumps are placed among Gatehouse's by time",
      [
        entry("older", minute: 1), entry("a", minute: 10, (1, 1)), entry("between", minute: 15),
        entry("b", minute: 20, (1, 2)), entry("newer", minute: 25), entry("newest", minute: 30),
      ]
    ),
    (
      "moving to Doorman and back, twice",
      [
        entry("ours", minute: 10, (1, 1)), entry("peers", minute: 20), entry("ours again", minute: 30, (2, 1)),
        entry("peers again", minute: 40),
      ]
    ),
    (
      "a late dump of an old epoch does not raise Doorman's above the newer epoch",
      [
        entry("a", minute: 10, (1, 1)), entry("stale", minute: 40, (1, 2)), entry("b", minute: 20, (2, 1)),
        entry("peers", minute: 30),
      ]
    ),
    ("of one time, above ours", [entry("a", minute: 10, (1, 1)), entry("peers", minute: 10)]),
    ("Doorman's dumps alone", [entry("z", minute: 1), entry("a", minute: 2), entry("b", minute: 2)]),
  ]

  @Test("does not depend on the order of the directory", arguments: cases.indices)
  func permutations(index: Int) {
    let (what, expected) = Self.cases[index]
    var random = SeededGenerator(seed: UInt64(index))
    for _ in 0..<200 {
      let listed = DumpSequence.newestFirst(expected.shuffled(using: &random))
      #expect(listed.reversed().map(\.path) == expected.map(\.path), "\(what)")
    }
  }

  @Test("is total for any mixture, and sorts versioned dumps by version and the others by time")
  func mixtures() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let entries = (0..<8).map { number in
        let order = Bool.random(using: &random)
        return Self.entry(
          "\(number)", minute: Int.random(in: 0..<6, using: &random),
          order ? (Int.random(in: 1...3, using: &random), Int.random(in: 1...3, using: &random)) : nil)
      }
      let listed = DumpSequence.newestFirst(entries)
      #expect(listed == DumpSequence.newestFirst(entries.shuffled(using: &random)))
      #expect(listed.count == entries.count)
      let orders = listed.compactMap(\.order)
      #expect(orders == orders.sorted(by: >))
      // Each dump without a version is sorted above all versioned dumps that are not younger: directly above one of
      // them, or below all.
      for (index, other) in listed.enumerated() where other.order == nil {
        let below = listed[index...].compactMap { $0.order == nil ? nil : $0 }
        #expect(below.isEmpty || below[0].time <= other.time)
        #expect(listed[..<index].allSatisfy { $0.order == nil || $0.time > other.time })
      }
    }
  }

  @Test(
    "uses only times that can be compared as text",
    arguments: [
      ("2026-01-01T00:00:00Z", true), ("2026-01-01T00:00:00.1Z", true), ("2026-01-01T00:00:00.123456789Z", true),
      ("2026-01-01T00:00:00.Z", false), ("2026-01-01T00:00:00.1234567890Z", false), ("2026-01-01 00:00:00Z", false),
      ("2026-01-01T00:00:00", false), ("2026-01-01T00:00:00+01:00", false), ("2026-01-01T00:00:0xZ", false),
      ("2026-01-01T00:00:00.1xZ", false), ("", false), ("Z", false), ("２026-01-01T00:00:00Z", false),
    ])
  func times(text: String, isTaken: Bool) {
    let entry = DumpEntry(name: "x.bin", path: "x", bytes: 1, header: DumpHeader(createdAt: text))
    #expect((entry.createdAt == text) == (isTaken || text.isEmpty))
    #expect(entry.time.isEmpty == !isTaken)
  }
}
