import Foundation
import JSON
import TestSupport
import Testing

/// Lines, figures and states of calls, as operators see them.
@Suite("Calls as operators see them")
struct CallObservationTests {
  private func withServer(
    _ settings: [String: String], _ body: (GatehouseProcess, String) throws -> Void
  ) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    let all = settings.merging(["LOG_FORMAT": "json"]) { $1 }
    try await withGatehouse(all) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token)
      try body(gatehouse, token)
    }
  }

  /// The paths of the calls that have a line, in order.
  private func logged(_ gatehouse: GatehouseProcess) -> [String] {
    gatehouse.log.split(separator: "\n").compactMap { line in
      guard let fields = try? JSONParser().parseObject(Array(line.utf8)), fields["message"]?.string == "request",
        let path = fields["request.path"]?.string, path.hasPrefix("/api/rest/")
      else { return nil }
      return String(path.dropFirst("/api/rest/test/v1/".count))
    }
  }

  @Test("have a line each, with the status of the answer")
  func all() async throws {
    try await withServer([:]) { (gatehouse: GatehouseProcess, _: String) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good?secret=1").text == "good")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a/b").code == "GTW003")
      let isLogged = eventually { logged(gatehouse) == ["good", "a/b"] ? true : nil }
      #expect(isLogged == true, "\(logged(gatehouse))")
      #expect(!gatehouse.log.contains("secret"))
      #expect(gatehouse.log.contains(/"response\.status":"?404/))
    }
  }

  @Test("have lines only for failures where the settings say so, also for an answer that breaks off")
  func failures() async throws {
    try await withServer(["ACCESS_LOG": "errors"]) { (gatehouse: GatehouseProcess, _: String) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a/b").code == "GTW003")
      // A server that fails again and again is reported once in a while.
      for _ in 0..<2 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/close").code == "GTW006") }
      #expect(eventually { logged(gatehouse) == ["close", "close"] ? true : nil } == true, "\(logged(gatehouse))")
      let reports = gatehouse.log.split(separator: "\n").filter { $0.contains("the server of an API fails") }
      #expect(reports.count == 1)
      _ = try? gatehouse.send("GET", "/api/rest/test/v1/reset-in-body")
      let isLogged = eventually { logged(gatehouse) == ["close", "close", "reset-in-body"] ? true : nil }
      #expect(isLogged == true, "\(logged(gatehouse))")
    }
  }

  @Test("have no lines where the settings say so, and those of failures neither")
  func off() async throws {
    try await withServer(["ACCESS_LOG": "off"]) { (gatehouse: GatehouseProcess, _: String) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a/b").code == "GTW003")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/close").code == "GTW006")
      // The program writes its last lines before it ends.
      #expect(try gatehouse.stop() == 0)
      #expect(logged(gatehouse) == [])
      #expect(gatehouse.logs("the server of an API fails"))
    }
  }

  @Test("have lines for failures and for about one in a hundred others where the settings say so")
  func sampled() async throws {
    try await withServer(["ACCESS_LOG": "sampled"]) { (gatehouse: GatehouseProcess, _: String) throws in
      for _ in 0..<3 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/close").code == "GTW006") }
      let connection = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<1500 {
        try connection.send(call("/good"))
        #expect(try connection.receive().status == 200)
      }
      #expect(try gatehouse.stop() == 0)
      let lines = logged(gatehouse)
      #expect(lines.filter { $0 == "close" }.count == 3)
      // 15 on average: none, or more than 100, is as good as impossible.
      let sample = lines.filter { $0 == "good" }.count
      #expect(1...100 ~= sample, "\(sample) lines")
    }
  }

  @Test("are counted in the metrics, which a client on this host may read")
  func metrics() async throws {
    try await withServer([:]) { (gatehouse: GatehouseProcess, token: String) throws in
      for _ in 0..<3 { _ = try gatehouse.send("GET", "/api/rest/test/v1/good") }
      _ = try gatehouse.send("GET", "/api/rest/none/v1/good")
      let answer = try gatehouse.send("GET", "/metrics")
      #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
      let lines = answer.text.split(separator: "\n").map(String.init)
      #expect(lines.contains(#"doorman_http_requests_total{code="200"} 3"#))
      #expect(lines.contains(#"gatehouse_calls_total{api="test/v1",endpoint="GET /{case}",status="200"} 3"#))
      #expect(lines.contains(#"gatehouse_refused_calls_total{code="GTW001"} 1"#))
      #expect(lines.contains("gatehouse_backend_seconds_count 3"))
      let clients = lines.compactMap { $0.firstMatch(of: /^gatehouse_client_connections ([0-9]+)$/)?.output.1 }
      #expect(clients.count == 1 && clients.first.flatMap { Int($0) } ?? 0 >= 1)
      let connections = lines.filter { $0.hasPrefix("gatehouse_upstream_connections{server=\"http://127.0.0.1:") }
      #expect(connections.count == 2)
      let forwarded = try gatehouse.send("GET", "/metrics", headers: ["X-Forwarded-For": "127.0.0.1"])
      #expect(forwarded.status == 403 && forwarded.text == "prometheus_forbidden 1\n")
      let status = try gatehouse.send("GET", "/api/status", token: token).json.object
      #expect(status?["upstreams"]?.array?.first?.object?["open"]?.number?.int ?? 0 >= 1)
    }
  }

  @Test("are shown to a client with the token, and to nobody where metrics are off")
  func access() async throws {
    let secret = "a-token-of-monitoring"
    try await withServer(["PROMETHEUS_BEARER_TOKEN": secret]) { (gatehouse: GatehouseProcess, _: String) throws in
      #expect(try gatehouse.send("GET", "/metrics").status == 403)
      #expect(try gatehouse.send("GET", "/metrics", token: secret + "x").status == 403)
      #expect(try gatehouse.send("GET", "/metrics", token: secret).status == 200)
      #expect(try gatehouse.send("GET", "/metrics", headers: ["X-Prometheus-Token": secret]).status == 200)
    }
    try await withServer(["PROMETHEUS_ENABLED": "false"]) { (gatehouse: GatehouseProcess, _: String) throws in
      let answer = try gatehouse.send("GET", "/metrics")
      #expect(answer.status == 503 && answer.text == "prometheus_disabled 1\n")
    }
  }
}
