import ArgumentParser
import CrashPoints
import DumpFormat

/// Plays a small workload with each fault at each of its calls of the volume.
struct FaultsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "faults")

  @Option(help: "Workloads at a time; they mostly wait.")
  var jobs = 16

  @Option(help: "Play only faults whose names have this word, such as ENOSPC or hangs.")
  var fault: String?

  func run() async throws {
    var violations = 0
    let all = FaultSweep.Fault.errors + [.hang(.milliseconds(2300))]
    let faults = fault.map { word in all.filter { $0.description.contains(word) } } ?? all
    if faults.isEmpty { throw ValidationError("There is no such fault: \(all.map(\.description)).") }
    for format in [DumpFormatName.dmp1, .dmp2] {
      let calls = try await FaultSweep.calls(format: format)
      for fault in faults {
        let pairs = (1...calls).map { (call: $0, fault: fault) }
        let outcome = try await FaultSweep.run(pairs, format: format, jobs: jobs)
        for violation in outcome.violations.prefix(10) { say(violation) }
        say(
          "\(format.rawValue), \(fault) at each of \(calls) calls: \(outcome.runs) workloads, \(outcome.acknowledged) changes acknowledged, \(outcome.refused) refusals, \(outcome.violations.count) violations"
        )
        violations += outcome.violations.count
      }
    }
    if violations > 0 { throw ExitCode(1) }
  }
}
