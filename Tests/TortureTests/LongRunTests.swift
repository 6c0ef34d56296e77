import Testing
import TortureModel

@Suite("A run of hours")
struct LongRunTests {
  private struct Failure: Error, CustomStringConvertible {
    let description = "the volume is gone"
  }

  @Test("prints its parts with their options, among them a round of each theme that rounds do not draw")
  func parts() async throws {
    let (code, output) = try await runTorture(["--hours", "2", "--seed", "7", "--jobs", "3", "--dry-run"])
    #expect(code == 0)
    #expect(
      output.split(separator: "\n") == [
        "scripts/torture rounds --seed 7 --minutes 60.0 --jobs 3 --journal always",
        "scripts/torture journal --seed 7 --minutes 30.0",
        "scripts/torture histories --seed 7 --minutes 18.0",
        "scripts/torture fencing --seed 7 --minutes 12.0",
        "scripts/torture rounds --seed 7 --rounds 1 --theme minuteHang --jobs 1 --journal always",
        "scripts/torture rounds --seed 7 --rounds 1 --theme clockJumps --jobs 1 --journal always",
        "scripts/torture faults",
      ])
  }

  @Test("goes on behind a part that finds something and one that throws an error, and names both")
  func failures() async {
    let run = LongRun(seed: 1, hours: 1, jobs: 4, journal: "always")
    var played: [String] = []
    let faults = await run.play { part in
      played.append(part.name)
      if part.name == "journal" { throw Failure() }
      return part.name != "rounds"
    }
    #expect(played == run.parts.map(\.name))
    #expect(faults == ["rounds: violations", "journal: could not be played to its end: the volume is gone"])
  }

  @Test("takes no option that would leave something out", arguments: ["minutes", "rounds", "theme", "sabotage"])
  func options(name: String) async throws {
    let values = ["theme": "mix", "sabotage": "earlyAcknowledgement"]
    let (code, output) = try await runTorture(["--hours", "1", "--\(name)", values[name, default: "1"]])
    #expect(code == 64)
    #expect(output.contains("--hours plays everything."))
  }
}
