import Retention
import TestSupport
import Testing

@Suite("Random histories of dump directories")
struct HistoryTests {
  private static let cases = 20
  private static let historiesPerCase = 50_000

  @Test(
    "keep the newest good dump, the dumps that the rules keep, and all without a newer verified dump",
    arguments: 0..<cases)
  func histories(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var tally = VolumeHistory.Tally()
    var violations: [String] = []
    for number in 0..<Self.historiesPerCase where violations.count < 3 {
      var history = VolumeHistory(random: random, tally: tally)
      let (violation, next) = history.run()
      if let violation { violations.append("history \(number) of seed \(seed): \(violation)") }
      tally = history.tally
      random = next
    }
    #expect(violations == [])
    // Histories without such events would prove nothing.
    for count in [tally.prunes, tally.removals, tally.stalePrunes, tally.flagged, tally.future, tally.capped] {
      #expect(count > Self.historiesPerCase / 10, "\(tally)")
    }
    #expect(tally.anchorsGone > Self.historiesPerCase / 1000, "\(tally)")
    #expect(tally.unopenedGone > Self.historiesPerCase / 1000, "\(tally)")
    #expect(tally.damagedGone > Self.historiesPerCase / 1000, "\(tally)")
  }
}
