import Foundation
import Glibc
import TestSupport
import Testing

/// The image runs as a user without privileges. Some options of sockets and files are for root alone.
@Suite("A gateway without privileges", .enabled(if: geteuid() == 0, "only root can start a process of another user"))
struct UnprivilegedTests {
  @Test("forwards calls, makes changes, and saves them")
  func calls() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: root.path())
      let wrapper = try Wrapper.script(
        "as-a-user", in: root, "setpriv --reuid=71200 --regid=71200 --clear-groups \"$@\"")
      let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"), through: wrapper)
      try gatehouse.waitUntilReady()
      let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(gatehouse.identifier)")[.ownerAccountID]
      #expect((owner as? NSNumber)?.intValue == 71_200)
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token)
      let answer = try gatehouse.send("GET", "/api/rest/test/v1/good")
      #expect(answer.status == 200, "\(answer.text)\n\(gatehouse.log)")
      #expect(try gatehouse.stop() == 0, "\(gatehouse.log)")
    }
  }
}
