package import DocumentStore
package import JSON

/// Subscriptions: one document a user, with the APIs that it may call as `name/version`.
package enum Subscriptions {
  /// The APIs that a user is subscribed to.
  package static func apis(of username: String, in reader: some DocumentReader) -> [String] {
    reader.first(in: Collections.subscriptions, by(username))?.value("apis")?.strings ?? []
  }

  package static func subscribe(_ body: CheckedBody, by actor: Actor, in transaction: inout Transaction) throws(Refusal)
  {
    let username = try body.required("username")
    let name = try body.required("api_name")
    let version = try body.required("api_version")
    guard let api = APIs.find(name, version, in: transaction) else {
      throw Refusal(404, "GEN001", "There is no API of this name and version")
    }
    guard let user = visibleUser(username, to: actor, in: transaction) else {
      throw Refusal(404, "SUB003", "There is no such user")
    }
    guard !groups(of: user.value("groups")).isDisjoint(with: groups(of: api.value("api_allowed_groups"))) else {
      throw Refusal(
        403, "SUB007", "User and API have no group in common; add one to the user's groups or to api_allowed_groups")
    }
    let key = "\(name)/\(version)"
    let present = transaction.first(in: Collections.subscriptions, by(username))
    guard present?.value("apis")?.strings?.containsBytes(of: key) != true else {
      throw Refusal(400, "SUB004", "The user is subscribed to this API already")
    }
    if present == nil {
      try transaction.inserting(
        ["username": .string(username), "apis": .strings([key])], into: Collections.subscriptions)
    } else {
      try transaction.updating(in: Collections.subscriptions, by(username), [.push("apis", .string(key))])
    }
  }

  package static func unsubscribe(_ body: CheckedBody, by actor: Actor, in transaction: inout Transaction)
    throws(Refusal)
  {
    let username = try body.required("username")
    let key = "\(try body.required("api_name"))/\(try body.required("api_version"))"
    guard visibleUser(username, to: actor, in: transaction) != nil else {
      throw Refusal(404, "SUB005", "There is no such user")
    }
    guard apis(of: username, in: transaction).containsBytes(of: key) else {
      throw Refusal(400, "SUB006", "The user is not subscribed to this API")
    }
    try transaction.updating(in: Collections.subscriptions, by(username), [.pull("apis", .string(key))])
  }

  /// The APIs that a user could subscribe to: those with a group in common.
  package static func available(to username: String, by actor: Actor, in reader: some DocumentReader) throws(Refusal)
    -> [JSONObject]
  {
    guard let user = visibleUser(username, to: actor, in: reader) else {
      throw Refusal(404, nil, "User not found")
    }
    let groups = groups(of: user.object["groups"])
    return reader.find(in: Collections.apis, .everything).map(\.object).filter { api in
      !groups.isDisjoint(with: self.groups(of: api["api_allowed_groups"]))
    }.map { api in
      JSONObject(["api_name", "api_version", "api_description"].map { ($0, api[$0] ?? .null) })
    }
  }

  static func rename(_ username: String, to name: String, in transaction: inout Transaction) throws(Refusal) {
    try transaction.setting(["username": .string(name)], in: Collections.subscriptions, by(username))
  }

  /// Drops the subscriptions to APIs that allow some roles, but not this one.
  static func dropForbidden(
    to role: String, of username: String, in transaction: inout Transaction
  ) throws(Refusal) {
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

  private static func visibleUser(_ username: String, to actor: Actor, in reader: some DocumentReader) -> Document? {
    Users.isAdmin(username) && !actor.isAdmin ? nil : Users.find(username, in: reader)
  }

  private static func groups(of names: JSONValue?) -> Set<UTF8Key> {
    Set((names?.strings ?? []).map(UTF8Key.init))
  }

  private static func by(_ username: String) -> Filter { .fields(["username": username]) }
}
