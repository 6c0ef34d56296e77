package import DocumentStore
package import JSON
package import Model

/// Rules of subscriptions. A user has one document with the APIs that it may call, as `name/version`.
package enum Subscriptions {
  /// The APIs that a user is subscribed to.
  package static func apis(of username: String, in reader: some DocumentReader) -> [String] {
    reader.first(in: Collections.subscriptions, by(username))?.value("apis")?.strings ?? []
  }

  /// Subscribes a user to an API.
  ///
  /// - Throws: `GEN001` when there is no such API; `SUB003` when there is no such user; `SUB007` when they have no group in
  ///   common; `SUB004` when the user is subscribed already.
  package static func subscribe(
    _ fields: JSONObject, by requester: Requester, in transaction: inout Transaction
  ) throws(RuleViolation) {
    let username = try fields.required("username")
    let name = try fields.required("api_name")
    let version = try fields.required("api_version")
    guard let api = APIs.find(name, version, in: transaction) else {
      throw RuleViolation("GEN001", "There is no API of this name and version")
    }
    guard let user = visibleUser(username, to: requester, in: transaction) else {
      throw RuleViolation("SUB003", "There is no such user")
    }
    guard !groups(of: user.value("groups")).isDisjoint(with: groups(of: api.value("api_allowed_groups"))) else {
      throw RuleViolation(
        "SUB007", "User and API have no group in common; add one to the user's groups or to api_allowed_groups")
    }
    let key = "\(name)/\(version)"
    let present = transaction.first(in: Collections.subscriptions, by(username))
    guard present?.value("apis")?.strings?.containsBytes(of: key) != true else {
      throw RuleViolation("SUB004", "The user is subscribed to this API already")
    }
    if present == nil {
      try transaction.inserting(
        ["username": .string(username), "apis": .strings([key])], into: Collections.subscriptions)
    } else {
      try transaction.updating(in: Collections.subscriptions, by(username), [.push("apis", .string(key))])
    }
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
    throws(RuleViolation)
    -> [JSONObject]
  {
    guard let user = visibleUser(username, to: requester, in: reader) else {
      throw RuleViolation(nil, "User not found")
    }
    let groups = groups(of: user.object["groups"])
    return reader.find(in: Collections.apis, .everything).map(\.object).filter { api in
      !groups.isDisjoint(with: self.groups(of: api["api_allowed_groups"]))
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
        let api = APIs.find(
          String(decoding: key.utf8[..<slash], as: UTF8.self),
          String(decoding: key.utf8[slash...].dropFirst(), as: UTF8.self), in: transaction),
        let roles = api.value("api_allowed_roles")?.strings, !roles.isEmpty, !roles.containsBytes(of: role)
      else { continue }
      try transaction.updating(in: Collections.subscriptions, by(username), [.pull("apis", .string(key))])
    }
  }

  private static func visibleUser(_ username: String, to requester: Requester, in reader: some DocumentReader)
    -> Document?
  {
    Users.isAdmin(username) && !requester.isAdmin ? nil : Users.find(username, in: reader)
  }

  private static func groups(of names: JSONValue?) -> Set<UTF8Key> {
    Set((names?.strings ?? []).map(UTF8Key.init))
  }

  private static func by(_ username: String) -> Filter { .fields(["username": username]) }
}
