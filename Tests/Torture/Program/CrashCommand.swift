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

  @Option(help: "Of the first workload; the next ones count on from it.")
  var seed: UInt64 = 1

  @Option(help: "The format of the dumps: dmp1 or dmp2. Without it every fourth seed has dmp1, and the others dmp2.")
  var format: String?

  @Option(help: "The number of things that happen in a workload.")
  var steps = 40

  @Option(help: "Crashes after each operation.")
  var variants = 40

  @Option(help: "A fault to put in: \(RecordedVolume.Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sabotage: String?

  func validate() throws {
    if let format, DumpFormatName(rawValue: format) == nil {
      throw ValidationError("There is no format '\(format)'.")
    }
  }

  func run() async throws {
    let sabotage = try sabotage.map { name in
      guard let sabotage = RecordedVolume.Sabotage(rawValue: name) else {
        throw ValidationError("There is no fault '\(name)'.")
      }
      return sabotage
    }
    let format = format.flatMap(DumpFormatName.init(rawValue:))
    var total = CrashJudge.Verdict()
    var next = seed
    let (states, time) = (states ?? (minutes == nil ? 100_000 : .max), TimeLimit(minutes: minutes))
    while total.states < states, !time.isOver {
      let verdict = try await CrashJudge.run(seed: next, steps: steps, variants: variants, format: format, sabotage)
      total.add(verdict)
      for violation in verdict.violations.prefix(5) { say("\(violation)") }
      say(
        "seed \(next), \((format ?? CrashWorkload.format(of: next)).label): \(verdict.states) states of \(verdict.prefixes) operations, \(verdict.violations.count) violations; \(total.states) states so far"
      )
      next += 1
    }
    say("\(total.states) states from seeds \(seed) to \(next - 1), \(total.violations.count) violations")
    if !total.violations.isEmpty { throw ExitCode(1) }
  }
}
