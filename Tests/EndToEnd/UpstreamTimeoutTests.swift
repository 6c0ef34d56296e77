import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("The times that a call waits for a server")
struct UpstreamTimeoutTests {
  /// The reason for which a call waits.
  enum Wait: String, CaseIterable, Sendable {
    case connect, read, write, pool

    /// The setting of its time.
    var setting: String {
      switch self {
      case .connect: "HTTP_CONNECT_TIMEOUT"
      case .read: "HTTP_READ_TIMEOUT"
      case .write: "HTTP_WRITE_TIMEOUT"
      case .pool: "HTTP_TIMEOUT"
      }
    }

    /// The field of an API that comes before the setting.
    var field: String { "api_\(rawValue)_timeout" }
  }

  /// Times that a test does not reach, in seconds. Connections are scarce, so that calls wait for one.
  private static let settings = [
    "HTTP_CONNECT_TIMEOUT": "60", "HTTP_READ_TIMEOUT": "60", "HTTP_WRITE_TIMEOUT": "60", "HTTP_TIMEOUT": "60",
    "HTTP_MAX_CONNECTIONS": "1", "DISABLE_BODY_SIZE_LIMIT": "true",
  ]
  /// An answer that comes in this time was caused by a shorter one than those of the settings.
  private static let patience = Duration.seconds(40)

  /// Servers that let a call wait: one that accepts no connection, and one that reads nothing but heads.
  private final class Servers: Sendable {
    let full: FullPort
    let still: ScriptedServer
    private let isOver: Flag

    private final class Flag: Sendable {
      let isSet = Mutex(false)
    }

    init() throws {
      let isOver = Flag()
      self.isOver = isOver
      full = try FullPort()
      still = try ScriptedServer { connection in
        guard connection.receiveHead() != nil else { return }
        _ = eventually(within: .seconds(120)) { isOver.isSet.withLock { $0 } ? true : nil }
      }
    }

    func url(for wait: Wait) -> String { wait == .connect ? "http://127.0.0.1:\(full.port)" : still.url }

    func stop() {
      isOver.isSet.withLock { $0 = true }
      still.stop()
    }
  }

  /// A call whose answer is read as far as it has come.
  private final class WaitingCall {
    let connection: HTTPConnection
    private(set) var text = ""

    init(_ connection: HTTPConnection) { self.connection = connection }

    /// - Returns: whether the whole answer of a timeout has come.
    func receive() -> Bool {
      text += connection.receiveNow() ?? ""
      return text.contains("GTW010")
    }
  }

  /// Sends calls to an API, which has the name of what they wait for.
  ///
  /// - Returns: the first answer of a timeout.
  private func answer(_ wait: Wait, _ gatehouse: GatehouseProcess) throws -> String? {
    let piece = [UInt8](repeating: UInt8(ascii: "b"), count: 100_000)
    // Two of the calls for a connection are on the same event loop, which has one.
    let count = wait == .pool ? ProcessInfo.processInfo.processorCount + 1 : 1
    let calls = try (0..<count).map { _ in WaitingCall(try HTTPConnection(port: gatehouse.port)) }
    let head = wait == .write ? call("/a", "PUT", "Content-Length: 1000000000\r\n") : call("/a")
    for call in calls { try call.connection.send(head.replacing("/test/", with: "/\(wait.rawValue)/")) }
    return eventually(within: Self.patience) { () -> String? in
      // No buffer on the way holds the whole body, and the server takes none of it.
      if wait == .write { for call in calls { call.connection.sendNow(piece) } }
      return calls.first { $0.receive() }?.text
    }
  }

  @Test("end a call with 504 by the setting of what it waits for", arguments: Wait.allCases)
  func ofSettings(wait: Wait) async throws {
    let servers = try Servers()
    defer { servers.stop() }
    let settings = Self.settings.merging([wait.setting: "0.5"]) { $1 }
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI(wait.rawValue, servers: [servers.url(for: wait)], token: token)
      let answer = try answer(wait, gatehouse)
      #expect(answer?.hasPrefix("HTTP/1.1 504") == true, "\(wait): \(answer ?? "no answer")")
    }
  }

  @Test("end a call with 504 by the time of its API, which is shorter than the setting", arguments: Wait.allCases)
  func ofAPIs(wait: Wait) async throws {
    let servers = try Servers()
    defer { servers.stop() }
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI(
        wait.rawValue, servers: [servers.url(for: wait)], token: token, [wait.field: 1])
      let answer = try answer(wait, gatehouse)
      #expect(answer?.hasPrefix("HTTP/1.1 504") == true, "\(wait): \(answer ?? "no answer")")
    }
  }

  @Test("let a server be silent for the time of the API, which is longer than the setting")
  func longer() async throws {
    let isOpen = Mutex(false)
    let server = try ScriptedServer { connection in
      guard connection.receiveHead() != nil,
        eventually(within: .seconds(60), { isOpen.withLock { $0 } ? true : nil }) == true
      else { return }
      connection.send(UpstreamScripts.good)
    }
    defer { server.stop() }
    try await withGatehouse(["HTTP_READ_TIMEOUT": "0.5"]) { (gatehouse: GatehouseProcess) throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_read_timeout": 120])
      try gatehouse.createAPI("short", servers: [server.url], token: token)
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/a"))
      #expect(eventually { server.requests.isEmpty ? nil : true } == true)
      // This call begins later, so the time of the setting is over for both.
      #expect(try gatehouse.send("GET", "/api/rest/short/v1/a").code == "GTW010")
      isOpen.withLock { $0 = true }
      #expect(try connection.receive().text == "good")
    }
  }
}
