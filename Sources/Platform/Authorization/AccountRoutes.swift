import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/authorization/admin`: tokens and activity of users.
enum AccountRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/authorization/admin/revoke/{username}", "Revoke all tokens of a user", access,
      failures: [403: ["AUTH900"], 404: []]
    ) { call, platform in
      try await change(call, platform) { (name, transaction) throws in
        try Revocations.revokeAll(of: name, in: &transaction)
      }
      return .message("All tokens of the user are revoked")
    },
    Route(
      .post, "/platform/authorization/admin/unrevoke/{username}", "Let the tokens of a user count again", access,
      failures: [403: ["AUTH900"], 404: []]
    ) { call, platform in
      try await change(call, platform) { Revocations.unrevokeAll(of: $0, in: &$1) }
      return .message("The tokens of the user count again")
    },
    Route(
      .post, "/platform/authorization/admin/disable/{username}", "Disable a user", access,
      failures: [400: ["USR004"], 403: ["AUTH900"], 404: ["USR002"]]
    ) { call, platform in
      try await change(call, platform) { (name, transaction) throws in
        try Users.setActive(false, name, in: &transaction)
        // As in the peer: tokens that are out must not come back to life when the user is enabled again.
        try Revocations.revokeAll(of: name, in: &transaction)
      }
      return .message("The user is disabled and its tokens are revoked")
    },
    Route(
      .post, "/platform/authorization/admin/enable/{username}", "Enable a user", access,
      failures: [403: ["AUTH900"], 404: ["USR002"]]
    ) { call, platform in
      try await change(call, platform) { (name, transaction) throws in
        try Users.setActive(true, name, in: &transaction)
      }
      return .message("The user is enabled; if its tokens were revoked, unrevoke them too")
    },
    Route(
      .get, "/platform/authorization/admin/status/{username}", "Whether a user is active, and revoked", access,
      failures: [403: ["AUTH900"], 404: []]
    ) { call, platform in
      let name = try call.parameter("username")
      let model = platform.model.version()
      try Users.checkVisible(name, to: call.actor())
      guard let user = model.user(name) else { throw missing }
      return .data([
        "active": .bool(user.isActive),
        "revoked": .bool(model.revocations.isRevoked(username: name)),
      ])
    },
  ]

  private static let access = Route.Access.permission(.manageAuth, "AUTH900")
  private static let missing = Refusal(404, nil, "User not found")

  private static func change(
    _ call: Call, _ platform: PlatformServices, _ body: (String, inout Transaction) throws -> Void
  ) async throws {
    let name = try call.parameter("username")
    let actor = try call.actor()
    try await platform.write { (transaction) throws in
      try Users.checkVisible(name, to: actor)
      guard Users.find(name, in: transaction) != nil else { throw missing }
      try body(name, &transaction)
    }
  }
}
