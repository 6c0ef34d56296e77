import TestSupport
import Testing

@testable import RateLimiting

@Suite("Messages about shares")
struct ShareMessageTests {
  private static func entry(_ random: inout SeededGenerator) -> ShareEntry {
    ShareEntry(
      key: CounterKey(
        .throttle, (0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random) }),
      window: .random(in: 1...31_536_000, using: &random), number: .random(in: 0...0xFFFF_FFFF, using: &random),
      limit: .random(in: 0...Int.max, using: &random),
      amount: .random(in: Adjustment.least...Adjustment.most, using: &random))
  }

  private static func page(_ random: inout SeededGenerator) -> SharePage {
    SharePage(
      transfer: random.chance(50) ? 1 : .max, index: 1, count: 2,
      account: ShareAccount(
        got: [SharePart(halvings: 0), SharePart(halvings: 2, from: 7, until: 900)],
        given: [SharePart(halvings: 40, until: 9)]),
      from: .min, closedAt: 77, entries: (0..<3).map { _ in entry(&random) })
  }

  private static func messages(_ seed: UInt64) -> [(bytes: [UInt8], isReport: Bool)] {
    var random = SeededGenerator(seed: seed)
    let report = ShareReport(
      session: random.next(), holder: random.next(), sequence: random.next(), stage: .sharing, transfer: 3, incoming: 4,
      pages: 5, clears: 6, page: random.chance(50) ? page(&random) : nil,
      lines: (0..<4).map { _ in
        .init(entry: entry(&random), used: .random(in: 0...Int.max, using: &random), isShort: true)
      })
    let contents: [ShareAnswer.Content] = [
      .unknown, .page(page(&random)), .amounts([entry(&random)]), .legacy(page(&random)), .returned(9),
    ]
    return [(report.bytes, true)]
      + contents.map { content in
        let answer = ShareAnswer(
          holder: random.next(), session: random.next(), sequence: 1, time: 1_700_000_000_000_000_000,
          fence: 1_700_000_020, clears: 2, content)
        return (answer.bytes, false)
      }
  }

  private static func reread(_ bytes: [UInt8], isReport: Bool) throws -> [UInt8] {
    isReport ? try ShareReport(bytes).bytes : try ShareAnswer(bytes).bytes
  }

  @Test("are read as they were written", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    for message in Self.messages(seed) {
      #expect(try Self.reread(message.bytes, isReport: message.isReport) == message.bytes)
    }
  }

  @Test("are refused when they are cut off, longer, of another version or too long")
  func refusals() {
    for message in Self.messages(1) {
      for count in 0..<message.bytes.count {
        #expect(throws: ShareFault.self) {
          try Self.reread(Array(message.bytes.prefix(count)), isReport: message.isReport)
        }
      }
      for bytes in [
        message.bytes + [0], [2] + message.bytes.dropFirst(), message.bytes + Array(repeating: 0, count: 1 << 20),
      ] {
        #expect(throws: ShareFault.self) { try Self.reread(bytes, isReport: message.isReport) }
      }
    }
  }

  @Test("that are damaged are refused or mean something, and end no task", arguments: 0..<20 as Range<UInt64>)
  func damage(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let pair = SharePair()
    pair.exchange(seconds: 3)
    for message in Self.messages(seed) {
      for _ in 0..<200 {
        var bytes = message.bytes
        bytes[Int.random(in: 1..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        _ = pair.holder.exchange.answer(bytes)
        pair.standby.exchange.take(bytes)
      }
    }
    pair.exchange(seconds: 3)
    #expect(pair.calls(20, at: pair.holder, limit: 10) + pair.calls(20, at: pair.standby, limit: 10) == 10)
  }
}
