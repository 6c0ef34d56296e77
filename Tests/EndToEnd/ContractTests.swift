import Foundation
import JSON
import TestSupport
import Testing

@Suite("The recorded contract")
struct ContractTests {
  /// Exchanges with the data plane, which the gateway does not have yet. Each is removed from this list when it is
  /// served.
  static let waiting: Set<String> = [
    "gateway: not subscribed", "gateway: no token", "gateway: GET", "gateway: HEAD", "gateway: POST JSON",
    "gateway: path parameter", "gateway: no such endpoint", "gateway: method not registered", "gateway: no such API",
    "gateway: upstream answers 201", "gateway: upstream answers 204", "gateway: upstream answers 400",
    "gateway: upstream answers 404", "gateway: upstream answers 500", "gateway: upstream answers 503",
    "gateway: preflight", "gateway: with Origin", "gateway: disabled API", "gateway: public API, no token",
    "gateway: upstream down", "gateway: by client-key", "gateway: rate limited 1", "gateway: rate limited 2",
    "gateway: rate limited 3", "gateway: rate limited 4",
  ]

  @Test("lists exactly the data plane's exchanges as not served yet")
  func waitingList() throws {
    let exchanges = try Exchange.all()
    #expect(exchanges.count == 148)
    #expect(Set(exchanges.filter(\.isDataPlane).map(\.name)) == Self.waiting)
  }

  @Test("is answered line by line by a fresh server")
  func replay() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      var replay = Replay(gatehouse: gatehouse)
      for exchange in try Exchange.all() where !Self.waiting.contains(exchange.name) {
        for difference in try replay.differences(exchange) {
          Issue.record("\(exchange.name): \(difference)")
        }
      }
      #expect(replay.count == 148 - Self.waiting.count)
    }
  }

  @Test("has a comparison that finds differences")
  func comparison() {
    let compare = BodyComparison(exchange: "api: read")
    let recorded: JSONValue = ["message": "<text>", "total": 2, "api_id": "04aa4648-3c1e-46b2-ada2-dfae596c8294"]
    let good: JSONValue = ["message": "done", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"]
    #expect(compare.differences(recorded, good).isEmpty)
    let faults: [JSONValue] = [
      ["message": "", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": 3, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": "2", "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": 2, "api_id": 7],
      ["message": "done", "total": 2],
      ["message": "done", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294", "more": .null],
    ]
    for fault in faults { #expect(compare.differences(recorded, fault).count == 1) }
  }
}

/// Sends the exchanges in order, with this run's tokens and paths.
private struct Replay {
  let gatehouse: GatehouseProcess
  private(set) var count = 0
  private var tokens: [String: String] = [:]
  private var dumpPath = ""

  init(gatehouse: GatehouseProcess) {
    self.gatehouse = gatehouse
  }

  mutating func differences(_ exchange: Exchange) throws -> [String] {
    count += 1
    let answer = try gatehouse.send(
      exchange.method, exchange.path, token: exchange.user.flatMap { tokens[$0] }, headers: exchange.headers,
      raw: body(of: exchange))
    remember(exchange, answer)
    let status = exchange.oursStatus ?? exchange.status
    guard answer.status == status else { return ["status \(answer.status) instead of \(status): \(answer.text)"] }
    return headerDifferences(exchange, answer) + bodyDifferences(exchange, answer)
  }

  /// The dumps' paths are those of this run.
  private func body(of exchange: Exchange) -> [UInt8]? {
    guard exchange.path == "/platform/memory/restore", let body = exchange.body else { return exchange.body }
    let isMissing = String(decoding: body, as: UTF8.self).contains(".binx")
    return JSONWriter.bytes(.object(["path": .string(dumpPath + (isMissing ? "x" : ""))]))
  }

  private mutating func remember(_ exchange: Exchange, _ answer: HTTPAnswer) {
    if let token = answer.json.object?["access_token"]?.string {
      tokens[exchange.name.contains("alice") ? "alice" : "admin"] = token
    }
    // The recorded server gave the second dump of one second the name of the first. A restore refers to the first.
    if exchange.name == "dump" { dumpPath = answer.json.object?["response"]?.object?["path"]?.string ?? "" }
  }

  private func bodyDifferences(_ exchange: Exchange, _ answer: HTTPAnswer) -> [String] {
    if exchange.oursStatus != nil, exchange.oursStatus != exchange.status || exchange.name == "dump without a token" {
      let code = exchange.oursReason?.firstMatch(of: /[A-Z]+[0-9]{3}/).map { String($0.output) }
      guard let text = answer.json.object?["error_message"]?.string, !text.isEmpty else { return ["no error_message"] }
      return code == nil || answer.code == code ? [] : ["code \(answer.code ?? "none") instead of \(code ?? "")"]
    }
    guard let expected = exchange.responseBody else { return [] }
    return BodyComparison(exchange: exchange.name).differences(expected, answer.json)
  }

  private func headerDifferences(_ exchange: Exchange, _ answer: HTTPAnswer) -> [String] {
    var differences: [String] = []
    let identifier = answer.header("x-request-id")
    if identifier == nil || identifier != answer.header("request_id") { differences.append("request ids differ") }
    for name in ["content-type", "allow", "x-ratelimit-limit", "x-ratelimit-remaining"] {
      if let expected = exchange.responseHeaders[name], answer.header(name) != expected {
        differences.append("\(name) is \(answer.header(name) ?? "missing") instead of \(expected)")
      }
    }
    for (name, value) in [
      "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
    ]
    where answer.header(name) != value { differences.append("\(name) is \(answer.header(name) ?? "missing")") }
    if let cookies = exchange.responseHeaders["set-cookie"] {
      differences += cookieDifferences(cookies, answer.headers("set-cookie"))
    }
    return differences
  }

  private func cookieDifferences(_ recorded: String, _ actual: [String]) -> [String] {
    let lifetimes = ["Max-Age=1800", "Max-Age=604800"].filter(recorded.contains)
    guard let lifetime = lifetimes.first else {
      return actual.contains { $0.hasPrefix("access_token_cookie=;") && $0.contains("Max-Age=0") }
        ? [] : ["the token's cookie is not cleared"]
    }
    return ["access_token_cookie", "csrf_token"].compactMap { name in
      let cookie = actual.first { $0.hasPrefix("\(name)=") }?.lowercased()
      let isGood =
        cookie.map { cookie in
          [lifetime, "Path=/", "SameSite=Strict"].allSatisfy { cookie.contains($0.lowercased()) }
            && cookie.contains("httponly") == (name == "access_token_cookie")
        } ?? false
      return isGood ? nil : "cookie \(name) is \(cookie ?? "missing")"
    }
  }
}
