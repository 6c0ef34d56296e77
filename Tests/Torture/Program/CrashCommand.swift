import ArgumentParser
import CrashPoints
import DumpFormat

/// Crashes workloads of the journal and of dumps at every operation, in memory, and restores what is left.
struct CrashCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "journal")

  @Option(help: "End after this many crashes: 100000 without --minutes.")
  var states: Int?

  @Option(help: "Begin no workload after this many minutes.")
  var minutes: Double?

  @Option(help: "Of the first workload; the next ones count on from it. Every fourth has dumps of Doorman's format.")
  var seed: UInt64 = 1

  @Option(help: "The number of things that happen in a workload.")
  var steps = 40

  @Option(help: "Crashes after each operation.")
  var variants = 40

  @Option(help: "A fault to put in: \(RecordedVolume.Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sabotage: String?

  func run() async throws {
    let sabotage = try sabotage.map { name in
      guard let sabotage = RecordedVolume.Sabotage(rawValue: name) else {
        throw ValidationError("There is no fault '\(name)'.")
      }
      return sabotage
    }
    var total = CrashJudge.Verdict()
    var next = seed
    let (states, time) = (states ?? (minutes == nil ? 100_000 : .max), TimeLimit(minutes: minutes))
    while total.states < states, !time.isOver {
      let verdict = try await CrashJudge.run(seed: next, steps: steps, variants: variants, sabotage)
      total.add(verdict)
      for violation in verdict.violations.prefix(5) { say(violation) }
      say(
        "seed \(next), \(CrashWorkload.format(of: next).label): \(verdict.states) states of \(verdict.prefixes) operations, \(verdict.violations.count) violations; \(total.states) states so far"
      )
      next += 1
    }
    say("\(total.states) states from seeds \(seed) to \(next - 1), \(total.violations.count) violations")
    if !total.violations.isEmpty { throw ExitCode(1) }
  }
}
