import Foundation
import Glibc
import JSON
import TestSupport
import Testing

private func addGroup(_ gateway: GatehouseProcess, _ token: String, _ name: String) throws -> HTTPAnswer {
  try gateway.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
}

private func hasGroup(_ gateway: GatehouseProcess, _ token: String, _ name: String) throws -> Bool {
  try gateway.send("GET", "/platform/group/\(name)", token: token).status == 200
}

/// The changes that a gateway answered.
private struct Changes {
  private let gateway: GatehouseProcess
  private let token: String
  private(set) var acknowledged: [String] = []
  private(set) var refused: [String] = []
  private var count = 0

  init(_ gateway: GatehouseProcess, _ token: String) { (self.gateway, self.token) = (gateway, token) }

  /// Makes changes until one is acknowledged.
  mutating func acknowledge() throws {
    let before = acknowledged.count
    let isDone = try eventually(within: .seconds(90)) { () -> Bool? in
      _ = try add()
      return acknowledged.count > before ? true : nil
    }
    guard isDone == true else { throw HTTPFailure(description: "no change is acknowledged:\n\(gateway.log)") }
  }

  /// Makes changes until one is not acknowledged. The last page of a file has room for some.
  ///
  /// - Returns: the answer to that one.
  mutating func fail() throws -> HTTPAnswer {
    let answer = try eventually { () -> HTTPAnswer? in
      let answer = try add()
      return answer.status == 201 ? nil : answer
    }
    guard let answer else { throw HTTPFailure(description: "all changes are acknowledged:\n\(gateway.log)") }
    return answer
  }

  private mutating func add() throws -> HTTPAnswer {
    count += 1
    let name = "change-\(count)"
    let answer = try addGroup(gateway, token, name)
    if answer.status == 201 { acknowledged.append(name) }
    // One that was made and is not safe may come to the volume, too.
    if answer.text.contains("Nothing was changed") { refused.append(name) }
    return answer
  }
}

@Suite("A volume that is full behind the journal")
struct FullJournalTests {
  @Test("costs changes, which say why, and neither reads nor calls; with room it goes on, and a crash loses nothing")
  func full() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = SmallVolume(root.appending(path: "generated"), size: "1m") else {
        try skip("this process may not mount a tmpfs")
        return
      }
      let upstream = try EchoUpstream()
      defer { upstream.stop() }
      let gateway = try GatehouseProcess(dumps: volume.url)
      defer { if gateway.isRunning { gateway.signal(SIGKILL) } }
      try gateway.waitUntilReady()
      let token = try gateway.logIn()
      try gateway.createAPI("test", servers: [upstream.url], token: token)
      var changes = Changes(gateway, token)
      try changes.acknowledge()
      let first = try #require(changes.acknowledged.first)

      var isRefused = false
      // After 10 s the lease is the reason, because the volume takes no renewal either. A machine that is too busy to
      // ask before that tries again.
      for _ in 1...5 where !isRefused {
        volume.fill()
        let unkept = try changes.fail()
        #expect(unkept.status == 503 && unkept.code == "GTW504", "\(unkept.text)")
        let next = try changes.fail()
        #expect(next.status == 503 && next.code == "GTW504", "\(next.text)")
        isRefused =
          unkept.text.contains("it could not be kept: the volume is full")
          && next.text.contains("Nothing was changed: the volume is full")
        let readiness = try gateway.send("GET", "/platform/monitor/readiness").json.object
        #expect(readiness?["status"] == "ready" && readiness?["writer"] == false, "\(readiness ?? [:])")
        #expect(try hasGroup(gateway, token, first))
        for name in changes.refused.suffix(20) { #expect(try !hasGroup(gateway, token, name), "\(name) was refused") }
        #expect(try gateway.send("GET", "/api/rest/test/v1/text").status == 200)
        volume.free()
        try changes.acknowledge()
      }
      #expect(isRefused, "no change is refused because the volume is full")

      gateway.signal(SIGKILL)
      _ = try gateway.waitForExit()
      try await withGatehouse(dumps: volume.url) { (next: GatehouseProcess) async throws in
        let token = try next.logIn()
        for name in changes.acknowledged { #expect(try hasGroup(next, token, name), "\(name) is lost") }
        for name in changes.refused.suffix(20) { #expect(try !hasGroup(next, token, name), "\(name) was refused") }
      }
    }
  }
}
