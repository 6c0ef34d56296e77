import Foundation
import TestSupport
import Testing

@Suite("A server of the tests")
struct LoopbackServerTests {
  @Test("takes no connection of another server after its end, although their descriptors have the same number")
  func numbers() throws {
    for _ in 0..<300 {
      let first = try LoopbackServer { _ in .status(200, body: "first") }
      let connections = try (0..<3).map { _ in try HTTPConnection(port: first.port) }
      first.stop()
      let second = try LoopbackServer { _ in .status(200, body: "second") }
      defer { second.stop() }
      let connection = try HTTPConnection(port: second.port)
      try connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try connection.receive().body == Data("second".utf8))
      withExtendedLifetime(connections) {}
    }
  }

  @Test("with a script ends no connection of another server whose number is that of one it has reset")
  func reset() throws {
    for _ in 0..<100 {
      let first = try ScriptedServer { connection in
        connection.reset()
        connection.waitForEnd(within: .milliseconds(1))
      }
      let second = try LoopbackServer { _ in .status(200, body: "second") }
      defer { second.stop() }
      _ = try HTTPConnection(port: first.port)
      let connection = try HTTPConnection(port: second.port)
      first.stop()
      try connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try connection.receive().body == Data("second".utf8))
    }
  }
}
