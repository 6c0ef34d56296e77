import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Reports of unreadable files")
struct SilentFailureTests {
  @Test("a side file that is named and not there is said")
  func missingSideFile() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try await withGatehouse(
        dumps: root.appending(path: "generated"),
        ["SECURITY_SETTINGS_FILE": root.appending(path: "typo.json").path()]
      ) { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.logs("SECURITY_SETTINGS_FILE names a file that is not there"))
      }
    }
  }

  @Test("commands on dumps tell one that can't be read from one that is damaged, by their exit codes")
  func commands() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        try skip("permissions don't bind this process")
        return
      }
      let name = try Dumps.write(in: generated, at: Dumps.now)
      let path = generated.appending(path: name).path()
      let code = { (command: String, file: String?) in
        try GatehouseProcess(
          dumps: generated, arguments: ["dump", command] + (file.map { [$0] } ?? []), through: wrapper
        ).waitForExit()
      }
      chmod(path, 0)
      for command in ["verify", "inspect", "restore-check"] {
        #expect(try code(command, path) == 74, "\(command)")
        #expect(try code(command, nil) == 74, "\(command) without a file")
      }
      chmod(path, 0o600)
      try Data("DMP1 and no more".utf8).write(to: URL(filePath: path))
      for command in ["verify", "inspect"] { #expect(try code(command, path) == 65, "\(command)") }
      chmod(generated.path(), 0o300)
      for command in ["list", "verify", "restore-check"] { #expect(try code(command, nil) == 74, "\(command)") }
      chmod(generated.path(), 0o700)
    }
  }
}
