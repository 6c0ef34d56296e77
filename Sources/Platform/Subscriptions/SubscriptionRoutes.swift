import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/subscription`
enum SubscriptionRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/subscription/subscribe", "Subscribe a user to an API",
      .permission(.manageSubscriptions, "SUB009"), body: .model(Subscriptions.body),
      failures: [400: ["SUB004"], 403: ["SUB007", "SUB009"], 404: ["GEN001", "SUB003"]]
    ) { call, platform in
      let (body, actor) = (try call.requiredBody(), try call.actor())
      try await platform.write { (transaction) throws in
        try Subscriptions.subscribe(body.fields, by: actor, in: &transaction)
      }
      return .message("The user is subscribed to the API")
    },
    Route(
      .post, "/platform/subscription/unsubscribe", "Unsubscribe a user from an API",
      .permission(.manageSubscriptions, "SUB010"), body: .model(Subscriptions.body),
      failures: [400: ["SUB006"], 403: ["SUB010"], 404: ["SUB005"]]
    ) { call, platform in
      let (body, actor) = (try call.requiredBody(), try call.actor())
      try await platform.write { (transaction) throws in
        try Subscriptions.unsubscribe(body.fields, by: actor, in: &transaction)
      }
      return .message("The user is no longer subscribed to the API")
    },
    Route(.get, "/platform/subscription/subscriptions", "Read one's own subscriptions", .user()) { call, platform in
      .data(try shape(of: call.actor().username, platform))
    },
    Route(
      .get, "/platform/subscription/subscriptions/{user_id}", "Read a user's subscriptions", .user(),
      failures: [403: ["SUB011"]]
    ) { call, platform in
      let (name, actor) = (try call.parameter("user_id"), try call.actor())
      guard actor.may(.manageSubscriptions) || name.hasSameBytes(as: actor.username) else {
        throw Refusal(403, "SUB011", "Reading the subscriptions of others needs the permission manage_subscriptions")
      }
      try Users.checkVisible(name, to: actor)
      return .data(shape(of: name, platform))
    },
    Route(
      .get, "/platform/subscription/available-apis/{username}", "List the APIs that a user could subscribe to",
      .permission(.manageSubscriptions, "SUB009"), failures: [403: ["SUB009"], 404: []]
    ) { call, platform in
      let apis = try Subscriptions.available(
        to: call.parameter("username"), by: call.actor(), in: platform.store.snapshot())
      return .data(["apis": .array(apis.map(JSONValue.object))])
    },
  ]

  /// The peer answers the list twice; clients read either.
  private static func shape(of username: String, _ platform: PlatformServices) -> JSONObject {
    let apis = JSONValue.strings(Subscriptions.apis(of: username, in: platform.store.snapshot()))
    return ["apis": apis, "subscriptions": ["apis": apis]]
  }
}
