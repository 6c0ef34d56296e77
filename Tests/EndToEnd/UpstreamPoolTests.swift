import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Calls that wait for a connection to a server")
struct UpstreamPoolTests {
  /// A server that answers each request when `isOpen` says so, and knows how many it had at once.
  private final class Gate: Sendable {
    struct State {
      var isOpen = false
      var (present, most) = (0, 0)
    }

    let state = Mutex(State())

    func run(_ connection: ScriptedConnection) {
      while connection.receiveHead() != nil {
        state.withLock { state in
          state.present += 1
          state.most = max(state.most, state.present)
        }
        let isOpen = eventually { state.withLock { $0.isOpen } ? true : nil }
        state.withLock { $0.present -= 1 }
        guard isOpen == true, connection.send(UpstreamScripts.good) else { return }
      }
    }
  }

  private func withGate(
    _ settings: [String: String], _ body: (GatehouseProcess, ScriptedServer, Gate) throws -> Void
  ) async throws {
    let gate = Gate()
    let server = try ScriptedServer(gate.run)
    defer { server.stop() }
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      try body(gatehouse, server, gate)
      gate.state.withLock { $0.isOpen = true }
    }
  }

  @Test("get one in turn, and no server has more of them than the settings say")
  func queue() async throws {
    // One more than the processors, so than the event loops: the bound is exact, and no equal share of it is.
    let bound = ProcessInfo.processInfo.processorCount + 1
    try await withGate(["HTTP_MAX_CONNECTIONS": "\(bound)"]) { gatehouse, server, gate in
      let connections = try (0..<max(60, 3 * bound)).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in connections { try connection.send(call("/a")) }
      #expect(eventually { gate.state.withLock { $0.present } > 0 ? true : nil } == true)
      gate.state.withLock { $0.isOpen = true }
      for connection in connections {
        let answer = try connection.receive()
        #expect(answer.text == "good")
      }
      #expect(gate.state.withLock { $0.most } <= bound)
      #expect(server.accepted <= bound)
    }
  }

  @Test("are told when that takes too long, and those whose clients left take no place")
  func crowded() async throws {
    try await withGate(["HTTP_MAX_CONNECTIONS": "1", "HTTP_TIMEOUT": "4"]) { gatehouse, server, gate in
      // Enough of them that each event loop has some.
      let first = try (0..<16).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in first { try connection.send(call("/a")) }
      #expect(eventually { server.requests.isEmpty ? nil : true } == true)
      let leaving = try (0..<16).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in leaving {
        try connection.send(call("/a"))
        connection.reset()
      }
      let refused = try (0..<8).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in refused { try connection.send(call("/a")) }
      for connection in refused {
        let answer = try connection.receive()
        #expect(answer.status == 504 && answer.code == "GTW010", "\(answer.status)")
      }
      gate.state.withLock { $0.isOpen = true }
      for _ in 0..<8 {
        let answer = try gatehouse.send("GET", "/api/rest/test/v1/a")
        #expect(answer.text == "good")
      }
    }
  }

  @Test("get one at once while clients keep others waiting, by bodies that stop or answers that they do not take")
  func slowClients() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    let settings = ["HTTP_MAX_CONNECTIONS": "2", "HTTP_TIMEOUT": "20"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let begun = [
        call("/a", "POST", "Content-Length: 100\r\n") + "abc",
        call("/a", "POST", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n", call("/endless-body"),
      ]
      let slow = try (0..<8).map { _ in try HTTPConnection(port: gatehouse.port) }
      for (number, connection) in slow.enumerated() { try connection.send(begun[number % begun.count]) }
      #expect(eventually { server.open == slow.count ? true : nil } == true, "\(server.open) connections")
      for _ in 0..<20 {
        let answer = try gatehouse.send("GET", "/api/rest/test/v1/a")
        #expect(answer.status == 200 && answer.text == "good", "\(answer.status) \(answer.text)")
      }
      #expect(!slow[0].isClosedAlready && !slow[1].isClosedAlready)
    }
  }

  @Test("get those of clients that keep very many waiting, who are told")
  func displacedClients() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    let settings = ["HTTP_MAX_CONNECTIONS": "2", "HTTP_TIMEOUT": "20"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let slow = try (0..<40).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in slow { try connection.send(call("/a", "POST", "Content-Length: 100\r\n") + "abc") }
      for _ in 0..<8 {
        let answer = try gatehouse.send("GET", "/api/rest/test/v1/a")
        #expect(answer.status == 200 && answer.text == "good", "\(answer.status) \(answer.text)")
      }
      let answer = try slow[0].receive()
      #expect(answer.status == 408 && answer.code == "GTW408", "\(answer.status) \(answer.text)")
      #expect(answer.header("connection") == "close")
    }
  }
}
