/// A run of hours, which plays every command of the torture program, one after the other.
package struct LongRun: Sendable {
  /// One command with its options.
  package struct Part: Sendable, Equatable {
    /// The name in reports.
    package let name: String
    /// The command and its options.
    package let arguments: [String]
  }

  /// The parts, in their order.
  package let parts: [Part]

  /// Divides the time of a run. Rounds get half of it, and `journal`, `histories` and `fencing` share the rest. The
  /// other parts take as long as they take: a round of each theme that rounds do not draw, and the faults.
  ///
  /// - Parameters:
  ///   - seed: the seed at which each part begins.
  ///   - hours: the time that is divided.
  ///   - jobs: rounds at a time.
  ///   - journal: `MEM_JOURNAL` of the tasks of rounds.
  package init(seed: UInt64, hours: Double, jobs: Int, journal: String) {
    let begin = ["--seed", "\(seed)"]
    let tasks = ["--journal", journal]
    func minutes(percent: Double) -> [String] { ["--minutes", "\(hours * 60 * percent / 100)"] }
    func part(_ name: String, _ command: String, _ options: [String]...) -> Part {
      Part(name: name, arguments: [command] + options.flatMap { $0 })
    }
    var parts = [
      part("rounds", "rounds", begin, minutes(percent: 50), ["--jobs", "\(jobs)"], tasks),
      part("journal", "journal", begin, minutes(percent: 25)),
      part("histories", "histories", begin, minutes(percent: 15)),
      part("fencing", "fencing", begin, minutes(percent: 10)),
    ]
    for theme in Theme.allCases where !theme.isDrawn {
      parts.append(
        part(theme.rawValue, "rounds", begin, ["--rounds", "1", "--theme", theme.rawValue, "--jobs", "1"], tasks))
    }
    parts.append(part("faults", "faults"))
    self.parts = parts
  }

  /// Plays all parts. A part that finds something, or that throws an error, does not end the others.
  ///
  /// - Parameter play: plays a part, and returns whether it found nothing.
  /// - Returns: a line for each part that found something or threw an error.
  package func play(_ play: (Part) async throws -> Bool) async -> [String] {
    var faults: [String] = []
    for part in parts {
      do {
        let isKept = try await play(part)
        if !isKept { faults.append("\(part.name): violations") }
      } catch {
        faults.append("\(part.name): could not be played to its end: \(error)")
      }
    }
    return faults
  }
}
