import Foundation
import Glibc
import JSON
import TestSupport
import Testing

private let sentence = "has not answered for"

private func addGroup(_ gateway: GatehouseProcess, _ token: String, _ name: String) throws -> HTTPAnswer {
  try gateway.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
}

/// The reason why the gateway takes no changes, or `nil` while it does.
private func reason(_ gateway: GatehouseProcess) -> String? {
  (try? gateway.send("GET", "/platform/monitor/readiness"))?.json.object?["reason"]?.string
}

/// Makes changes under new names until one is acknowledged.
private func acknowledged(_ gateway: GatehouseProcess, _ token: String, _ prefix: String) throws -> String {
  var number = 0
  let found = eventually(within: .seconds(90)) { () -> String? in
    number += 1
    return (try? addGroup(gateway, token, "\(prefix)-\(number)"))?.status == 201 ? "\(prefix)-\(number)" : nil
  }
  guard let found else { throw HTTPFailure(description: "no change is acknowledged:\n\(gateway.log)") }
  return found
}

@Suite("A volume that hangs behind the journal")
struct HangingJournalTests {
  @Test(
    "costs changes, which say why, and neither reads nor calls; it goes on when the volume is back, and SIGKILL loses nothing"
  )
  func hanging() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = HangingVolume(root.appending(path: "generated"), over: root.appending(path: "behind")) else {
        try skip("there is no FUSE, or no bindfs")
        return
      }
      // A process in a call of a volume that hangs does not end.
      defer { volume.goOn() }
      let upstream = try EchoUpstream()
      defer { upstream.stop() }
      let gateway = try GatehouseProcess(dumps: volume.url)
      defer { if gateway.isRunning { gateway.signal(SIGKILL) } }
      try gateway.waitUntilReady()
      let token = try gateway.logIn()
      try gateway.createAPI("test", servers: [upstream.url], token: token)
      var there = [try acknowledged(gateway, token, "before")]
      var absent: [String] = []

      var isRefused = false
      // After 10 s the lease is the reason, because the volume takes no renewal either. A machine that is too busy to
      // ask before that tries again.
      for attempt in 1...5 where !isRefused {
        volume.hang()
        let waiting = try gateway.beginGroup(token, "waiting-\(attempt)")
        _ = eventually(within: .seconds(60)) { reason(gateway) }
        let answer = try addGroup(gateway, token, "refused-\(attempt)")
        #expect(answer.status == 503 && answer.code == "GTW504", "\(answer.text)")
        isRefused = answer.text.contains("Nothing was changed: the volume \(sentence)")
        absent.append("refused-\(attempt)")
        #expect(try gateway.send("GET", "/platform/group/\(there[0])", token: token).status == 200)
        #expect(try gateway.send("GET", "/platform/group/refused-\(attempt)", token: token).status == 404)
        #expect(try gateway.send("GET", "/api/rest/test/v1/text").status == 200)
        volume.goOn()
        // It waited for the volume for 10 s at most.
        let late = try waiting.receive()
        #expect(late.status == 201 || late.code == "GTW504", "\(late.text)")
        if late.status == 201 { there.append("waiting-\(attempt)") }
        there.append(try acknowledged(gateway, token, "after-\(attempt)"))
      }
      #expect(isRefused, "no change is refused because the volume \(sentence) some seconds")

      gateway.signal(SIGKILL)
      _ = try gateway.waitForExit()
      try await withGatehouse(dumps: volume.url) { (next: GatehouseProcess) async throws in
        let token = try next.logIn()
        for name in there { #expect(try next.send("GET", "/platform/group/\(name)", token: token).status == 200) }
        for name in absent { #expect(try next.send("GET", "/platform/group/\(name)", token: token).status == 404) }
      }
    }
  }
}
