import ArgumentParser
import CrashPoints

/// Plays interleavings of writers that share a volume, from the check of the lease to the answer of a change.
struct FencingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "fencing")

  @Option(help: "The number of interleavings: 100000 without --minutes.")
  var runs: Int?

  @Option(help: "Begin no interleaving after this many minutes.")
  var minutes: Double?

  @Option(help: "Of the first interleaving; the next ones count on from it.")
  var seed: UInt64 = 1

  @Option(help: "A fault to put in: \(FencingSimulation.Fault.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sabotage: String?

  func run() throws {
    let fault = try sabotage.map { name in
      guard let fault = FencingSimulation.Fault(rawValue: name) else {
        throw ValidationError("There is no fault '\(name)'.")
      }
      return fault
    }
    var total = FencingSimulation.Outcome()
    let (runs, time) = (runs ?? (minutes == nil ? 100_000 : .max), TimeLimit(minutes: minutes))
    while total.runs < runs, !time.isOver {
      let outcome = FencingSimulation.run(seed: seed &+ UInt64(total.runs), fault)
      for violation in outcome.violations where total.violations.count < 20 { say(violation) }
      total.add(outcome)
      if total.runs.isMultiple(of: 100_000), total.runs < runs { say(line(total)) }
    }
    say(line(total))
    if !total.violations.isEmpty { throw ExitCode(1) }
  }

  private func line(_ total: FencingSimulation.Outcome) -> String {
    "\(total.runs) interleavings from seed \(seed), \(total.takeOvers) take-overs, \(total.disturbedWrites) disturbed writes, \(total.acknowledged) changes acknowledged and \(total.refused) refused, \(total.violations.count) violations"
  }
}
