import ArgumentParser

/// The parts of a run of hours beside its rounds, one after the other. A part that finds something does not end the
/// others.
struct LongRun {
  /// The share of the time that rounds get. The parts here share the rest, except for the faults, which take as long
  /// as they take.
  static let shareOfRounds = 0.5

  private let seed: UInt64
  private let minutes: Double

  /// - Parameter minutes: the time of the whole run.
  init(seed: UInt64, minutes: Double) {
    self.seed = seed
    self.minutes = minutes
  }

  /// - Returns: the names of the parts that found something.
  func play() async throws -> [String] {
    let journal = try CrashCommand.parse(options(share: 0.25))
    let histories = try HistoriesCommand.parse(options(share: 0.15))
    let fencing = try FencingCommand.parse(options(share: 0.1))
    let faults = try FaultsCommand.parse([])
    var failed: [String] = []
    if try await findsSomething({ try await journal.run() }) { failed.append("journal") }
    if try await findsSomething({ try histories.run() }) { failed.append("histories") }
    if try await findsSomething({ try fencing.run() }) { failed.append("fencing") }
    if try await findsSomething({ try await faults.run() }) { failed.append("faults") }
    return failed
  }

  private func options(share: Double) -> [String] { ["--seed", "\(seed)", "--minutes", "\(minutes * share)"] }

  private func findsSomething(_ part: () async throws -> Void) async throws -> Bool {
    do {
      try await part()
      return false
    } catch let code as ExitCode {
      return code != .success
    }
  }
}
