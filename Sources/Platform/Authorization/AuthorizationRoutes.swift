import Authentication
import DocumentStore
import HTTPTypes
import JSON
import Model
import RateLimiting
import Resources
import Rules

/// `/platform/authorization`: logging in and out.
enum AuthorizationRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/authorization", "Log in", .everyone,
      body: .unchecked(credentials),
      failures: [
        400: ["AUTH001", "AUTH002", "AUTH004", "AUTH007"], 401: ["AUTH003"], 429: ["IP_RATE_LIMIT"],
      ], changesState: false, logIn),
    Route(
      .post, "/platform/authorization/register", "Register oneself", .everyone,
      body: .unchecked(credentials),
      success: 201, failures: [400: ["AUTH001", "AUTH004", "USR001", "USR005"], 429: ["IP_RATE_LIMIT"]], register),
    Route(
      .post, "/platform/authorization/refresh", "Exchange a token for one that lives longer",
      .user(missingToken: "AUTH003"), failures: [401: ["AUTH003"]], changesState: false, refresh),
    Route(
      .get, "/platform/authorization/status", "Check a token", .user(missingToken: "AUTH005"),
      failures: [401: ["AUTH005"]]
    ) { _, _ in .message("The token is valid") },
    Route(
      .post, "/platform/authorization/invalidate", "Log out: revoke the token and clear the cookies",
      .user(), failures: [401: ["GTW998"]], logOut),
  ]

  /// Described in OpenAPI; the handlers judge it themselves, for the contract's codes.
  private static let credentials = BodyModel(
    "LoginModel", [.string("email", .required), .string("password", .required)])

  private static func logIn(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let limit = isSidecar(call, platform) ? nil : platform.count(.login, from: call.address)
    if let limit, !limit.isAllowed { return try tooMany(limit) }
    let (email, password) = try credentials(of: call)
    if isOwnAccount(email, password, platform) { try await platform.awaitOwnAccounts() }
    let user = Users.find(login: email, in: platform.store.snapshot())
    // An unknown name costs the same hash as a wrong password, so that time tells nobody which names exist.
    let matches = try await platform.passwords.verify(password, against: user?.value("password"))
    guard matches, let user, let username = user.string("username") else {
      throw Refusal(400, "AUTH002", "The e-mail address or the password is wrong")
    }
    let model = platform.model.version()
    guard let actor = Requester(username: username, in: model) else {
      throw Refusal(400, "AUTH007", "This user is not active; an admin can enable it")
    }
    guard !model.revocations.isRevoked(username: username) else {
      throw Refusal(401, "AUTH003", "All tokens of this user are revoked; an admin can unrevoke it")
    }
    let lifetime = platform.configuration.tokens.access
    let token = try issue(to: actor, user: user, lifetime: lifetime, platform)
    return .data(["access_token": .string(token)])
      .adding(CookieJar(configuration: platform.configuration).issue(token, lifetime: lifetime, for: call))
      .adding(limit.map(rateFields) ?? [:])
  }

  private static func register(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let limit = platform.count(.registration, from: call.address)
    if let limit, !limit.isAllowed { return try tooMany(limit) }
    let (email, password) = try credentials(of: call)
    guard let (name, domain) = email.cut(at: UInt8(ascii: "@")), (3...50).contains(name.unicodeScalars.count),
      !domain.isEmpty,
      email.unicodeScalars.count <= 127
    else {
      throw Refusal(
        400, "AUTH001", "email must be an address of at most 127 characters with 3 to 50 of them before the @")
    }
    try Users.checkPassword(password)
    try Users.checkFree(username: name, email: email, in: platform.store.snapshot())
    let hash = try await platform.passwords.hash(password)
    let body = try checked([
      "username": .string(name), "email": .string(email), "password": .string(password),
      "role": "user", "groups": ["ALL"],
    ])
    try await platform.write { (transaction) throws in
      try Users.create(body.fields, password: hash, in: &transaction)
    }
    return .message("User created", status: 201)
  }

  private static func refresh(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let actor = try call.actor()
    guard let user = Users.find(actor.username, in: platform.store.snapshot()) else {
      throw Session.refusal("AUTH003")
    }
    let lifetime = platform.configuration.tokens.refresh
    let token = try issue(to: actor, user: user, lifetime: lifetime, platform)
    return .data(["refresh_token": .string(token)])
      .adding(CookieJar(configuration: platform.configuration).issue(token, lifetime: lifetime, for: call))
  }

  private static func logOut(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    guard let token = call.session?.token else { throw Session.refusal() }
    let now = platform.now()
    try await platform.write { (transaction) throws in
      Revocations.deleteExpired(now: now, in: &transaction)
      try Revocations.revoke(tokenID: token.jti, of: token.sub, expiry: token.exp, in: &transaction)
    }
    return .message("Your token has been revoked")
      .adding(CookieJar(configuration: platform.configuration).clear(for: call))
  }
}

extension AuthorizationRoutes {
  private static func credentials(of call: Call) throws(Refusal) -> (email: String, password: String) {
    guard let fields = try? JSONParser().parseObject(call.bytes) else {
      throw Refusal(400, "AUTH004", "The body must be a JSON object with email and password")
    }
    guard let email = fields["email"]?.string, let password = fields["password"]?.string, !email.isEmpty,
      !password.isEmpty
    else { throw Refusal(400, "AUTH001", "The body needs email and password, both strings") }
    return (email, password)
  }

  /// Whether the environment may give the password of an account: just after the start its hash may be an old one, or missing.
  private static func isOwnAccount(_ login: String, _ password: String, _ platform: PlatformServices) -> Bool {
    let user = Users.find(login: login, in: platform.store.snapshot())
    return user?.string("username")?.hasSameBytes(as: Users.admin) == true
      || user?.string("role")?.hasSameBytes(as: SidecarAccount.role) == true || platform.passwords.isOwn(password)
  }

  /// Whether the sidecar beside this service logs in with the right password. It is not counted: what others do on
  /// loopback must not keep it from asking for the last dump.
  private static func isSidecar(_ call: Call, _ platform: PlatformServices) -> Bool {
    guard call.caller.socket?.isLoopback == true, !call.caller.isForwarded,
      let (name, password) = try? credentials(of: call), platform.passwords.isOwn(password)
    else { return false }
    let user = Users.find(login: name, in: platform.store.snapshot())
    return user?.string("role")?.hasSameBytes(as: SidecarAccount.role) == true
  }

  private static func checked(_ fields: JSONObject) throws(Refusal) -> CheckedBody {
    do {
      return try Users.createBody.check(.object(fields))
    } catch {
      throw Refusal(400, "AUTH001", error.description)
    }
  }

  private static func issue(to actor: Requester, user: Document, lifetime: Int, _ platform: PlatformServices) throws
    -> String
  {
    let mayUseInterface = user.value("ui_access")?.bool ?? false
    return try platform.tokens.sign(
      AccessToken(actor: actor, mayUseInterface: mayUseInterface, now: platform.now(), lifetime: lifetime))
  }

  private static func tooMany(_ limit: FixedWindowLimiter<NetworkAddress?>.Decision) throws -> Answer {
    var fields = rateFields(limit)
    fields[.retryAfter] = "\(limit.secondsToReset)"
    throw RefusalWithFields(
      refusal: Refusal(
        429, "IP_RATE_LIMIT", "Too many tries from your address; try again in \(limit.secondsToReset) seconds"),
      fields: fields)
  }

  private static func rateFields(_ limit: FixedWindowLimiter<NetworkAddress?>.Decision) -> HTTPFields {
    [
      .rateLimit: "\(limit.limit)", .rateRemaining: "\(limit.remaining)", .rateReset: "\(limit.secondsToReset)",
    ]
  }
}

/// A refusal that comes with header fields.
struct RefusalWithFields: Error {
  let refusal: Refusal
  let fields: HTTPFields
}
