import Foundation
import Testing

@testable import RateLimiting

@Suite("Sharing limits among tasks that crash, freeze, stop and lose messages")
struct ShareSimulationTests {
  /// One seed whose events are printed, so that a failure can be followed: `SHARE_SEED`.
  private static let seed = ProcessInfo.processInfo.environment["SHARE_SEED"].flatMap { UInt64($0) }

  @Test("is told event by event for a seed", .enabled(if: seed != nil))
  func events() {
    guard let seed = Self.seed else { return }
    let simulation = ShareSimulation(seed: seed)
    simulation.isNoted = true
    simulation.run(steps: 200)
    print(simulation.events.joined(separator: "\n"))
    #expect(simulation.violations == [])
  }

  /// The number of seeds. Set `SHARE_SEEDS` for more.
  private static let seeds = ProcessInfo.processInfo.environment["SHARE_SEEDS"].flatMap { UInt64($0) } ?? 400

  private func violations(of fault: WorldFault?, seeds: Range<UInt64>, enough: Int = .max) -> [String] {
    var found: [String] = []
    for seed in seeds where found.count < enough {
      let simulation = ShareSimulation(seed: seed, fault: fault)
      simulation.run(steps: 200)
      found += simulation.violations
    }
    return found
  }

  @Test("never lets more pass in a window than its limit", arguments: 0..<2)
  func limits(part: UInt64) {
    let first = part * Self.seeds / 2
    #expect(violations(of: nil, seeds: first..<first + Self.seeds / 2) == [])
  }

  @Test("keeps to the limit of a second in which the share of a standby ends, and with it what it got")
  func lastSecondOfAShare() {
    #expect(violations(of: nil, seeds: 350_603..<350_604) == [])
  }

  @Test("leaves to one of several standbys nothing of windows for which it has its share anyhow")
  func heirOfSeveral() {
    for seed in [598, 779, 1091, 31_987] as [UInt64] { #expect(violations(of: nil, seeds: seed..<seed + 1) == []) }
  }

  @Test(
    "is tested by a simulation that finds faults",
    arguments: [WorldFault.grantsWithoutLowering, .reclaimsTooEarly, .usesBeforeGranted])
  func faults(fault: WorldFault) {
    #expect(!violations(of: fault, seeds: 0..<1000, enough: 1).isEmpty)
  }

  @Test("lets calls pass at both tasks, and moves what is left")
  func liveness() {
    var allowed = 0
    for seed in 0..<20 as Range<UInt64> {
      let simulation = ShareSimulation(seed: seed)
      simulation.run(steps: 200)
      allowed += simulation.allowed
    }
    #expect(allowed > 2000)
  }
}
