import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Random calls to a server that answers at random")
struct RandomCallTests {
  private static let threads = 8
  private static let rounds = 30

  /// The body of an answer is the path of its request, some times over.
  private static func serve(_ connection: ScriptedConnection, seed: UInt64) {
    var random = SeededGenerator(seed: seed &* 1000 &+ UInt64(connection.number))
    while let head = connection.receiveHead() {
      guard let body = connection.receiveBody(of: head) else { return }
      // A request with the body of another one would be a fault, too.
      let isRight = body.isEmpty || String(decoding: body, as: UTF8.self).hasPrefix(head.path)
      let count = [1, 1, 5, 3000].randomElement(using: &random) ?? 1
      let text = isRight ? String(repeating: head.path, count: count) : "wrong body"
      guard answer(text, &random, on: connection) else { return }
    }
  }

  /// - Returns: whether the connection goes on.
  private static func answer(
    _ text: String, _ random: inout SeededGenerator, on connection: ScriptedConnection
  ) -> Bool {
    let counted = "HTTP/1.1 200 OK\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)"
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return false
    case 1:
      connection.reset()
      return false
    case 2:
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(text.utf8.count + 5)\r\n\r\n\(text)")
      return false
    case 3: return connection.send("HTTP/1.1 503 X\r\ncontent-length: 3\r\n\r\nbad")
    case 4: return connection.send("HTTP/1.1 404 X\r\ncontent-length: 3\r\n\r\nbad")
    case 5:
      connection.send("HTTP/1.0 200 OK\r\n\r\n\(text)")
      return false
    case 6: return connection.send(counted + "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray")
    case 7: return connection.send("HTTP/1.1 100 Continue\r\n\r\n" + counted)
    case 8, 9:
      connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
      var rest = text[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...5000, using: &random))
        connection.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
        rest = rest.dropFirst(piece.count)
      }
      return connection.send("0\r\n\r\n")
    default: return connection.send(counted)
    }
  }

  /// A request and the path that its answer must tell.
  private static func request(_ path: String, _ random: inout SeededGenerator) -> String {
    let way = Bool.random(using: &random) ? "" : "Connection: x-long-way\r\n"
    let body = String(repeating: path, count: [1, 10, 5000].randomElement(using: &random) ?? 1)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return call(path, "PUT", way, body: body)
    case 1:
      return call(path, "POST", way + "Transfer-Encoding: chunked\r\n")
        + "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
    default: return call(path, "GET", way)
    }
  }

  /// The outcome of the calls of one thread.
  private struct Findings {
    var (good, failed) = (0, 0)
    var wrong: [String] = []
  }

  private static func callServer(_ port: Int, thread: Int, seed: UInt64) throws -> Findings {
    var random = SeededGenerator(seed: seed &* 77 &+ UInt64(thread))
    var findings = Findings()
    for round in 0..<rounds {
      let connection = try HTTPConnection(port: port)
      for batch in 0..<3 {
        let paths = (0..<Int.random(in: 1...3, using: &random)).map { "/p\(thread)-\(round)-\(batch)-\($0)-" }
        connection.sendAll(paths.map { request($0, &random) }.joined())
        // Some clients leave without their answers.
        guard Int.random(in: 0..<10, using: &random) > 0 else { break }
        for path in paths {
          guard let answer = try? connection.receive() else {
            findings.failed += 1
            break
          }
          guard answer.status == 200 else { continue }
          if !answer.text.isEmpty, answer.text.replacing(path, with: "").isEmpty {
            findings.good += 1
          } else {
            findings.wrong.append("\(path) got \(answer.text.prefix(100))")
          }
        }
        if connection.isClosedAlready { break }
      }
    }
    return findings
  }

  @Test("never get the answer of another call, and leave nothing behind", arguments: [1 as UInt64, 2])
  func calls(seed: UInt64) async throws {
    let server = try ScriptedServer { Self.serve($0, seed: seed) }
    defer { server.stop() }
    let settings = [
      "HTTP_MAX_CONNECTIONS": "8", "CIRCUIT_BREAKER_ENABLED": "false", "HTTP_RETRY_BASE_DELAY": "0.01",
    ]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI(
        "test", servers: [server.url], token: gatehouse.logIn(), ["api_allowed_retry_count": 1])
      let (descriptors, port) = (try gatehouse.openDescriptors(), gatehouse.port)
      let results = Mutex<[Findings?]>([])
      for thread in 0..<Self.threads {
        Thread.detachNewThread {
          let findings = try? Self.callServer(port, thread: thread, seed: seed)
          results.withLock { $0.append(findings) }
        }
      }
      let findings = eventually(within: .seconds(300)) {
        results.withLock { $0.count == Self.threads ? $0 : nil }
      }
      let found = try #require(findings).compactMap(\.self)
      #expect(found.count == Self.threads)
      #expect(found.flatMap(\.wrong) == [])
      #expect(found.reduce(0) { $0 + $1.good } > 100)
      server.closeConnections()
      let isAtRest = try eventually { try gatehouse.openDescriptors() <= descriptors ? true : nil }
      #expect(isAtRest == true, "connections are left open")
    }
  }
}
