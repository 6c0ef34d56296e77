import Foundation
import TestSupport
import Testing

/// Runs `.ci/run` in a directory where each script and tool is a stub that notes its name.
@Suite("The run of all checks")
struct CheckRunTests {
  private static let scripts = [
    "setup", "test", "torture", "soak", "test-threads", "test-memory", "test-fuzz", "test-containers",
  ]
  private static let tools = ["swift", "shellcheck", "ruff", "hadolint"]

  private let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "gatehouse-checks-\(UUID().uuidString)/clone")
    for directory in [".ci", "scripts", "bin"] {
      try FileManager.default.createDirectory(at: root.appending(path: directory), withIntermediateDirectories: true)
    }
    try write(".ci/run", try Repository.text(".ci/run"))
    for script in Self.scripts { try write("scripts/\(script)", note) }
    for tool in Self.tools { try write("bin/\(tool)", note) }
    // It stops in order on Ctrl-C.
    try write(
      "scripts/run",
      """
      #!/usr/bin/env bash
      trap 'touch "${MEM_DUMP_PATH%.bin}-1.bin"; echo "drained in 1 s"; echo "the last dump is safe"; exit 0' INT
      echo "Gatehouse is ready"
      for _ in $(seq 600); do sleep 0.1; done
      """)
  }

  private var note: String { "#!/bin/sh\necho \"$(basename \"$0\")\" >>'\(root.path())/notes'\n" }

  private func write(_ path: String, _ text: String) throws {
    let file = root.appending(path: path)
    try text.write(to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path())
  }

  private func run() throws -> (code: Int32, lines: [Substring], notes: Set<Substring>) {
    let process = ChildProcess()
    let output = Pipe()
    process.executableURL = root.appending(path: ".ci/run")
    process.environment = ["PATH": "\(root.path())/bin:/usr/bin:/bin", "TMPDIR": root.path()]
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let notes = try String(contentsOf: root.appending(path: "notes"), encoding: .utf8)
    try FileManager.default.removeItem(at: root.deletingLastPathComponent())
    return (process.terminationStatus, text.split(separator: "\n"), Set(notes.split(separator: "\n")))
  }

  @Test("passes without a Docker engine, and says in its last line that it skipped the containers")
  func withoutEngine() throws {
    try write("bin/docker", "#!/bin/sh\nexit 1\n")
    try write("scripts/test-containers", "#!/bin/sh\nexit 1\n")
    let (code, lines, notes) = try run()
    #expect(code == 0 && notes.contains("hadolint"))
    #expect(lines.last == "ci: skipped: containers")
    #expect(lines.contains { $0.hasPrefix("ci: there is no Docker engine") })
    #expect(lines.contains { $0.hasPrefix("ci: all passed") })
  }

  @Test("repeats in its last lines why tests did not run, and why the torture test left faults out")
  func reasons() throws {
    try write("bin/docker", "#!/bin/sh\nexit 0\n")
    try write("scripts/test", "#!/bin/sh\necho 'skipped: there is no FUSE (2 times)' >\"$GATEHOUSE_SKIPPED\"\n")
    try write("scripts/torture", "#!/bin/sh\necho 'skipped: shifted clocks'\n")
    let (code, lines, _) = try run()
    #expect(code == 0)
    let last = lines.suffix(2).joined(separator: "\n")
    #expect(last == "ci: skipped: there is no FUSE (2 times)\nci: skipped: torture: shifted clocks")
  }

  @Test("runs every step where there is a Docker engine, and then skips nothing")
  func withEngine() throws {
    try write("bin/docker", "#!/bin/sh\nexit 0\n")
    let (code, lines, notes) = try run()
    #expect(code == 0)
    #expect(lines.last?.hasPrefix("ci: all passed") == true)
    #expect(notes == Set((Self.scripts + Self.tools).map { $0[...] }))
  }

  @Test("fails when one of the parts does that run side by side, and ends the builds beside them")
  func failureOfPart() throws {
    try write("bin/docker", "#!/bin/sh\nexit 1\n")
    try write("scripts/test-threads", "#!/bin/sh\necho \"build $$\" >>'\(root.path())/notes'\nexec sleep 300\n")
    let isBuilding = "until grep -q build '\(root.path())/notes'; do sleep 0.01; done"
    try write(
      "scripts/torture",
      "#!/bin/sh\n\(isBuilding)\n[ \"$1\" != journal ] || { echo 'a change is lost'; exit 1; }\n")
    let (code, lines, notes) = try run()
    #expect(code != 0 && !notes.contains("soak"))
    let build = try #require(notes.first { $0.hasPrefix("build ") }.flatMap { Int32($0.dropFirst("build ".count)) })
    // It may wait for its new parent to take notice.
    let isEnded = eventually { () -> Bool? in
      let status = try? String(contentsOfFile: "/proc/\(build)/stat", encoding: .utf8)
      return status?.contains(") Z ") != false ? true : nil
    }
    #expect(isEnded == true)
    #expect(lines.contains("a change is lost"))
    #expect(!lines.contains { $0.hasPrefix("ci: all passed") })
  }

  @Test("stops at a step that fails, and fails")
  func failure() throws {
    try write("bin/docker", "#!/bin/sh\nexit 1\n")
    try write("scripts/test", "#!/bin/sh\nexit 1\n")
    let (code, lines, notes) = try run()
    #expect(code != 0 && !notes.contains("torture"))
    #expect(!lines.contains { $0.hasPrefix("ci: all passed") })
  }
}
