import Foundation
import TestSupport
import Testing

@Suite("A test that can't run on a machine")
struct SkippedTestTests {
  @Test("says why, and fails only where GATEHOUSE_STRICT is 1", arguments: ["", "0", "1"])
  func strict(value: String) throws {
    let output = Pipe()
    var isFailure = false
    do {
      try skip("there is no FUSE", environment: ["GATEHOUSE_STRICT": value], to: output.fileHandleForWriting)
    } catch is SkippedTest {
      isFailure = true
    }
    try output.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == "skipped: there is no FUSE\n")
    #expect(isFailure == (value == "1"))
  }

  @Test("says so by `skip`, and prints nothing like it by itself")
  func onlyBySkip() throws {
    // The torture test is a program, which plays its rounds with what the machine has.
    let files = Repository.files(below: "Tests", suffix: ".swift").filter { !$0.hasPrefix("Tests/Torture/") }
    for file in files {
      #expect(try !Repository.text(file).contains(/print\("(skipped|not here)/), "\(file)")
    }
  }

  /// Runs `scripts/test` in a directory where the package's tests are a script.
  ///
  /// - Returns: the output, and the reasons that it wrote down.
  private func run(
    _ tests: String, _ arguments: [String] = []
  ) throws -> (code: Int32, output: String, reasons: String) {
    let root = FileManager.default.temporaryDirectory.appending(path: "gatehouse-skipped-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let swift = """
      #!/bin/sh
      case "$*" in
        "build --show-bin-path") echo '\(root.path())' ;;
        test*) '\(root.path())/gatehousePackageTests.xctest' ;;
      esac
      """
    let files = try [
      "scripts/test": Repository.text("scripts/test"), "scripts/setup": "#!/bin/sh\n",
      "scripts/test-deployment": "#!/bin/sh\necho 'deployment tests'\n", "bin/swift": swift,
      "gatehousePackageTests.xctest": "#!/bin/sh\n\(tests)\n",
    ]
    for (path, text) in files {
      let file = root.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path())
    }
    let process = ChildProcess()
    let output = Pipe()
    process.executableURL = root.appending(path: "scripts/test")
    process.arguments = arguments
    let reasons = root.appending(path: "reasons")
    process.environment = [
      "PATH": "\(root.path())/bin:/usr/bin:/bin", "TMPDIR": root.path(), "GATEHOUSE_SKIPPED": reasons.path(),
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, try String(contentsOf: reasons, encoding: .utf8))
  }

  @Test("is told of at the end of `scripts/test`, each reason once, whether the others pass or fail")
  func repeated() throws {
    // The tests are run in four processes.
    let skips = """
      echo 'skipped: there is no FUSE'
      case "$*" in *H-Q*) echo 'skipped: there is no clang' ;; esac
      """
    let lines = "skipped: there is no FUSE (4 times)\nskipped: there is no clang (once)\n"
    let end = lines.split(separator: "\n").map { "test: \($0)\n" }.joined()
    let passed = try run("\(skips)\nexit 0")
    #expect(passed.code == 0 && passed.output.hasSuffix("deployment tests\n\(end)") && passed.reasons == lines)
    let failed = try run("\(skips)\nexit 1")
    #expect(failed.code == 1 && failed.output.hasSuffix(end) && failed.reasons == lines)
    let chosen = try run("echo 'skipped: there is no FUSE'; exit 3", ["--filter", "VolumeTests"])
    #expect(chosen.code == 3 && chosen.output.hasSuffix("test: skipped: there is no FUSE (once)\n"))
    let none = try run("exit 0")
    #expect(none.code == 0 && none.output == "deployment tests\n" && none.reasons.isEmpty)
  }
}
