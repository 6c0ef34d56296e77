import JSON
import TestSupport

/// Sends the exchanges in order, with this run's tokens and paths.
struct Replay {
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
    if exchange.part == "setup" { return [] }
    if exchange.isDataPlane { return DataPlaneComparison(exchange: exchange).differences(answer) }
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
      let words = exchange.name.split(separator: " ")
      tokens[["alice", "carol", "timothy"].first { words.contains($0[...]) } ?? "admin"] = token
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
    for name in ["content-type", "allow", "vary", "x-ratelimit-limit", "x-ratelimit-remaining"] {
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
