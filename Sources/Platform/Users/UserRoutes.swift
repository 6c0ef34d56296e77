import Authentication
import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/user`
enum UserRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/user", "Create a user", .user(), body: .model(Users.createBody), success: 201,
      failures: [400: ["USR001", "USR005", "USR016"], 403: ["USR006", "USR015"]], create),
    list("/platform/user/all"),
    list("/platform/user"),
    Route(.get, "/platform/user/me", "Read oneself", .user(), failures: [404: ["USR002"]]) { call, platform in
      let actor = try call.actor()
      return .data(try Users.read(actor.username, by: actor, in: platform.store.snapshot()))
    },
    Route(
      .get, "/platform/user/email/{email}", "Read a user by e-mail address", .user(),
      failures: [403: ["USR008"], 404: ["USR002"]]
    ) { call, platform in
      .data(try Users.read(email: call.parameter("email"), by: call.actor(), in: platform.store.snapshot()))
    },
    Route(
      .get, "/platform/user/{username}", "Read a user", .user(), failures: [403: ["USR008"], 404: ["USR002"]]
    ) { call, platform in
      .data(try Users.read(call.parameter("username"), by: call.actor(), in: platform.store.snapshot()))
    },
    Route(
      .put, "/platform/user/{username}", "Change a user", .user(), body: .model(Users.updateBody),
      failures: [
        400: ["USR001", "USR005", "USR016"], 403: ["USR006", "USR012", "USR013", "USR020", "USR023"], 404: ["USR002"],
      ], update),
    Route(
      .put, "/platform/user/{username}/update-password", "Change a password", .user(),
      body: .model(Users.passwordBody), failures: [400: ["USR005"], 403: ["USR006", "USR022"], 404: ["USR002"]],
      updatePassword),
    Route(
      .delete, "/platform/user/{username}", "Delete a user", .user(),
      failures: [403: ["USR007", "USR014", "USR021"], 404: ["USR002"]]
    ) { call, platform in
      let actor = try call.actor()
      try await platform.write { (transaction) throws in
        try Users.delete(call.parameter("username"), by: actor, in: &transaction)
      }
      return .message("User deleted")
    },
  ]

  private static func list(_ path: String) -> Route {
    Route(
      .get, path, "List users by name", .permission(.manageUsers, "USR008"), query: Route.paging,
      failures: [400: ["PAG001"], 403: ["USR008"]]
    ) { call, platform in
      let page = try call.page(platform)
      return .data(
        page.list(
          "users", of: Collections.users, by: .field("username"), hiding: Users.hidden(from: try call.actor()),
          in: platform.store.snapshot(), shape: Users.shape))
    }
  }

  private static func create(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let body = try call.requiredBody()
    try Users.checkCreation(body.fields, by: call.actor(), in: platform.store.snapshot())
    let hash = try await platform.passwords.hash(body.required("password"))
    try await platform.write { (transaction) throws in
      try Users.create(body.fields, password: hash, in: &transaction)
    }
    return .message("User created", status: 201)
  }

  private static func update(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let body = try call.requiredBody()
    let actor = try call.actor()
    let name = try call.parameter("username")
    try Users.checkUpdate(name, body.changes, by: actor, in: platform.store.snapshot())
    var hash: JSONValue?
    if let password = body.changes["password"]?.string { hash = try await platform.passwords.hash(password) }
    let newHash = hash
    try await platform.write { (transaction) throws in
      try Users.update(name, body.changes, password: newHash, by: actor, in: &transaction)
    }
    return .message("User updated")
  }

  private static func updatePassword(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    let body = try call.requiredBody()
    let name = try call.parameter("username")
    let password = try body.required("new_password")
    try Users.checkPasswordChange(name, to: password, by: call.actor(), in: platform.store.snapshot())
    let hash = try await platform.passwords.hash(password)
    try await platform.write { (transaction) throws in
      try Users.setPassword(name, to: hash, in: &transaction)
    }
    return .message("Password updated")
  }
}
