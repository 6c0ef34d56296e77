import Testing

@testable import DumpDirectory

@Suite("Leases of many processes, simulated")
struct LeaseSimulationTests {
  @Test(
    "have one holder for each epoch, acknowledge nothing once a newer epoch is held, and end with one holder",
    arguments: 1...40)
  func interleavings(seed: Int) {
    var simulation = LeaseSimulation(seed: UInt64(seed))
    for number in 0..<(2 + seed % 2) { simulation.start(kernel: number % 2 == 0 ? "k1" : "k2") }
    simulation.run(for: .seconds(600), processes: 2 + seed % 2)
    simulation.thaw()
    simulation.faults = .none
    simulation.start(kernel: "k1")
    simulation.run(for: .seconds(60), processes: 3)
    #expect(
      simulation.violations.isEmpty,
      "\(simulation.violations.prefix(3).joined(separator: "\n")) after\n\(simulation.events.joined(separator: "\n"))")
    #expect(simulation.holders.count > 1)
    #expect(simulation.acknowledged > 1000)
    let holders = simulation.alive.filter { $0.epoch != nil }
    #expect(holders.count == 1)
    #expect(holders.first?.epoch == simulation.holders.keys.max())
    guard case .record(let record) = simulation.lease else {
      Issue.record("no lease")
      return
    }
    #expect(record.holder == holders.first?.holder)
    #expect(record.epoch == holders.first?.epoch)
  }

  @Test("stay with a holder that renews, whatever the clocks of the others show", arguments: 1...10)
  func steady(seed: Int) {
    var simulation = LeaseSimulation(seed: UInt64(seed), .none)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    simulation.run(for: .seconds(300), processes: 3)
    #expect(simulation.violations == [])
    #expect(simulation.holders.keys.sorted() == [1])
  }

  @Test("stay with a living holder when the volume is full from time to time", arguments: 1...30)
  func fullVolume(seed: Int) {
    var faults = LeaseSimulation.Faults.none
    (faults.longestFull, faults.mayRemoveFiles) = (.seconds(90), seed % 2 == 0)
    var simulation = LeaseSimulation(seed: UInt64(seed), faults)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    // The first lease must exist before the volume is full.
    simulation.faults = .none
    simulation.run(for: .seconds(20), processes: 3)
    let before = simulation.holders
    #expect(simulation.alive.count { $0.epoch != nil } == 1)
    simulation.faults = faults
    simulation.run(for: .seconds(600), processes: 3)
    #expect(simulation.violations == [])
    #expect(simulation.holders == before)
  }
}
