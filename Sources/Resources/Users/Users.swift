package import DocumentStore
package import JSON

/// Users: who may log in, with which role, groups and limits.
package enum Users {
  /// The first user, made from the environment. To anyone but an admin it does not exist.
  package static let admin = "admin"
  package static let maximumCustomAttributes = 10

  package static func isAdmin(_ username: String?) -> Bool { username?.hasSameBytes(as: admin) ?? false }

  package static func find(_ username: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.users, .fields(["username": username]))
  }

  /// Finds a user by what was typed into a login's e-mail field: the e-mail address, else the username.
  package static func find(login: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.users, .fields(["email": login])) ?? find(login, in: reader)
  }

  /// Whether a user may log in. Nothing or null says yes, as in Doorman; what is neither true nor false says no.
  package static func isActive(_ user: Document) -> Bool {
    guard let active = user.value("active"), !active.isNull else { return true }
    return active.bool ?? false
  }

  /// What of a user's document leaves the server.
  package static func shape(_ user: JSONObject) -> JSONObject {
    user.removing("_id", "password")
  }

  /// Users that an actor must not see.
  package static func hidden(from actor: Actor) -> Filter? {
    actor.isAdmin ? nil : .fields(["username": admin])
  }
}

// MARK: - Reading

extension Users {
  package static func read(_ username: String, by actor: Actor, in reader: some DocumentReader) throws(Refusal)
    -> JSONObject
  {
    try checkVisible(username, to: actor)
    return try shape(requireReadable(find(username, in: reader), by: actor))
  }

  package static func read(email: String, by actor: Actor, in reader: some DocumentReader) throws(Refusal)
    -> JSONObject
  {
    let user = reader.first(in: Collections.users, .fields(["email": email]))
    if let name = user?.string("username") { try checkVisible(name, to: actor) }
    return try shape(requireReadable(user, by: actor))
  }

  private static func requireReadable(_ user: Document?, by actor: Actor) throws(Refusal) -> JSONObject {
    // Without the permission a missing user and another's one look alike.
    guard actor.may(.manageUsers) || user?.string("username")?.hasSameBytes(as: actor.username) == true else {
      throw Refusal(403, "USR008", "Reading other users needs the permission manage_users")
    }
    guard let user else { throw missing }
    return user.object
  }

  /// To anyone but an admin the user `admin` does not exist.
  package static func checkVisible(_ username: String, to actor: Actor) throws(Refusal) {
    guard !isAdmin(username) || actor.isAdmin else { throw Refusal(404, nil, "User not found") }
  }

  package static let missing = Refusal(404, "USR002", "There is no such user")
}

// MARK: - Rules that every change follows

extension Users {
  package static func checkPassword(_ password: String) throws(Refusal) {
    if let fault = PasswordRule.fault(in: password) { throw Refusal(400, "USR005", "The password \(fault)") }
    guard PasswordRule.holds(password) else { throw Refusal(400, "USR005", PasswordRule.sentence) }
  }

  static func checkAttributes(_ fields: JSONObject) throws(Refusal) {
    guard (fields["custom_attributes"]?.object?.count ?? 0) <= maximumCustomAttributes else {
      throw Refusal(400, "USR016", "custom_attributes may have at most \(maximumCustomAttributes) members")
    }
  }

  /// Whether a user of this name or e-mail address exists already.
  package static func checkFree(
    username: String?, email: String?, except current: String? = nil, in reader: some DocumentReader
  ) throws(Refusal) {
    if let username, current?.hasSameBytes(as: username) != true, find(username, in: reader) != nil {
      throw Refusal(400, "USR001", "A user with this username exists already; choose another")
    }
    if let email,
      let owner = reader.first(in: Collections.users, .fields(["email": email]))?.string("username"),
      current?.hasSameBytes(as: owner) != true
    {
      throw Refusal(400, "USR001", "A user with this e-mail address exists already; use another")
    }
  }
}

/// What a new password must be.
package enum PasswordRule {
  package static let minimumLength = 16
  package static let symbols = "!@#$%^&*()-_=+[]{};:,.<>?/"
  package static let sentence =
    "The password must have at least \(minimumLength) characters with an upper case letter, a lower case letter, "
    + "a digit and one of \(symbols)"

  /// The most that bcrypt takes of a password, in bytes of UTF-8. What comes behind would not count.
  package static let maximumBytes = 72

  /// Why no hash can stand for a password, as the rest of a sentence; `nil` when one can.
  package static func fault(in password: String) -> String? {
    if password.utf8.contains(0) { return "holds a NUL character, which no password can" }
    guard password.utf8.count > maximumBytes else { return nil }
    return
      "has \(password.utf8.count) bytes in UTF-8; it may have at most \(maximumBytes), since its hash would not tell what comes behind them"
  }

  package static func holds(_ password: String) -> Bool {
    password.unicodeScalars.count >= minimumLength
      && password.contains { $0.isUppercase }
      && password.contains { $0.isLowercase }
      && password.contains { $0.isNumber }
      && password.contains { symbols.contains($0) }
  }
}
