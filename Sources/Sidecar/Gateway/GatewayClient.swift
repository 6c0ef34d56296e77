import Clocks
import HTTPClient
import JSON
import Settings

/// The client of the gateway: readiness, login and the dump route. Not for several threads at once.
///
/// It logs nothing, so that no token or password gets into a log line.
final class GatewayClient {
  /// The answer of the readiness route.
  enum Readiness: Sendable, Equatable {
    case ready
    /// The gateway takes no changes.
    ///
    /// - Parameters:
    ///   - hasLease: whether it holds the lease all the same, as while its volume is full.
    ///   - isCurrent: whether its state is the writer's, so that it serves.
    case standby(reason: String, hasLease: Bool = false, isCurrent: Bool = true)
    /// The gateway loads its state, or stops.
    case notReady(String)
  }

  static let readinessPath = "/platform/monitor/readiness"

  private let http: HTTPClient
  private let url: String
  private let account: SidecarConfiguration.Account
  private let verifiesCertificate: Bool
  /// A descriptor that becomes readable when a request should be given up.
  var interruption: Int32?
  private let wallClock: WallClock
  private var token: Secret?
  /// The whole seconds by which the gateway was behind the writer at the last readiness, or `nil` if it said none.
  private(set) var standbyLag: Int?
  /// Unix seconds, or `nil` if the token has no expiry.
  private var tokenExpiry: Int?

  init(
    _ http: HTTPClient, url: String, account: SidecarConfiguration.Account, verifiesCertificate: Bool,
    wallClock: WallClock = .system
  ) {
    self.http = http
    self.url = url
    self.account = account
    self.verifiesCertificate = verifiesCertificate
    self.wallClock = wallClock
  }

  /// Requests the readiness.
  func readiness(_ deadline: Deadline) throws(GatewayError) -> Readiness {
    standbyLag = nil
    let answer = try ask("GET", Self.readinessPath, deadline)
    standbyLag = answer.body?["lag_ms"]?.number?.int.map { max(0, $0) / 1000 }
    let word = answer.body?["status"]?.string
    if answer.status == 200 || answer.status == 503,
      let standby = Readiness(standby: answer.body, isCurrent: answer.status == 200)
    {
      return standby
    }
    if answer.status == 200 { return .ready }
    guard answer.status == 503 else {
      throw GatewayError(.strange, "readiness answered \(answer.status)\(answer.explanation)")
    }
    return .notReady(word ?? "503")
  }

  /// Whether there is a token that lasts for this many seconds.
  func isLoggedIn(for time: Int) -> Bool {
    token != nil && tokenExpiry.map { $0 - time > wallClock.now().seconds } ?? true
  }

  /// Requests a token.
  func logIn(_ deadline: Deadline) throws(GatewayError) {
    let credentials: JSONValue = [
      "email": .string(account.username), "password": .string(account.password.reveal()),
    ]
    let answer = try ask("POST", "/platform/authorization", deadline, body: credentials)
    switch answer.status {
    case 200:
      let inner = answer.body?["response"]?.object
      guard let token = answer.body?["access_token"]?.string ?? inner?["access_token"]?.string else {
        throw GatewayError(.strange, "the login answered without a token")
      }
      self.token = Secret(token)
      tokenExpiry = TokenExpiry.seconds(of: token)
    case 429:
      throw GatewayError(
        .loginLimited, "too many logins from this address\(answer.explanation)", retryAfter: answer.retryAfter)
    case 400, 401, 403:
      throw GatewayError(
        .loginRefused,
        "the login of '\(account.username)' was refused (\(answer.status))\(answer.explanation); SIDECAR_USERNAME and SIDECAR_PASSWORD must be the same for the gateway"
      )
    default: throw error(for: answer, of: "the login")
    }
  }

  /// Requests a dump, and waits until it is safe on the volume. Logs in first if needed.
  func dump(_ deadline: Deadline) throws(GatewayError) -> DumpAnswer {
    if !isLoggedIn(for: 5) { try logIn(deadline) }
    // The gateway waits as long as the drain, whose own deadline comes first.
    let wait = deadline.left.components.seconds + 1
    // The end of this gateway is of interest, and not the state of the task that writes.
    let answer = try ask(
      "POST", "/platform/memory/dump", deadline, body: .object([:]),
      fields: [("Prefer", "wait=\(wait)"), ("X-Gatehouse-Hand-On", "never")])
    switch answer.status {
    case 200:
      guard let dump = DumpAnswer(answer.raw) else {
        throw GatewayError(.strange, "the dump route answered without a path")
      }
      return dump
    case 401:
      token = nil
      throw GatewayError(.tokenRefused, "the token is not taken any more\(answer.explanation)")
    case 403:
      throw GatewayError(
        .forbidden,
        "the account '\(account.username)' may not ask for dumps\(answer.explanation); it needs manage_security")
    case 409: throw GatewayError(.standby, "the gateway does not write the dumps of this volume\(answer.explanation)")
    default: throw error(for: answer, of: "the dump route")
    }
  }

  private func error(for answer: Answer, of whom: String) -> GatewayError {
    let sentence = "\(whom) answered \(answer.status)\(answer.explanation)"
    return switch answer.status {
    case 503: GatewayError(.notReady, sentence, retryAfter: answer.retryAfter)
    case 429: GatewayError(.failed, sentence, retryAfter: answer.retryAfter)
    case 500...: GatewayError(.failed, sentence)
    case 400...: GatewayError(.rejected, sentence)
    default: GatewayError(.strange, sentence)
    }
  }

  private func ask(
    _ method: String, _ path: String, _ deadline: Deadline, body: JSONValue? = nil, fields: [(String, String)] = []
  ) throws(GatewayError) -> Answer {
    var request = HTTPRequest(method, url + path, headers: [("Accept", "application/json")] + fields)
    request.verifiesCertificate = verifiesCertificate
    if let token, path != "/platform/authorization" {
      request.headers.append(("Authorization", "Bearer \(token.reveal())"))
    }
    if let body {
      request.headers.append(("Content-Type", "application/json"))
      request.body = .bytes(JSONWriter.bytes(body))
    }
    do throws(HTTPClientError) {
      return Answer(try http.send(request, deadline: deadline, interruption: interruption))
    } catch {
      throw GatewayError(error)
    }
  }
}

extension GatewayClient.Readiness {
  /// The readiness of a gateway that takes no changes, or `nil` when the body does not say so.
  init?(standby body: JSONObject?, isCurrent: Bool) {
    guard let body, body["writer"]?.bool == false else { return nil }
    self = .standby(
      reason: body["reason"]?.string ?? "another task is the writer of this volume",
      hasLease: body["lease"]?.bool == true, isCurrent: isCurrent)
  }
}

/// An answer of the gateway, without its envelope.
private struct Answer {
  let status: Int
  let body: JSONObject?
  let raw: [UInt8]
  /// Seconds.
  let retryAfter: Int?

  init(_ response: HTTPResponse) {
    raw = response.body
    body = try? JSONParser().parseObject(response.body)
    // With STRICT_RESPONSE_ENVELOPE every answer is a 200 that contains the real status.
    status = response.status == 200 ? body?["status_code"]?.number?.int ?? 200 : response.status
    retryAfter = response.header("retry-after").flatMap { Int($0) }
  }

  /// The gateway's own explanation, for the end of a sentence. Doorman calls it `detail`.
  var explanation: String {
    let code = body?["error_code"]?.string
    let message = body?["error_message"]?.string ?? body?["detail"]?.string
    let words = [code, message].compactMap { $0 }.joined(separator: " ")
    return words.isEmpty ? "" : ": \(words.prefix(300))"
  }
}
