import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("What can't be read or used is said, and nothing takes its place without a word")
struct SilentFailureTests {
  @Test("a dump_path of the settings at which a start finds no dumps is said once, and dumps go where they are found")
  func dumpPath() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let file = root.appending(path: "settings.json")
      try Data(#"{"dump_path": "/elsewhere/of/the/peer/memory_dump.bin"}"#.utf8).write(to: file)
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, ["SECURITY_SETTINGS_FILE": file.path()]) {
        (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        for _ in 0..<2 {
          #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        }
        #expect(try gatehouse.stop() == 0)
        let lines = gatehouse.log.split(separator: "\n").filter {
          $0.contains("the dump_path of the security settings is not used")
        }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("/elsewhere/of/the/peer/memory_dump.bin") == true)
      }
      #expect(names(in: generated).count { $0.hasSuffix(".bin") } == 3)
    }
  }

  @Test("a side file that is named and not there is said")
  func missingSideFile() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try await withGatehouse(
        dumps: root.appending(path: "generated"),
        ["SECURITY_SETTINGS_FILE": root.appending(path: "typo.json").path()]
      ) { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.log.contains("SECURITY_SETTINGS_FILE names a file that is not there"))
      }
    }
  }

  @Test("commands on dumps tell one that can't be read from one that is damaged, by their exit codes")
  func commands() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        print("skipped: permissions don't bind this process")
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

  @Test("a file of the trash that can't be read stays there, which the sidecar says")
  func trash() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        print("skipped: permissions don't bind this process")
        return
      }
      let name = try Dumps.write(in: generated, at: Dumps.now - 100)
      try Dumps.write(in: generated, at: Dumps.now)
      let trash = generated.appending(path: "trash")
      try FileManager.default.createDirectory(at: trash, withIntermediateDirectories: false)
      try FileManager.default.moveItem(at: generated.appending(path: name), to: trash.appending(path: name))
      chmod(trash.appending(path: name).path(), 0)
      let sidecar = try SidecarProcess.start(dumps: generated, [:], ["prune"], through: wrapper)
      #expect(try sidecar.waitForExit() != 0)
      #expect(sidecar.log.contains("trash: "), "\(sidecar.log)")
      #expect(sidecar.log.contains("can't be read"), "\(sidecar.log)")
      #expect(names(in: trash) == [name])
    }
  }
}
