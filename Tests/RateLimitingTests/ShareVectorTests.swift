import Testing

@testable import RateLimiting

/// Bytes that `Tests/DumpReader/formats.py` wrote. During a deployment a task shares limits with a task of the version
/// before or after it, and goes on from its saved counters. So a new layout gets vectors of its own, and these stay.
@Suite("Shares and saved counters of this version and the one before")
struct ShareVectorTests {
  private static let one = ShareEntry(
    key: CounterKey(.rate, Array("Jürgen".utf8)), window: 3600, number: 496_944, limit: 1000, amount: -250)
  private static let other = ShareEntry(
    key: CounterKey(.bandwidth, []), window: 86_400, number: 20_706, limit: 5_000_000_000, amount: 77)
  private static let page = SharePage(
    transfer: 3, index: 1, count: 2,
    account: ShareAccount(
      got: [SharePart(halvings: 0), SharePart(halvings: 2, from: 7, until: 900)],
      given: [SharePart(halvings: 40, until: 9)]),
    from: .min, closedAt: 77, entries: [one, other])
  private static let line = ShareReport.Line(
    entry: ShareEntry(
      key: CounterKey(.throttle, Array("j".utf8)), window: 1, number: 1_789_000_000, limit: 9, amount: 0),
    used: 8, isShort: true)

  private static func report(_ page: SharePage?, _ lines: [ShareReport.Line]) -> ShareReport {
    ShareReport(
      session: 0x1122_3344_5566_7788, holder: 0x99AA_BBCC_DDEE_FF00, sequence: 5, stage: .sharing, transfer: 3,
      incoming: 4, pages: 5, clears: 6, page: page, lines: lines)
  }

  private static let reports: [(report: ShareReport, digits: String)] = [
    (
      report(nil, [line]),
      """
      01112233445566778899aabbccddeeff0000000000000000050100000003000000040000000500000000000000060000000001020001\
      6a000000016aa1f940000000000000000900000000000000000000000801
      """
    ),
    (
      report(page, []),
      """
      01112233445566778899aabbccddeeff0000000000000000050100000003000000040000000500000000000000060100000003000000\
      010000000200020080000000000000007fffffffffffffff020000000000000007000000000000038400012880000000000000000000\
      0000000000098000000000000000000000000000004d000000020100074ac3bc7267656e00000e100007953000000000000003e8ffff\
      ff0603000000015180000050e2000000012a05f2000000004d00000000
      """
    ),
  ]

  private static let answers: [(content: ShareAnswer.Content, digits: String)] = [
    (
      .unknown,
      "0199aabbccddeeff001122334455667788000000000000000518d3ce0586884d15000000006aa1f954000000000000000600"
    ),
    (
      .page(page),
      """
      0199aabbccddeeff001122334455667788000000000000000518d3ce0586884d15000000006aa1f95400000000000000060100000003\
      000000010000000200020080000000000000007fffffffffffffff020000000000000007000000000000038400012880000000000000\
      0000000000000000098000000000000000000000000000004d000000020100074ac3bc7267656e00000e100007953000000000000003\
      e8ffffff0603000000015180000050e2000000012a05f2000000004d
      """
    ),
    (
      .amounts([one, other]),
      """
      0199aabbccddeeff001122334455667788000000000000000518d3ce0586884d15000000006aa1f95400000000000000060200000002\
      0100074ac3bc7267656e00000e100007953000000000000003e8ffffff0603000000015180000050e2000000012a05f2000000004d
      """
    ),
    (
      .legacy(page),
      """
      0199aabbccddeeff001122334455667788000000000000000518d3ce0586884d15000000006aa1f95400000000000000060300000003\
      000000010000000200020080000000000000007fffffffffffffff020000000000000007000000000000038400012880000000000000\
      0000000000000000098000000000000000000000000000004d000000020100074ac3bc7267656e00000e100007953000000000000003\
      e8ffffff0603000000015180000050e2000000012a05f2000000004d
      """
    ),
    (
      .returned(9),
      "0199aabbccddeeff001122334455667788000000000000000518d3ce0586884d15000000006aa1f95400000000000000060400000009"
    ),
  ]

  private static let counters =
    "01000000020100074ac3bc7267656e00000e1000079530000000000000000503000000015180000050e200000000ee6b2800"

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap { place in
      UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)
    }
  }

  @Test("are reports that are read and written to the byte as they were")
  func reports() throws {
    for (report, digits) in Self.reports {
      let bytes = Self.bytes(digits)
      #expect(try ShareReport(bytes) == report)
      #expect(report.bytes == bytes)
    }
  }

  @Test("are answers that are read and written to the byte as they were")
  func answers() throws {
    for (content, digits) in Self.answers {
      let bytes = Self.bytes(digits)
      let answer = ShareAnswer(
        holder: 0x99AA_BBCC_DDEE_FF00, session: 0x1122_3344_5566_7788, sequence: 5, time: 1_789_000_000_123_456_789,
        fence: 1_789_000_020, clears: 6, content)
      #expect(try ShareAnswer(bytes) == answer)
      #expect(answer.bytes == bytes)
    }
  }

  @Test("are counters that are read and written to the byte as they were")
  func savedCounters() throws {
    let saved = try #require(SavedCounters(Self.bytes(Self.counters)))
    #expect(
      saved.entries == [
        .init(key: CounterKey(.rate, Array("Jürgen".utf8)), window: 3600, number: 496_944, used: 5),
        .init(key: CounterKey(.bandwidth, []), window: 86_400, number: 20_706, used: 4_000_000_000),
      ])
    #expect(saved.bytes == Self.bytes(Self.counters))
  }
}
