import Authentication
import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/user`
enum UserRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/user", "Create a user", .user(), body: .model(Users.createBody), success: 201,
      failures: [400: ["USR001", "USR005", "USR016"], 403: ["USR006", "USR015"]], using: \.accounts.passwords, create),
    list("/platform/user/all"),
    list("/platform/user"),
    read("/platform/user/me", "Read oneself", failures: [404: ["USR002"]]) { call in
      let requester = try call.requester()
      return try Users.read(requester.username, by: requester, in: call.state)
    },
    read(
      "/platform/user/email/{email}", "Read a user by e-mail address", failures: [403: ["USR008"], 404: ["USR002"]]
    ) { call in try Users.read(email: call.parameter("email"), by: call.requester(), in: call.state) },
    read(
      "/platform/user/{username}", "Read a user", failures: [403: ["USR008"], 404: ["USR002"]]
    ) { call in try Users.read(call.parameter("username"), by: call.requester(), in: call.state) },
    Route(
      .put, "/platform/user/{username}", "Change a user", .user(), body: .model(Users.updateBody),
      failures: [
        400: ["USR001", "USR005", "USR016"], 403: ["USR006", "USR012", "USR013", "USR020", "USR023"], 404: ["USR002"],
      ], using: \.accounts.passwords, update),
    Route(
      .put, "/platform/user/{username}/update-password", "Change a password", .user(),
      body: .model(Users.passwordBody), failures: [400: ["USR005"], 403: ["USR006", "USR022"], 404: ["USR002"]],
      using: \.accounts.passwords, updatePassword),
    .delete(
      "/platform/user/{username}", "Delete a user", .user(),
      failures: [403: ["USR007", "USR014", "USR021"], 404: ["USR002"]], message: "User deleted"
    ) { call, transaction in
      try Users.delete(call.parameter("username"), by: call.requester(), in: &transaction)
    },
  ]

  private static func read(
    _ path: String, _ summary: String, failures: KeyValuePairs<Int, [String]>,
    _ user: @escaping @Sendable (Call) throws -> JSONObject
  ) -> Route {
    Route(.get, path, summary, .user(), failures: failures, using: \.self) { call, services in
      .data(addingUse(to: try user(call), services))
    }
  }

  /// Adds the bytes that a user's calls have used, while the user has a limit of them.
  private static func addingUse(to user: JSONObject, _ services: PlatformServices) -> JSONObject {
    guard let limit = UserLimits(user).bandwidth, let username = user["username"]?.string else { return user }
    let now = services.accounts.now()
    let used = services.dataPlane.bandwidthUsed(by: username, limit: limit, now: now)
    return user.merging([
      "bandwidth_usage_bytes": .integer(used), "bandwidth_resets_at": .integer(limit.windowEnd(after: now)),
    ])
  }

  private static func list(_ path: String) -> Route {
    .list(
      path, "List users by name", .permission(.manageUsers, "USR008"), "users", of: Collections.users,
      by: .field("username"), hiding: { Users.hidden(from: $0) }, shape: { Users.shape($0) })
  }

  private static func create(_ call: Call, _ passwords: Passwords) async throws -> Answer {
    let body = try call.requiredBody()
    try Users.checkCreation(body.fields, by: call.requester(), in: call.state)
    let hash = try await passwords.hash(body.required("password"))
    try await call.write { try Users.create(body.fields, password: hash, in: &$0) }
    return .message("User created", status: 201)
  }

  private static func update(_ call: Call, _ passwords: Passwords) async throws -> Answer {
    let changes = try call.requiredBody().changes
    let (name, requester) = (try call.parameter("username"), try call.requester())
    try Users.checkUpdate(name, changes, by: requester, in: call.state)
    var hash: JSONValue?
    if let password = changes["password"]?.string { hash = try await passwords.hash(password) }
    let newHash = hash
    try await call.write { try Users.update(name, changes, password: newHash, by: requester, in: &$0) }
    return .message("User updated")
  }

  private static func updatePassword(_ call: Call, _ passwords: Passwords) async throws -> Answer {
    let name = try call.parameter("username")
    let password = try call.requiredBody().required("new_password")
    try Users.checkPasswordChange(name, to: password, by: call.requester(), in: call.state)
    let hash = try await passwords.hash(password)
    try await call.write { try Users.setPassword(name, to: hash, in: &$0) }
    return .message("Password updated")
  }
}
