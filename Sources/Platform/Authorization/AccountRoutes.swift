import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/authorization/admin`: tokens and activity of users.
enum AccountRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/authorization/admin/revoke/{username}", "Revoke all tokens of a user", access,
      failures: [404: []]
    ) { call in
      try await change(call) { (name, transaction) throws in
        try Revocations.revokeAll(of: name, in: &transaction)
      }
      return .message("All tokens of the user are revoked")
    },
    Route(
      .post, "/platform/authorization/admin/unrevoke/{username}", "Let the tokens of a user count again", access,
      failures: [404: []]
    ) { call in
      try await change(call) { Revocations.unrevokeAll(of: $0, in: &$1) }
      return .message("The tokens of the user count again")
    },
    Route(
      .post, "/platform/authorization/admin/disable/{username}", "Disable a user", access,
      failures: [400: ["USR004"], 404: ["USR002"]]
    ) { call in
      try await change(call) { (name, transaction) throws in
        try Users.setActive(false, name, in: &transaction)
        // As in Doorman, tokens that are out must not come back to life when the user is enabled again.
        try Revocations.revokeAll(of: name, in: &transaction)
      }
      return .message("The user is disabled and its tokens are revoked")
    },
    Route(
      .post, "/platform/authorization/admin/enable/{username}", "Enable a user", access,
      failures: [404: ["USR002"]]
    ) { call in
      try await change(call) { (name, transaction) throws in
        try Users.setActive(true, name, in: &transaction)
      }
      return .message("The user is enabled; if its tokens were revoked, unrevoke them too")
    },
    Route(
      .get, "/platform/authorization/admin/status/{username}", "Whether a user is active, and revoked", access,
      failures: [404: []]
    ) { call in
      let name = try call.parameter("username")
      try Users.checkVisible(name, to: call.requester())
      guard let user = call.state.user(name) else { throw missing }
      return .data([
        "active": .bool(user.isActive),
        "revoked": .bool(call.state.revocations.isRevoked(username: name)),
      ])
    },
  ]

  private static let access = Route.Access.permission(.manageAuth, "AUTH900")
  private static let missing = APIError(404, nil, "User not found")

  private static func change(
    _ call: Call, _ body: (String, inout Transaction) throws -> Void
  ) async throws {
    let name = try call.parameter("username")
    let requester = try call.requester()
    try await call.write { transaction in
      try Users.checkVisible(name, to: requester)
      guard Users.find(name, in: transaction) != nil else { throw missing }
      try body(name, &transaction)
    }
  }
}
