import DumpDirectory
import Foundation
import TestSupport
import Testing

@Suite("The address at which a task can be reached")
struct TaskAddressTests {
  private static let path = "/v4/0123abcd"
  /// The words of a task that had no answer within a second.
  private static let unread = "the metadata of the ECS task can't be read"

  /// The address that a task states in its lease.
  private struct Stated {
    let address: LeaseAddress?
    let port: Int
    let log: String
  }

  private static func document(_ address: String) -> String {
    #"{"Name":"gatehouse","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["\#(address)"]}]}"#
  }

  /// Answers requests for the metadata.
  private static func server(_ answer: LoopbackServer.Answer) throws -> LoopbackServer {
    try LoopbackServer { $0.target == Self.path ? answer : .status(404) }
  }

  private static func settings(_ server: LoopbackServer) -> [String: String] {
    ["ECS_CONTAINER_METADATA_URI_V4": server.url + path]
  }

  private func stated(_ settings: [String: String]) async throws -> Stated {
    try await withTemporaryDirectory { (root: URL) async throws -> Stated in
      let directory = root.appending(path: "generated")
      return try await withGatehouse(dumps: directory, settings) { (task: GatehouseProcess) async throws -> Stated in
        try task.waitForLog("took the lease")
        let file = directory.appending(path: "lease.json")
        // A task that is slow to find its address states it when it renews its lease.
        let found = eventually { () -> LeaseRecord? in
          guard let bytes = try? Data(contentsOf: file), let record = LeaseRecord(bytes) else { return nil }
          return record.address == nil && !task.log.contains("other tasks can't reach this one") ? nil : record
        }
        let record = try #require(found, "\(task.log)")
        return Stated(address: record.address, port: task.port, log: task.log)
      }
    }
  }

  @Test("is that of the ECS task, as its metadata have it")
  func metadata() async throws {
    try await untilUndisturbed { () async throws -> Bool in
      let server = try Self.server(.json(Self.document("192.0.2.7")))
      defer { server.stop() }
      let found = try await stated(Self.settings(server))
      guard !found.log.contains(Self.unread) else { return false }
      #expect(found.address == LeaseAddress(host: "192.0.2.7", port: found.port, isSecure: false), "\(found.log)")
      #expect(server.count(of: Self.path) == 1)
      return true
    }
  }

  @Test("is that of the setting, with and without a port, whatever the metadata have")
  func setting() async throws {
    let server = try Self.server(.json(Self.document("192.0.2.7")))
    defer { server.stop() }
    for (text, port) in [("gate.example", nil), ("gate.example:81", 81), ("[2001:db8::1]:81", 81)] as [(String, Int?)] {
      let found = try await stated(Self.settings(server).merging(["ADVERTISE_ADDRESS": text]) { $1 })
      let host = text.hasPrefix("[") ? "2001:db8::1" : "gate.example"
      #expect(found.address == LeaseAddress(host: host, port: port ?? found.port, isSecure: false), "\(text)")
    }
    #expect(server.requests.isEmpty)
  }

  @Test("is that on which the gateway listens, and the log says so, when the metadata can't be had")
  func noMetadata() async throws {
    let answers: [(LoopbackServer.Answer, String)] = [
      (.status(500), "the metadata of the ECS task name no address"),
      (.json(#"{"Networks":[]}"#), "the metadata of the ECS task name no address"),
      (.close, Self.unread), (.hang, Self.unread),
    ]
    for (answer, words) in answers {
      try await untilUndisturbed { () async throws -> Bool in
        let server = try Self.server(answer)
        defer { server.stop() }
        let found = try await stated(Self.settings(server))
        #expect(found.address == LeaseAddress(host: "127.0.0.1", port: found.port, isSecure: false), "\(found.log)")
        let isUnread = found.log.contains(Self.unread)
        #expect(isUnread || found.log.contains(words), "\(found.log)")
        return isUnread == (words == Self.unread)
      }
    }
  }

  @Test("is that of an interface when the gateway listens on all of them, or the log says what to set")
  func interface() async throws {
    let found = try await stated(["HOST": "0.0.0.0"])
    guard let address = found.address else {
      #expect(found.log.contains("other tasks can't reach this one"), "\(found.log)")
      #expect(found.log.contains("set ADVERTISE_ADDRESS"))
      return
    }
    #expect(address.port == found.port)
    #expect(!address.host.hasPrefix("127.") && !["0.0.0.0", "::", "::1"].contains(address.host), "\(address)")
  }

  @Test("leads to the task that writes, though that is not the address on which it listens", arguments: [true, false])
  func changes(isOfMetadata: Bool) async throws {
    // Linux answers on each address of 127.0.0.0/8.
    let server = try Self.server(.json(Self.document("127.0.0.9")))
    defer { server.stop() }
    let address = isOfMetadata ? Self.settings(server) : ["ADVERTISE_ADDRESS": "127.0.0.9"]
    try await untilUndisturbed { () async throws -> Bool in
      var isRead = false
      try await LinkedTasks.with(address.merging(["HOST": "0.0.0.0"]) { $1 }) { tasks in
        isRead = !tasks.writer.log.contains(Self.unread)
        guard isRead else { return }
        let made = try tasks.add("one")
        #expect(made.status == 201, "\(made.text)\n\(tasks.standby.log)")
        #expect(try tasks.has("one") && tasks.has("one", tasks.writer))
        #expect(tasks.writer.logs("127.0.0.9:\(tasks.writer.port)"))
      }
      return isRead
    }
  }
}
