import Testing

@Suite("Crashes of workloads of the journal")
struct CrashCommandTests {
  private static let short = ["journal", "--states", "1", "--steps", "2", "--variants", "1"]

  @Test(
    "have dumps of the format that is asked for, or else of the seed's",
    arguments: [
      (["--seed", "1"], "seed 1, DMP2: "), (["--seed", "4"], "seed 4, DMP1: "),
      (["--seed", "1", "--format", "dmp1"], "seed 1, DMP1: "), (["--seed", "4", "--format", "dmp2"], "seed 4, DMP2: "),
    ])
  func format(options: [String], line: String) async throws {
    let (code, output) = try await runTorture(Self.short + options)
    #expect(code == 0)
    #expect(output.hasPrefix(line), "\(output)")
  }

  @Test("have no other format")
  func unknownFormat() async throws {
    let (code, output) = try await runTorture(Self.short + ["--format", "dmp3"])
    #expect(code == 64)
    #expect(output.contains("There is no format 'dmp3'."))
  }
}
