import Foundation
import TestSupport
import Testing

@Suite("Files that hold a secret, in both programs")
struct SecretFileProgramTests {
  @Test("end with exit code 78 where the environment can't be read, and take no default for what it says")
  func noEnvironment() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let script = root.appending(path: "without-proc")
      let text = "#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs none /proc && exec \"$@\"' sh \"$@\"\n"
      try Data(text.utf8).write(to: script)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
      let process = try GatehouseProcess(
        dumps: root.appending(path: "g"), arguments: ["config", "check"], through: script)
      let code = try process.waitForExit()
      if process.log.contains("unshare failed") || process.log.contains("permission denied") {
        try skip("this process may not have mounts of its own")
        return
      }
      #expect(code == 78, "\(process.log)")
      #expect(process.logs("/proc/self/environ"))
    }
  }

  @Test(
    "are refused with exit code 78 where they hold no plain text, and are taken with any line ends",
    arguments: [
      ("a key of the tests, long", Int32(0)), ("a key of the tests, long\r\n", 0), ("a key of the tests, long\n\n", 0),
      ("\u{FEFF}a key of the tests, long", 78), ("\r\n", 78), ("", 78), ("a key of\u{0}the tests", 78),
    ])
  func files(text: String, code: Int32) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
      let file = root.appending(path: "key")
      try Data(text.utf8).write(to: file)
      let changes = ["MEM_ENCRYPTION_KEY": "", "MEM_ENCRYPTION_KEY_FILE": file.path()]
      let process = try GatehouseProcess(dumps: generated, changes, arguments: ["config", "check"])
      #expect(try process.waitForExit() == code)
      #expect(code == 0 || process.logs("MEM_ENCRYPTION_KEY_FILE: names the file"))
      let sidecar = try SidecarProcess.run(["list"], dumps: generated, changes)
      #expect(sidecar.code == code)
      #expect(code == 0 || sidecar.output.contains("MEM_ENCRYPTION_KEY_FILE: names the file"))
    }
  }
}
