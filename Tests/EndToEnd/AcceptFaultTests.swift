import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Errors of accept")
struct AcceptFaultTests {
  private func change(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws {
    let answer = try gatehouse.send(
      "POST", "/platform/group", token: token, json: ["group_name": .string(name), "group_description": "d"])
    #expect(answer.status == 201)
  }

  @Test("neither end the server nor keep a core busy")
  func acceptErrors() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let script = root.appending(path: "with-failing-accept")
      let inject = "-e trace=accept4 -e inject=accept4:error=EMFILE:when=3..22"
      try Data("#!/bin/sh\nexec strace -D -f -qq -o /dev/null \(inject) \"$@\"\n".utf8).write(to: script)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
      let gatehouse = try GatehouseProcess(dumps: generated, through: script)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      let start = ContinuousClock.now
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      // While accept fails nobody is answered: someone waits for the 20 failures, each with its rest.
      try change(gatehouse, token, "after-the-failures")
      #expect(ContinuousClock.now - start >= .seconds(4))
      #expect(gatehouse.logs("a connection could not be accepted"))
      #expect(try gatehouse.stop() == 0)
    }
  }
}
