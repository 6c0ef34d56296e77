package import DocumentStore
package import JSON
package import Model

/// Rules of users. A user may log in, and has a role, groups and limits.
package enum Users {
  /// The user whose password the environment gives. Only an admin can see it.
  package static let admin = "admin"
  /// The most members that `custom_attributes` may have.
  package static let maximumCustomAttributes = 10

  /// Whether a name is that of the user `admin`.
  package static func isAdmin(_ username: String?) -> Bool { username?.hasSameBytes(as: admin) == true }

  /// The user of a name.
  package static func find(_ username: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.users, where: "username", is: username)
  }

  /// The user that a login names: by its e-mail address, else by its name.
  package static func find(login: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.users, where: "email", is: login) ?? find(login, in: reader)
  }

  /// The fields of a user that leave the server.
  package static func shape(_ user: JSONObject) -> JSONObject {
    user.removing("_id", "password")
  }

  /// The users that a requester must not see.
  package static func hidden(from requester: Requester) -> Filter? {
    requester.isAdmin ? nil : .fields(["username": admin])
  }
}

// MARK: - Reading

extension Users {
  /// The fields of a user that leave the server.
  ///
  /// - Throws: a violation without a code for a user that the requester must not see; `USR008` without the permission;
  ///   `USR002` when there is no such user.
  package static func read(_ username: String, by requester: Requester, in reader: some DocumentReader)
    throws(RuleViolation)
    -> JSONObject
  {
    try checkVisible(username, to: requester)
    return try shape(requireReadable(find(username, in: reader), by: requester))
  }

  /// The fields of the user of an e-mail address that leave the server.
  ///
  /// - Throws: as `read` by name does.
  package static func read(email: String, by requester: Requester, in reader: some DocumentReader) throws(RuleViolation)
    -> JSONObject
  {
    let user = reader.first(in: Collections.users, where: "email", is: email)
    if let name = user?.string("username") { try checkVisible(name, to: requester) }
    return try shape(requireReadable(user, by: requester))
  }

  private static func requireReadable(_ user: Document?, by requester: Requester) throws(RuleViolation) -> JSONObject {
    // Without the permission, a user that is missing and the user of somebody else look alike.
    guard requester.may(.manageUsers) || user?.string("username")?.hasSameBytes(as: requester.username) == true else {
      throw RuleViolation("USR008", "Reading other users needs the permission manage_users")
    }
    guard let user else { throw missing }
    return user.object
  }

  /// Hides the user `admin` from requesters who are no admins.
  ///
  /// - Throws: a violation without a code.
  package static func checkVisible(_ username: String, to requester: Requester) throws(RuleViolation) {
    guard !isAdmin(username) || requester.isAdmin else { throw RuleViolation(nil, "User not found") }
  }

  /// The violation of a request that names no user.
  package static let missing = RuleViolation("USR002", "There is no such user")
}

// MARK: - Rules that each change follows

extension Users {
  /// Checks a new password.
  ///
  /// - Throws: `USR005`.
  package static func checkPassword(_ password: String) throws(RuleViolation) {
    if let fault = PasswordRule.fault(in: password) { throw RuleViolation("USR005", "The password \(fault)") }
    guard PasswordRule.holds(password) else { throw RuleViolation("USR005", PasswordRule.sentence) }
  }

  /// Checks how many custom attributes a user gets.
  ///
  /// - Throws: `USR016`.
  static func checkAttributes(_ fields: JSONObject) throws(RuleViolation) {
    if let attributes = fields["custom_attributes"]?.object, attributes.count > maximumCustomAttributes {
      throw RuleViolation("USR016", "custom_attributes may have at most \(maximumCustomAttributes) members")
    }
  }

  /// Checks that no other user has a name or an e-mail address.
  ///
  /// - Parameter current: the name of the user that is changed.
  /// - Throws: `USR001`.
  package static func checkFree(
    username: String?, email: String?, except current: String? = nil, in reader: some DocumentReader
  ) throws(RuleViolation) {
    if let username, current?.hasSameBytes(as: username) != true, find(username, in: reader) != nil {
      throw RuleViolation("USR001", "A user with this username exists already; choose another")
    }
    if let email,
      let owner = reader.first(in: Collections.users, where: "email", is: email)?.string("username"),
      current?.hasSameBytes(as: owner) != true
    {
      throw RuleViolation("USR001", "A user with this e-mail address exists already; use another")
    }
  }
}
