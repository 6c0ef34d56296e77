import JSON
import TestSupport

/// Compares an answer of the data plane with a recorded one.
struct DataPlaneComparison {
  let exchange: Exchange

  /// Fields of the echo that depend on the client, or that only this gateway sends to servers.
  private static let ignoredEchoes: Set<String> = [
    "host", "user-agent", "accept", "accept-encoding", "connection", "x-request-id", "content-length", "via",
    "traceparent", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
  ]

  /// - Returns: the differences. The status is equal already.
  func differences(_ answer: HTTPAnswer) -> [String] { headerDifferences(answer) + bodyDifferences(answer) }

  // MARK: Header fields

  private func headerDifferences(_ answer: HTTPAnswer) -> [String] {
    var differences: [String] = []
    let recorded = exchange.responseHeaders
    if recorded["request_id"] != nil {
      let identifier = answer.header("x-request-id")
      if identifier == nil || identifier != answer.header("request_id") { differences.append("request ids differ") }
    }
    // Where the recorded server failed and this one does not, only what ours says counts.
    guard exchange.oursStatus == nil || exchange.oursStatus == exchange.status else { return differences }
    for name in ["x-gateway-time", "x-backend-time"] where recorded[name] != nil {
      if answer.header(name).flatMap({ Int($0) }) == nil { differences.append("\(name) is missing") }
    }
    for (name, value) in expectedFields where answer.header(name) != value {
      differences.append("\(name) is \(answer.header(name) ?? "missing") instead of \(value)")
    }
    if answer.headers.contains(where: { $0.name == "access-control-allow-origin" && $0.value.isEmpty }) {
      differences.append("access-control-allow-origin is empty")
    }
    if exchange.isUnechoed, answer.headers.contains(where: { $0.name.hasPrefix("access-control-") }) {
      differences.append("an origin that is not allowed gets CORS fields")
    }
    if exchange.oursReason?.contains("echoes it") == true,
      answer.header("access-control-allow-origin") != exchange.headers["origin"]
    {
      differences.append("the origin is not echoed")
    }
    if exchange.withholds("access-control-allow-origin"), answer.header("access-control-allow-origin") != nil {
      differences.append("the origin is echoed")
    }
    if answer.header("x-secret") != nil { differences.append("x-secret passed") }
    if answer.status == 405 {
      let allowed = Set((answer.header("allow") ?? "").split(separator: ",").map { $0.filter { $0 != " " } })
      if !allowed.isSuperset(of: ["GET", "POST", "PUT", "PATCH", "DELETE"]) { differences.append("no Allow") }
    }
    if answer.status == 429, answer.header("retry-after").flatMap({ Int($0) }) == nil {
      differences.append("Retry-After is missing")
    }
    return differences
  }

  private var expectedFields: [(String, String)] {
    let reason = exchange.oursReason ?? ""
    return exchange.responseHeaders.compactMap { name, value in
      switch name {
      case "x-upstream", "connection": (name, value)
      case "vary" where !reason.contains("echoes it"): (name, value)
      case "content-type" where exchange.method != "HEAD" && !reason.hasPrefix("body") && !reason.hasPrefix("bytes"):
        (name, value.split(separator: ";").first.map(String.init) ?? value)
      case _ where name.hasPrefix("access-control-") && !value.isEmpty && !exchange.withholds(name): (name, value)
      default: nil
      }
    }
  }

  // MARK: The body

  private func bodyDifferences(_ answer: HTTPAnswer) -> [String] {
    if exchange.method == "HEAD" || answer.status == 204 { return answer.body.isEmpty ? [] : ["there is a body"] }
    if let body = exchange.oursBody {
      return BodyComparison(exchange: exchange.name).differences(body, answer.json)
    }
    if let reason = exchange.oursReason { return differences(answer, because: reason) }
    guard let expected = exchange.responseBody else { return [] }
    if let text = expected.object?["<non-json>"]?.string { return answer.text == text ? [] : ["the body differs"] }
    guard let echo = expected.object, echo["headers"] != nil else {
      return BodyComparison(exchange: exchange.name).differences(expected, answer.json)
    }
    return echoDifferences(echo, answer.json)
  }

  private func differences(_ answer: HTTPAnswer, because reason: String) -> [String] {
    if let code = reason.firstMatch(of: /GTW[0-9]{3}/).map({ String($0.output) }) {
      let hasMessage = answer.json.object?["error_message"]?.string?.isEmpty == false
      return answer.code == code && hasMessage ? [] : ["code \(answer.code ?? "none") instead of \(code)"]
    }
    if reason.contains("plain text") {
      return answer.text == "plain text" && answer.header("content-type") == "text/plain" ? [] : [answer.text]
    }
    if reason.contains("no JSON quoting") {
      return answer.text == #"{"a": 1}"# && answer.header("content-type") == nil ? [] : [answer.text]
    }
    let path = reason.firstMatch(of: /path is (\S+):/).map { String($0.output.1) }
    if let path, let echo = exchange.responseBody?.object {
      return echoDifferences(echo.merging(["path": .string(path)]), answer.json)
    }
    // The upstream's own body, whatever the recorded server made of it.
    let echo = answer.json.object
    let target =
      "/"
      + exchange.path.split(separator: "/").drop { $0 != "rest" }.dropFirst(2).filter { $0 != "v1" }
      .joined(separator: "/")
    return echo?["method"]?.string == exchange.method && echo?["path"]?.string == target
      ? [] : ["the upstream's body is missing: \(answer.text)"]
  }

  private func echoDifferences(_ expected: JSONObject, _ actual: JSONValue) -> [String] {
    guard let actual = actual.object else { return ["no echo"] }
    let (sent, wanted) = (fields(actual), fields(expected))
    var differences = Set(sent.keys).union(wanted.keys).sorted().compactMap { name -> String? in
      sent[name] == wanted[name]
        ? nil : "the server got \(name): \(sent[name] ?? "-") instead of \(wanted[name] ?? "-")"
    }
    for name in ["method", "path"] where actual[name] != expected[name] {
      differences.append("the server got \(name) \(actual[name]?.string ?? "-")")
    }
    if !isSameBody(actual["body"]?.string ?? "", expected["body"]?.string ?? "") { differences.append("body differs") }
    return differences
  }

  private func fields(_ echo: JSONObject) -> [String: String] {
    let members = echo["headers"]?.object?.members ?? []
    return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.string ?? "") })
      .filter { !Self.ignoredEchoes.contains($0.key) }
  }

  private func isSameBody(_ left: String, _ right: String) -> Bool {
    guard left != right else { return true }
    let parser = JSONParser()
    guard let left = try? parser.parse(Array(left.utf8)), let right = try? parser.parse(Array(right.utf8)) else {
      return false
    }
    return left == right
  }
}

extension Exchange {
  /// Whether the recorded preflight comes from an origin that is not allowed.
  fileprivate var isUnechoed: Bool { oursReason == "no Access-Control-* at all" }

  /// Whether this gateway leaves out a field that the recorded server sent.
  fileprivate func withholds(_ name: String) -> Bool {
    guard !isUnechoed else { return true }
    let names = ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"]
    return oursReason?.hasPrefix("no Access-Control-Allow-Origin") == true && names.contains(name)
  }
}
