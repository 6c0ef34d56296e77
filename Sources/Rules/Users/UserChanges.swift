package import DocumentStore
package import JSON
package import Model

extension Users {
  /// Checks whether a requester may create a user. It is to be asked before the password is hashed, which takes 200 ms.
  ///
  /// - Throws: `USR006` without the permission; `USR015` for the admin role; `USR005`, `USR016` or `USR001` for the
  ///   fields.
  package static func checkCreation(_ fields: JSONObject, by requester: Requester, in reader: some DocumentReader)
    throws(RuleViolation)
  {
    guard requester.may(.manageUsers) else {
      throw RuleViolation("USR006", "Creating users needs the permission manage_users")
    }
    guard !Roles.isAdmin(fields["role"]?.string) || requester.isAdmin else {
      throw RuleViolation("USR015", "Only an admin may give the role '\(Roles.admin)'")
    }
    try checkPassword(fields.required("password"))
    try checkAttributes(fields)
    try checkFree(username: fields["username"]?.string, email: fields["email"]?.string, in: reader)
  }

  /// Creates a user.
  ///
  /// - Parameter password: the hash of the password, in the shape of documents.
  /// - Throws: `USR001`.
  package static func create(
    _ fields: JSONObject, password: JSONValue, in transaction: inout Transaction
  ) throws(RuleViolation) {
    // This is asked again, since another request may have created the user while the password was hashed.
    try checkFree(username: fields["username"]?.string, email: fields["email"]?.string, in: transaction)
    var user = fields
    user["password"] = password
    try transaction.inserting(user, into: Collections.users)
  }

  /// Checks whether a requester may make these changes.
  ///
  /// - Throws: a violation without a code for a user that the requester must not see; `USR006` without the permission;
  ///   `USR002` when there is no such user; `USR020` for what the user `admin` keeps; `USR012` and `USR013` for the
  ///   admin role; `USR023` for what needs the permission; `USR005`, `USR016` or `USR001` for the fields.
  package static func checkUpdate(
    _ username: String, _ changes: JSONObject, by requester: Requester, in reader: some DocumentReader
  ) throws(RuleViolation) {
    try checkVisible(username, to: requester)
    guard requester.may(.manageUsers) || username.hasSameBytes(as: requester.username) else {
      throw RuleViolation("USR006", "Changing other users needs the permission manage_users")
    }
    guard let user = find(username, in: reader)?.object else { throw missing }
    guard !isAdmin(username) || isAdmin(requester.username) else {
      throw RuleViolation("USR020", "The user '\(admin)' is changed by itself only")
    }
    let present = user["role"]?.string
    if let role = changes["role"]?.string, Roles.isAdmin(role) != Roles.isAdmin(present), !requester.isAdmin {
      throw RuleViolation("USR012", "Only an admin may give or take the role '\(Roles.admin)'")
    }
    guard !Roles.isAdmin(present) || requester.isAdmin else {
      throw RuleViolation("USR013", "Only an admin may change a user with the role '\(Roles.admin)'")
    }
    if isAdmin(username) {
      for field in ["username", "role", "active"] where changes[field] != nil && changes[field] != user[field] {
        throw RuleViolation("USR020", "The user '\(admin)' keeps its \(field)")
      }
    }
    if !requester.may(.manageUsers) { try checkOwnChanges(changes, of: user) }
    if let password = changes["password"]?.string { try checkPassword(password) }
    try checkAttributes(changes)
    try checkFree(
      username: changes["username"]?.string, email: changes["email"]?.string, except: username, in: reader)
  }

  /// Checks the changes that a user without `manage_users` makes to itself. It may change its e-mail address, password
  /// and attributes, but nothing that gives it more rights.
  private static func checkOwnChanges(_ changes: JSONObject, of user: JSONObject) throws(RuleViolation) {
    let free = ["email", "password", "custom_attributes"]
    for member in changes.members where !free.containsBytes(of: member.key) && user[member.key] != member.value {
      throw RuleViolation("USR023", "Changing your own \(member.key) needs the permission manage_users")
    }
  }

  /// Changes a user. A new name is also set in its subscriptions. A new role ends the subscriptions that it does not
  /// allow.
  ///
  /// - Parameter password: the hash of the new password, if the changes have one.
  /// - Throws: as `checkUpdate`.
  package static func update(
    _ username: String, _ changes: JSONObject, password: JSONValue?, by requester: Requester,
    in transaction: inout Transaction
  ) throws(RuleViolation) {
    try checkUpdate(username, changes, by: requester, in: transaction)
    var changes = changes
    changes["password"] = password
    try transaction.setting(changes, in: Collections.users, .fields(["username": username]))
    if let name = changes["username"]?.string, !name.hasSameBytes(as: username) {
      try Subscriptions.rename(username, to: name, in: &transaction)
    }
    if let role = changes["role"]?.string {
      try Subscriptions.dropForbidden(to: role, of: changes["username"]?.string ?? username, in: &transaction)
    }
  }

  /// Checks whether a requester may set the password of a user.
  ///
  /// - Throws: a violation without a code for a user that the requester must not see; `USR006` without the permission;
  ///   `USR002` when there is no such user; `USR022` for an admin; `USR005` for the password.
  package static func checkPasswordChange(
    _ username: String, to password: String, by requester: Requester, in reader: some DocumentReader
  ) throws(RuleViolation) {
    try checkVisible(username, to: requester)
    guard requester.may(.manageUsers) || username.hasSameBytes(as: requester.username) else {
      throw RuleViolation("USR006", "Changing the password of other users needs the permission manage_users")
    }
    guard let user = find(username, in: reader) else { throw missing }
    guard !isAdmin(username) || isAdmin(requester.username), !Roles.isAdmin(user.string("role")) || requester.isAdmin
    else {
      throw RuleViolation("USR022", "Only an admin may change the password of an admin, and '\(admin)' its own")
    }
    try checkPassword(password)
  }

  /// Sets the hash of a password, in the shape of documents.
  ///
  /// - Throws: `USR002` when there is no such user.
  package static func setPassword(
    _ username: String, to password: JSONValue, in transaction: inout Transaction
  ) throws(RuleViolation) {
    let matched = try transaction.setting(
      ["password": password], in: Collections.users, .fields(["username": username]))
    if matched == 0 { throw missing }
  }

  /// Deletes a user with the documents that belong to it alone.
  ///
  /// - Throws: a violation without a code for a user that the requester must not see; `USR007` without the permission;
  ///   `USR021` for the user `admin`; `USR002` when there is no such user; `USR014` for an admin.
  package static func delete(_ username: String, by requester: Requester, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    try checkVisible(username, to: requester)
    guard requester.may(.manageUsers) else {
      throw RuleViolation("USR007", "Deleting users needs the permission manage_users")
    }
    guard !isAdmin(username) else { throw RuleViolation("USR021", "The user '\(admin)' can't be deleted") }
    guard let user = find(username, in: transaction) else { throw missing }
    guard !Roles.isAdmin(user.string("role")) || requester.isAdmin else {
      throw RuleViolation("USR014", "Only an admin may delete a user with the role '\(Roles.admin)'")
    }
    transaction.delete(from: Collections.users, .fields(["username": username]))
    transaction.delete(from: Collections.subscriptions, .fields(["username": username]))
    transaction.delete(from: Collections.userCredits, .fields(["username": username]))
    transaction.delete(from: Collections.userTierAssignments, .fields(["user_id": username]))
  }

  /// Lets a user log in, or not.
  ///
  /// - Throws: `USR004` for the user `admin`; `USR002` when there is no such user.
  package static func setActive(_ active: Bool, _ username: String, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    guard !isAdmin(username) || active else {
      throw RuleViolation("USR004", "The user '\(admin)' can't be disabled: nobody could enable it again")
    }
    let matched = try transaction.setting(
      ["active": .bool(active)], in: Collections.users, .fields(["username": username]))
    if matched == 0 { throw missing }
  }
}
