import JSON
package import Rules

extension Subscriptions {
  /// Who is to be subscribed to which API, or no longer.
  package static let body = BodyModel(
    "SubscribeModel",
    [
      .string("username", .required, length: 3...50),
      .string("api_name", .required, length: 3...50),
      .string("api_version", .required, length: 1...5),
    ])
}
