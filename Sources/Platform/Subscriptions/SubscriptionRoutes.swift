import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/subscription`
enum SubscriptionRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/subscription/subscribe", "Subscribe a user to an API",
      .permission(.manageSubscriptions, "SUB009"), body: .model(Subscriptions.body),
      failures: [400: ["SUB004"], 403: ["SUB007"], 404: ["GEN001", "SUB003"]]
    ) { call in
      let (fields, requester) = (try call.requiredBody().fields, try call.requester())
      try await call.write { try Subscriptions.subscribe(fields, by: requester, in: &$0) }
      return .message("The user is subscribed to the API")
    },
    Route(
      .post, "/platform/subscription/unsubscribe", "Unsubscribe a user from an API",
      .permission(.manageSubscriptions, "SUB010"), body: .model(Subscriptions.body),
      failures: [400: ["SUB006"], 404: ["SUB005"]]
    ) { call in
      let (fields, requester) = (try call.requiredBody().fields, try call.requester())
      try await call.write { try Subscriptions.unsubscribe(fields, by: requester, in: &$0) }
      return .message("The user is no longer subscribed to the API")
    },
    .read("/platform/subscription/subscriptions", "Read one's own subscriptions", .user()) { call in
      try shape(of: call.requester().username, call)
    },
    .read(
      "/platform/subscription/subscriptions/{user_id}", "Read a user's subscriptions", .user(),
      failures: [403: ["SUB011"]]
    ) { call in
      let (name, requester) = (try call.parameter("user_id"), try call.requester())
      guard requester.may(.manageSubscriptions) || name.hasSameBytes(as: requester.username) else {
        throw APIError(403, "SUB011", "Reading the subscriptions of others needs the permission manage_subscriptions")
      }
      try Users.checkVisible(name, to: requester)
      return shape(of: name, call)
    },
    .read(
      "/platform/subscription/available-apis/{username}", "List the APIs that a user could subscribe to",
      .permission(.manageSubscriptions, "SUB009"), failures: [404: []], readsMuch: true
    ) { call in
      let apis = try Subscriptions.available(to: call.parameter("username"), by: call.requester(), in: call.state)
      return ["apis": .array(apis.map(JSONValue.object))]
    },
  ]

  /// Doorman answers the list twice, and clients read either.
  private static func shape(of username: String, _ call: Call) -> JSONObject {
    let apis = JSONValue.strings(Subscriptions.apis(of: username, in: call.state))
    return ["apis": apis, "subscriptions": ["apis": apis]]
  }
}
