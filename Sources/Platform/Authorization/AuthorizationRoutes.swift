import Authentication
import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import RateLimiting
import Rules

/// `/platform/authorization`: logging in and out.
enum AuthorizationRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/authorization", "Log in", .everyone,
      body: .unchecked(credentials),
      failures: [
        400: ["AUTH001", "AUTH002", "AUTH004", "AUTH007"], 401: ["AUTH003"], 429: ["IP_RATE_LIMIT"],
      ], changesState: false, using: \.accounts, logIn),
    Route(
      .post, "/platform/authorization/register", "Register oneself", .everyone,
      body: .unchecked(credentials),
      success: 201, failures: [400: ["AUTH001", "AUTH004", "USR001", "USR005"], 429: ["IP_RATE_LIMIT"]],
      using: \.accounts, register),
    Route(
      .post, "/platform/authorization/refresh", "Exchange a token for one that lives longer",
      .user(missingToken: "AUTH003"), changesState: false, using: \.accounts, refresh),
    Route(
      .get, "/platform/authorization/status", "Check a token", .user(missingToken: "AUTH005")
    ) { _ in .message("The token is valid") },
    Route(
      .post, "/platform/authorization/invalidate", "Log out: revoke the token and clear the cookies",
      .user(), using: \.accounts, logOut),
  ]

  /// The body for the description. The handlers check bodies themselves, for the contract's codes.
  private static let credentials = BodyModel(
    "LoginModel", [.string("email", .required), .string("password", .required)])

  private static func logIn(_ call: Call, _ accounts: AccountServices) async throws -> Answer {
    let limit = isSidecar(call, accounts) ? nil : accounts.count(.login, from: call.address)
    if let limit, !limit.isAllowed { return try tooMany(limit) }
    let (email, password) = try credentials(of: call)
    var state = call.state
    if isOfEnvironment(email, password, in: state, accounts) {
      state = try await accounts.awaitEnvironmentAccounts()
    }
    let user = Users.find(login: email, in: state)
    // An unknown name costs the same hash as a wrong password, so that time tells nobody which names exist.
    let matches = try await accounts.passwords.verify(password, against: user?.value("password"))
    guard matches, let user, let username = user.string("username") else {
      throw APIError(400, "AUTH002", "The e-mail address or the password is wrong")
    }
    // Hashing took its time. An admin may have disabled the user meanwhile.
    state = await accounts.state()
    guard let requester = Requester(username: username, in: state) else {
      throw APIError(400, "AUTH007", "This user is not active; an admin can enable it")
    }
    guard !state.revocations.isRevoked(username: username) else {
      throw APIError(401, "AUTH003", "All tokens of this user are revoked; an admin can unrevoke it")
    }
    let lifetime = accounts.lifetimes.access
    let token = try issue(to: requester, user: user, lifetime: lifetime, accounts)
    return .data(["access_token": .string(token)])
      .adding(accounts.cookies.issue(token, lifetime: lifetime, for: call))
      .adding(limit.map(rateFields) ?? [:])
  }

  private static func register(_ call: Call, _ accounts: AccountServices) async throws -> Answer {
    let limit = accounts.count(.registration, from: call.address)
    if let limit, !limit.isAllowed { return try tooMany(limit) }
    let (email, password) = try credentials(of: call)
    guard let (name, domain) = email.cut(at: UInt8(ascii: "@")), (3...50).contains(name.unicodeScalars.count),
      !domain.isEmpty,
      email.unicodeScalars.count <= 127
    else {
      throw APIError(
        400, "AUTH001", "email must be an address of at most 127 characters with 3 to 50 of them before the @")
    }
    try Users.checkPassword(password)
    try Users.checkFree(username: name, email: email, in: call.state)
    let hash = try await accounts.passwords.hash(password)
    let body = try checked([
      "username": .string(name), "email": .string(email), "password": .string(password),
      "role": "user", "groups": ["ALL"],
    ])
    try await call.write { try Users.create(body.fields, password: hash, in: &$0) }
    return .message("User created", status: 201)
  }

  private static func refresh(_ call: Call, _ accounts: AccountServices) async throws -> Answer {
    let requester = try call.requester()
    guard let user = Users.find(requester.username, in: call.state) else {
      throw Session.error("AUTH003")
    }
    let lifetime = accounts.lifetimes.refresh
    let token = try issue(to: requester, user: user, lifetime: lifetime, accounts)
    return .data(["refresh_token": .string(token)])
      .adding(accounts.cookies.issue(token, lifetime: lifetime, for: call))
  }

  private static func logOut(_ call: Call, _ accounts: AccountServices) async throws -> Answer {
    guard let token = call.session?.token else { throw Session.error() }
    let now = accounts.now()
    try await call.write { transaction in
      Revocations.deleteExpired(now: now, in: &transaction)
      try Revocations.revoke(tokenID: token.jti, of: token.sub, expiry: token.exp, in: &transaction)
    }
    return .message("Your token has been revoked")
      .adding(accounts.cookies.clear(for: call))
  }
}

extension AuthorizationRoutes {
  private static func credentials(of call: Call) throws(APIError) -> (email: String, password: String) {
    guard let fields = try? JSONParser().parseObject(call.bytes) else {
      throw APIError(400, "AUTH004", "The body must be a JSON object with email and password")
    }
    guard let email = fields["email"]?.string, let password = fields["password"]?.string, !email.isEmpty,
      !password.isEmpty
    else { throw APIError(400, "AUTH001", "The body needs email and password, both strings") }
    return (email, password)
  }

  /// Whether the environment may define the password of an account. Just after the start, its hash may be an old one or
  /// missing.
  private static func isOfEnvironment(
    _ login: String, _ password: String, in state: ModelVersion, _ accounts: AccountServices
  ) -> Bool {
    let user = Users.find(login: login, in: state)
    return user?.string("username")?.hasSameBytes(as: Users.admin) == true
      || user?.string("role")?.hasSameBytes(as: SidecarAccount.role) == true || accounts.passwords.isOwn(password)
  }

  /// Whether the sidecar beside this gateway logs in with the right password. Such a login is not counted: what others
  /// do on loopback must not keep the sidecar from asking for the last dump.
  private static func isSidecar(_ call: Call, _ accounts: AccountServices) -> Bool {
    guard call.caller.socket?.isLoopback == true, !call.caller.isForwarded,
      let (name, password) = try? credentials(of: call), accounts.passwords.isOwn(password)
    else { return false }
    let user = Users.find(login: name, in: call.state)
    return user?.string("role")?.hasSameBytes(as: SidecarAccount.role) == true
  }

  private static func checked(_ fields: JSONObject) throws(APIError) -> CheckedBody {
    do {
      return try Users.createBody.check(.object(fields))
    } catch {
      throw APIError(400, "AUTH001", error.description)
    }
  }

  private static func issue(
    to requester: Requester, user: Document, lifetime: Int, _ accounts: AccountServices
  ) throws -> String {
    let mayUseInterface = user.value("ui_access")?.bool ?? false
    return try accounts.tokens.sign(
      AccessToken(requester: requester, mayUseInterface: mayUseInterface, now: accounts.now(), lifetime: lifetime))
  }

  private static func tooMany(_ limit: FixedWindowLimiter<NetworkAddress?>.Decision) throws -> Answer {
    var fields = rateFields(limit)
    fields[.retryAfter] = "\(limit.secondsToReset)"
    throw APIError(
      429, "IP_RATE_LIMIT", "Too many tries from your address; try again in \(limit.secondsToReset) seconds",
      headers: fields)
  }

  private static func rateFields(_ limit: FixedWindowLimiter<NetworkAddress?>.Decision) -> HTTPFields {
    [
      .rateLimit: "\(limit.limit)", .rateRemaining: "\(limit.remaining)", .rateReset: "\(limit.secondsToReset)",
    ]
  }
}
