package import DocumentStore
package import JSON

extension Users {
  /// Whether an actor may create this user; to be asked before the password is hashed, which costs much.
  package static func checkCreation(_ body: CheckedBody, by actor: Actor, in reader: some DocumentReader)
    throws(Refusal)
  {
    guard actor.may(.manageUsers) else {
      throw Refusal(403, "USR006", "Creating users needs the permission manage_users")
    }
    guard !Roles.isAdmin(body.string("role")) || actor.isAdmin else {
      throw Refusal(403, "USR015", "Only an admin may give the role '\(Roles.admin)'")
    }
    try checkPassword(body.string("password") ?? "")
    try checkAttributes(body.fields)
    try checkFree(username: body.string("username"), email: body.string("email"), in: reader)
  }

  /// Creates a user.
  ///
  /// - Parameter password: the hash in the shape of documents (`Passwords.document`).
  package static func create(
    _ fields: JSONObject, password: JSONValue, in transaction: inout Transaction
  ) throws(Refusal) {
    // Asked again: another call may have made the user while the password was hashed.
    try checkFree(username: fields["username"]?.string, email: fields["email"]?.string, in: transaction)
    var user = fields
    user["password"] = password
    try transaction.inserting(user, into: Collections.users)
  }

  /// Whether an actor may make these changes.
  package static func checkUpdate(
    _ username: String, _ body: CheckedBody, by actor: Actor, in reader: some DocumentReader
  ) throws(Refusal) {
    try checkVisible(username, to: actor)
    guard actor.may(.manageUsers) || username.hasSameBytes(as: actor.username) else {
      throw Refusal(403, "USR006", "Changing other users needs the permission manage_users")
    }
    guard let user = find(username, in: reader)?.object else { throw missing }
    guard !isAdmin(username) || isAdmin(actor.username) else {
      throw Refusal(403, "USR020", "The user '\(admin)' is changed by itself only")
    }
    let changes = body.changes
    let present = user["role"]?.string
    if let role = changes["role"]?.string, Roles.isAdmin(role) != Roles.isAdmin(present), !actor.isAdmin {
      throw Refusal(403, "USR012", "Only an admin may give or take the role '\(Roles.admin)'")
    }
    guard !Roles.isAdmin(present) || actor.isAdmin else {
      throw Refusal(403, "USR013", "Only an admin may change a user with the role '\(Roles.admin)'")
    }
    if isAdmin(username) {
      for field in ["username", "role", "active"] where changes[field].map({ $0 != user[field] }) ?? false {
        throw Refusal(403, "USR020", "The user '\(admin)' keeps its \(field)")
      }
    }
    if !actor.may(.manageUsers) { try checkOwnChanges(changes, of: user) }
    if let password = changes["password"]?.string { try checkPassword(password) }
    try checkAttributes(changes)
    try checkFree(
      username: changes["username"]?.string, email: changes["email"]?.string, except: username, in: reader)
  }

  /// Without `manage_users` a user changes its e-mail address, password and attributes; what grants more does not move.
  private static func checkOwnChanges(_ changes: JSONObject, of user: JSONObject) throws(Refusal) {
    let free = ["email", "password", "custom_attributes"]
    for member in changes.members where !free.containsBytes(of: member.key) && user[member.key] != member.value {
      throw Refusal(403, "USR023", "Changing your own \(member.key) needs the permission manage_users")
    }
  }

  /// Changes a user. A new name follows into its subscriptions; a new role drops those that it may not have.
  ///
  /// - Parameter password: the new password's hash, if the body had one.
  package static func update(
    _ username: String, _ body: CheckedBody, password: JSONValue?, by actor: Actor, in transaction: inout Transaction
  ) throws(Refusal) {
    try checkUpdate(username, body, by: actor, in: transaction)
    var changes = body.changes
    changes["password"] = password
    try transaction.setting(changes, in: Collections.users, .fields(["username": username]))
    if let name = changes["username"]?.string, !name.hasSameBytes(as: username) {
      try Subscriptions.rename(username, to: name, in: &transaction)
    }
    if let role = changes["role"]?.string {
      try Subscriptions.dropForbidden(to: role, of: changes["username"]?.string ?? username, in: &transaction)
    }
  }

  package static func checkPasswordChange(
    _ username: String, _ body: CheckedBody, by actor: Actor, in reader: some DocumentReader
  ) throws(Refusal) {
    try checkVisible(username, to: actor)
    guard actor.may(.manageUsers) || username.hasSameBytes(as: actor.username) else {
      throw Refusal(403, "USR006", "Changing the password of other users needs the permission manage_users")
    }
    guard let user = find(username, in: reader) else { throw missing }
    guard !isAdmin(username) || isAdmin(actor.username), !Roles.isAdmin(user.string("role")) || actor.isAdmin else {
      throw Refusal(403, "USR022", "Only an admin may change the password of an admin, and '\(admin)' its own")
    }
    try checkPassword(body.string("new_password") ?? "")
  }

  package static func setPassword(
    _ username: String, to password: JSONValue, in transaction: inout Transaction
  ) throws(Refusal) {
    let matched = try transaction.setting(
      ["password": password], in: Collections.users, .fields(["username": username]))
    if matched == 0 { throw missing }
  }

  /// Deletes a user with what belongs to it alone.
  package static func delete(_ username: String, by actor: Actor, in transaction: inout Transaction) throws(Refusal) {
    try checkVisible(username, to: actor)
    guard actor.may(.manageUsers) else {
      throw Refusal(403, "USR007", "Deleting users needs the permission manage_users")
    }
    guard !isAdmin(username) else { throw Refusal(403, "USR021", "The user '\(admin)' can't be deleted") }
    guard let user = find(username, in: transaction) else { throw missing }
    guard !Roles.isAdmin(user.string("role")) || actor.isAdmin else {
      throw Refusal(403, "USR014", "Only an admin may delete a user with the role '\(Roles.admin)'")
    }
    transaction.delete(from: Collections.users, .fields(["username": username]))
    transaction.delete(from: Collections.subscriptions, .fields(["username": username]))
    transaction.delete(from: Collections.userCredits, .fields(["username": username]))
    transaction.delete(from: Collections.userTierAssignments, .fields(["user_id": username]))
  }

  /// Lets a user log in, or not.
  package static func setActive(_ active: Bool, _ username: String, in transaction: inout Transaction) throws(Refusal) {
    guard !isAdmin(username) || active else {
      throw Refusal(400, "USR004", "The user '\(admin)' can't be disabled: nobody could enable it again")
    }
    let matched = try transaction.setting(
      ["active": .bool(active)], in: Collections.users, .fields(["username": username]))
    if matched == 0 { throw missing }
  }
}
