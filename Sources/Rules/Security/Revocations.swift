package import DocumentStore
import JSON
import Model

/// Rules of revocations. A revocation ends one token, or all tokens of a user. Revocations survive a restart.
package enum Revocations {
  /// Revokes all tokens of a user, also those that it gets later.
  package static func revokeAll(of username: String, in transaction: inout Transaction) throws(RuleViolation) {
    guard !RevocationTable.isRevoked(username: username, in: transaction) else { return }
    try transaction.inserting(
      ["type": .string(RevocationTable.userType), "username": .string(username), "revoke_all": true],
      into: Collections.revocations)
  }

  /// Ends the revocation of all tokens of a user.
  package static func unrevokeAll(of username: String, in transaction: inout Transaction) {
    transaction.delete(from: Collections.revocations, all(of: username))
  }

  /// Revokes one token.
  ///
  /// - Parameter expiry: when the token expires by itself, in Unix seconds. The revocation is of no use after that.
  package static func revoke(
    tokenID: String, of username: String, expiry: Int, in transaction: inout Transaction
  ) throws(RuleViolation) {
    try transaction.inserting(
      [
        "type": .string(RevocationTable.tokenType), "username": .string(username), "jti": .string(tokenID),
        "expires_at": .integer(expiry),
      ],
      into: Collections.revocations)
  }

  /// Deletes the revocations of tokens that have expired.
  ///
  /// - Parameter now: in Unix seconds.
  package static func deleteExpired(now: Int, in transaction: inout Transaction) {
    for document in transaction.find(in: Collections.revocations, ofType(RevocationTable.tokenType)) {
      guard let expiry = document.value("expires_at")?.number?.double, expiry < Double(now), let id = document.id else {
        continue
      }
      transaction.delete(from: Collections.revocations, .fields(["_id": id]))
    }
  }

  /// Copies the revocations of single tokens into the restored state of an older dump, so that a revoked token stays
  /// revoked.
  package static func carryOver(
    from before: some DocumentReader, into transaction: inout Transaction
  ) throws(RuleViolation) {
    for document in before.find(in: Collections.revocations, ofType(RevocationTable.tokenType)) {
      guard let tokenID = document.string("jti"),
        transaction.first(in: Collections.revocations, where: "jti", is: tokenID) == nil
      else { continue }
      try transaction.inserting(document.object.removing("_id"), into: Collections.revocations)
    }
  }

  private static func ofType(_ type: String) -> Filter { .fields(["type": type]) }

  private static func all(of username: String) -> Filter {
    .all([.fields(["username": username]), ofType(RevocationTable.userType)])
  }
}
