import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

/// The network between two tasks. It can break a connection when the other task has answered a long message, before the
/// answer is passed on.
private final class BreakingNetwork: Sendable {
  private struct State {
    var port = 0
    var breaks = false
    var broken = 0
  }

  /// A change with a long body is longer, and all other messages are shorter.
  private static let longMessage = 50_000

  private let state = Mutex(State())

  /// The connections that were broken.
  var broken: Int { state.withLock { $0.broken } }

  /// Leads to a port of this host from now on.
  func lead(to port: Int) { state.withLock { $0.port = port } }

  /// Breaks behind long messages from now on.
  func breakConnections() { state.withLock { $0.breaks = true } }

  func pass(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    let (port, breaks) = state.withLock { ($0.port, $0.breaks && request.body.count > Self.longMessage) }
    guard let answer = try? Self.send(request.body, to: port) else { return .close }
    guard breaks else { return .bytes(answer.status, Array(answer.body)) }
    state.withLock { $0.broken += 1 }
    return .close
  }

  private static func send(_ message: Data, to port: Int) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: port)
    let head =
      "POST /platform/peers/call HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(message.count)\r\n\r\n"
    try connection.send(Array(head.utf8) + message)
    return try connection.receive()
  }
}

@Suite("A change that was handed on, and whose outcome can't be shown")
struct OpenOutcomeTests {
  private func calls(_ tasks: LinkedTasks, _ result: String) throws -> Double? {
    try tasks.standby.samples()["gatehouse_peer_calls_total{result=\"\(result)\"}"]
  }

  @Test("is said to be open when the connection breaks behind it, and is not handed on again")
  func broken() async throws {
    let network = BreakingNetwork()
    let proxy = try LoopbackServer { network.pass($0) }
    defer { proxy.stop() }
    try await LinkedTasks.with(["ADVERTISE_ADDRESS": "127.0.0.1:\(proxy.port)"]) { tasks in
      network.lead(to: tasks.writer.port)
      let long = JSONValue.string(String(repeating: "a", count: 100_000))
      let add = { (name: String) throws -> HTTPAnswer in
        try tasks.send("POST", "/platform/group", ["group_name": .string(name), "padding": long])
      }
      let before = try add("before")
      #expect(before.status == 201, "\(before.text)")
      network.breakConnections()
      let open = try add("open")
      #expect(open.status == 503 && open.code == "GTW504", "\(open.text)")
      #expect(open.text.contains("The change may have been made"), "\(open.text)")
      #expect(open.text.contains("Read it back before you make it again"), "\(open.text)")
      // The task that writes got it once, and made it.
      #expect(network.broken == 1)
      #expect(try calls(tasks, "broken") == 1)
      #expect(try tasks.has("open", tasks.writer))
      #expect(eventually { (try? tasks.has("open")) == true ? true : nil } == true)
    }
  }

  /// Adds a group. A machine that is too busy to hand the change on in time tries again.
  private func handOn(_ name: String, _ tasks: LinkedTasks) throws -> HTTPAnswer {
    let answer = try eventually { () throws -> HTTPAnswer? in
      let answer = try tasks.add(name)
      return answer.text.contains("Nothing was changed") ? nil : answer
    }
    return try #require(answer)
  }

  @Test("is said to be made when its journal can't be read here, and a refusal is passed on")
  func unread() async throws {
    // A change that can't be read waits for all of this time.
    try await LinkedTasks.with(["HANDOVER_WAIT": "6"]) { tasks in
      #expect(try tasks.add("before", to: tasks.writer).status == 201)
      #expect(eventually { (try? tasks.has("before")) == true ? true : nil } == true)
      let away = tasks.directory.deletingLastPathComponent().appending(path: "away")
      try FileManager.default.createDirectory(at: away, withIntermediateDirectories: true)
      let journals = names(in: tasks.directory).filter { $0.contains(".journal-") }
      try #require(!journals.isEmpty)
      // The writer has the files open, and goes on writing to them.
      for name in journals {
        try FileManager.default.moveItem(at: tasks.directory.appending(path: name), to: away.appending(path: name))
      }
      let unread = try handOn("unread", tasks)
      #expect(unread.status == 503 && unread.code == "GTW504", "\(unread.text)")
      #expect(unread.text.contains("The change was made, and can't be read here yet"), "\(unread.text)")
      #expect(unread.text.contains("Do not make it again"), "\(unread.text)")
      #expect(try tasks.has("unread", tasks.writer))
      let refused = try handOn("unread", tasks)
      #expect(refused.status == 400, "\(refused.text)")
      #expect(try calls(tasks, "unread") == 2)

      for name in journals {
        try FileManager.default.moveItem(at: away.appending(path: name), to: tasks.directory.appending(path: name))
      }
      #expect(eventually { (try? tasks.has("unread")) == true ? true : nil } == true)
      let after = try handOn("after", tasks)
      #expect(after.status == 201, "\(after.text)")
    }
  }
}
