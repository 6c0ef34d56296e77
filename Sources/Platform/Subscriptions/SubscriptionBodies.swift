import HTTPAPI
import JSON
import Rules

extension Subscriptions {
  /// The body of a request that subscribes a user to an API, or ends the subscription.
  static let body = BodyModel(
    "SubscribeModel",
    [
      .string("username", .required, length: 3...50),
      .string("api_name", .required, length: APIs.nameLength),
      .string("api_version", .required, length: APIs.versionLength),
    ])
}
