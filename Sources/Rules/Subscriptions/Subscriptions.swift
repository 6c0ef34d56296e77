package import DocumentStore
package import JSON
package import Model

/// Rules of subscriptions. A user has one document with the APIs that it may call, as `name/version`.
package enum Subscriptions {
  /// The APIs that a user is subscribed to.
  package static func apis(of username: String, in reader: some DocumentReader) -> [String] {
    SubscriptionRecord.find(username, in: reader)?.apis ?? []
  }

  /// Subscribes a user to an API.
  ///
  /// - Throws: `GEN001` when there is no such API; `SUB003` when there is no such user; `SUB007` when they have no
  ///   group in common; `SUB004` when the user is subscribed already.
  package static func subscribe(
    _ fields: JSONObject, by requester: Requester, in transaction: inout Transaction
  ) throws(RuleViolation) {
    let username = try fields.required("username")
    let name = try fields.required("api_name")
    let version = try fields.required("api_version")
    guard let api = APIRecord.find(name, version, in: transaction) else {
      throw RuleViolation("GEN001", "There is no API of this name and version")
    }
    guard let user = visibleUser(username, to: requester, in: transaction) else {
      throw RuleViolation("SUB003", "There is no such user")
    }
    guard Self.haveGroupInCommon(user, api) else {
      throw RuleViolation(
        "SUB007", "User and API have no group in common; add one to the user's groups or to api_allowed_groups")
    }
    let key = "\(name)/\(version)"
    guard let present = SubscriptionRecord.find(username, in: transaction) else {
      try transaction.inserting(
        ["username": .string(username), "apis": .strings([key])], into: Collections.subscriptions)
      return
    }
    guard !present.apis.containsBytes(of: key) else {
      throw RuleViolation("SUB004", "The user is subscribed to this API already")
    }
    try transaction.updating(in: Collections.subscriptions, by(username), [.push("apis", .string(key))])
  }

  /// Ends the subscription of a user to an API.
  ///
  /// - Throws: `SUB005` when there is no such user; `SUB006` when it is not subscribed.
  package static func unsubscribe(_ fields: JSONObject, by requester: Requester, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    let username = try fields.required("username")
    let key = "\(try fields.required("api_name"))/\(try fields.required("api_version"))"
    guard visibleUser(username, to: requester, in: transaction) != nil else {
      throw RuleViolation("SUB005", "There is no such user")
    }
    guard apis(of: username, in: transaction).containsBytes(of: key) else {
      throw RuleViolation("SUB006", "The user is not subscribed to this API")
    }
    try transaction.updating(in: Collections.subscriptions, by(username), [.pull("apis", .string(key))])
  }

  /// The APIs that a user could subscribe to: those that have a group in common with it.
  ///
  /// - Throws: a violation without a code when there is no such user.
  package static func available(to username: String, by requester: Requester, in reader: some DocumentReader)
    throws(RuleViolation) -> [JSONObject]
  {
    guard let user = visibleUser(username, to: requester, in: reader) else {
      throw RuleViolation(nil, "User not found")
    }
    return reader.find(in: Collections.apis, .everything).map(\.object).filter { api in
      haveGroupInCommon(user, APIRecord(api))
    }.map { api in
      JSONObject(["api_name", "api_version", "api_description"].map { ($0, api[$0] ?? .null) })
    }
  }

  /// Gives the subscriptions of a user to its new name.
  static func rename(_ username: String, to name: String, in transaction: inout Transaction) throws(RuleViolation) {
    try transaction.setting(["username": .string(name)], in: Collections.subscriptions, by(username))
  }

  /// Ends the subscriptions of a user to APIs that allow some roles, but not this one.
  static func dropForbidden(
    to role: String, of username: String, in transaction: inout Transaction
  ) throws(RuleViolation) {
    for key in apis(of: username, in: transaction) {
      guard let slash = key.utf8.lastIndex(of: UInt8(ascii: "/")),
        let api = APIRecord.find(
          String(decoding: key.utf8[..<slash], as: UTF8.self),
          String(decoding: key.utf8[slash...].dropFirst(), as: UTF8.self), in: transaction),
        !api.allowedRoles.isEmpty, !api.allowedRoles.containsBytes(of: role)
      else { continue }
      try transaction.updating(in: Collections.subscriptions, by(username), [.pull("apis", .string(key))])
    }
  }

  private static func visibleUser(_ username: String, to requester: Requester, in reader: some DocumentReader)
    -> UserRecord?
  {
    Users.isAdmin(username) && !requester.isAdmin ? nil : UserRecord.find(username, in: reader)
  }

  private static func haveGroupInCommon(_ user: UserRecord, _ api: APIRecord) -> Bool {
    user.groups.contains(where: api.allowedGroups.containsBytes)
  }

  private static func by(_ username: String) -> Filter { .fields(["username": username]) }
}
