import CrashPoints
import Testing

@Suite("Writers on one volume, simulated from the check of the lease to the answer,")
struct FencingSimulationTests {
  @Test("never lose an acknowledged change, and acknowledge nothing once another one holds the lease")
  func interleavings() {
    var total = FencingSimulation.Outcome()
    for seed in UInt64(1)...200 { total.add(FencingSimulation.run(seed: seed)) }
    #expect(total.violations == [])
    #expect(total.takeOvers > 100)
    #expect(total.disturbedWrites > 100)
    #expect(total.acknowledged > 2000)
    #expect(total.refused > 20)
  }

  @Test("repeat an interleaving by its seed")
  func replay() {
    for seed in UInt64(1)...20 {
      let (first, second) = (FencingSimulation.run(seed: seed), FencingSimulation.run(seed: seed))
      #expect(
        (first.acknowledged, first.refused, first.takeOvers) == (second.acknowledged, second.refused, second.takeOvers))
    }
  }

  /// Interleavings that show a fault. Others are found with `scripts/torture fencing --sabotage FAULT`.
  private static let telling: [FencingSimulation.Fault: UInt64] = [
    .checkBeforeWriteOnly: 4, .noMargin: 343, .noPlaces: 27, .anyTenure: 121, .earlyAcknowledgement: 27,
  ]

  @Test("show each fault that is put in, and only then", arguments: FencingSimulation.Fault.allCases)
  func sabotage(_ fault: FencingSimulation.Fault) throws {
    let seed = try #require(Self.telling[fault])
    #expect(FencingSimulation.run(seed: seed, fault).violations != [])
    #expect(FencingSimulation.run(seed: seed).violations == [])
  }
}
