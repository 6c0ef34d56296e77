import JSON
import Synchronization
import TestSupport

/// The upstream of the recorded exchanges: it answers with JSON that tells the request, with the status of
/// `/status/N`, and with fixed texts at a few other paths.
final class EchoUpstream: Sendable {
  private let server: ScriptedServer

  init() throws {
    let failures = Mutex<[String: Int]>([:])
    server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        guard let body = connection.receiveBody(of: head) else { return }
        let answer = Self.answer(head, body) { path in
          failures.withLock { counts in
            counts[path, default: 0] += 1
            return counts[path, default: 0]
          }
        }
        if answer.isLate {
          connection.waitForEnd(within: .seconds(30))
          return
        }
        guard connection.send(answer.bytes(isHead: head.method == "HEAD")) else { return }
      }
    }
  }

  var port: Int { server.port }
  var url: String { server.url }
  var requests: [ScriptedRequest] { server.requests }
  func stop() { server.stop() }

  private struct Answer {
    var status = 200
    var type: String? = "application/json"
    var body: [UInt8] = []
    /// Whether it comes after the client has given up.
    var isLate = false

    func bytes(isHead: Bool) -> [UInt8] {
      let hasBody = status != 204 && status != 304
      var head = "HTTP/1.1 \(status) X\r\nx-upstream: yes\r\nx-secret: no\r\n"
      if let type { head += "content-type: \(type)\r\n" }
      if hasBody { head += "content-length: \(body.count)\r\n" }
      return Array((head + "\r\n").utf8) + (hasBody && !isHead ? body : [])
    }
  }

  private static func answer(_ head: ScriptedRequest, _ body: [UInt8], _ attempt: (String) -> Int) -> Answer {
    let segments = head.path.split(separator: "/").map(String.init)
    switch segments.first {
    case "text": return Answer(type: "text/plain", body: Array("plain text".utf8))
    case "notype": return Answer(type: nil, body: Array(#"{"a": 1}"#.utf8))
    case "list": return Answer(body: Array(#"[{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]"#.utf8))
    case "slow": return Answer(isLate: true)
    case "status" where segments.count > 1:
      return Answer(status: Int(segments[1]) ?? 200, body: echo(head, body))
    case "flaky" where segments.count > 2:
      return Answer(status: attempt(head.path) <= Int(segments[2]) ?? 0 ? 503 : 200, body: echo(head, body))
    default: return Answer(body: echo(head, body))
    }
  }

  private static func echo(_ head: ScriptedRequest, _ body: [UInt8]) -> [UInt8] {
    var fields = JSONObject()
    for field in head.fields { fields = fields.merging([field.name: .string(field.value)]) }
    let echo: JSONObject = [
      "method": .string(head.method), "path": .string(head.target), "headers": .object(fields),
      "body": .string(String(decoding: body, as: UTF8.self)),
    ]
    return JSONWriter.bytes(echo)
  }
}
