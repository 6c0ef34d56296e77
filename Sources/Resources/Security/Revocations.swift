package import DocumentStore
import JSON

/// Tokens that no longer count, one by one or all of a user. They survive a restart.
package enum Revocations {
  package static func isRevoked(username: String, tokenID: String, in reader: some DocumentReader) -> Bool {
    isRevoked(username: username, in: reader)
      || reader.first(in: Collections.revocations, .all([.fields(["jti": tokenID]), ofType("jti")])) != nil
  }

  /// Whether all tokens of a user are revoked.
  package static func isRevoked(username: String, in reader: some DocumentReader) -> Bool {
    reader.first(in: Collections.revocations, all(of: username)) != nil
  }

  package static func revokeAll(of username: String, in transaction: inout Transaction) throws(Refusal) {
    guard !isRevoked(username: username, in: transaction) else { return }
    try transaction.inserting(
      ["type": "revoke_all", "username": .string(username), "revoke_all": true], into: Collections.revocations)
  }

  package static func unrevokeAll(of username: String, in transaction: inout Transaction) {
    transaction.delete(from: Collections.revocations, all(of: username))
  }

  /// Revokes one token until it would have expired anyway (`expiry`, in Unix seconds).
  package static func revoke(
    tokenID: String, of username: String, expiry: Int, in transaction: inout Transaction
  ) throws(Refusal) {
    try transaction.inserting(
      ["type": "jti", "username": .string(username), "jti": .string(tokenID), "expires_at": .integer(expiry)],
      into: Collections.revocations)
  }

  /// Drops revocations of tokens that have expired.
  ///
  /// - Parameter now: in Unix seconds.
  package static func dropExpired(now: Int, in transaction: inout Transaction) {
    for document in transaction.find(in: Collections.revocations, ofType("jti")) {
      guard let expiry = document.value("expires_at")?.number?.double, expiry < Double(now), let id = document.id else {
        continue
      }
      transaction.delete(from: Collections.revocations, .fields(["_id": id]))
    }
  }

  /// Carries revocations over into the state of an older dump: what was revoked stays revoked.
  package static func carryOver(from before: some DocumentReader, into transaction: inout Transaction) throws(Refusal) {
    for document in before.find(in: Collections.revocations, ofType("jti")) {
      guard let tokenID = document.string("jti"),
        transaction.first(in: Collections.revocations, .fields(["jti": tokenID])) == nil
      else { continue }
      try transaction.inserting(document.object.removing("_id"), into: Collections.revocations)
    }
  }

  private static func ofType(_ type: String) -> Filter { .fields(["type": type]) }

  private static func all(of username: String) -> Filter {
    .all([.fields(["username": username]), ofType("revoke_all")])
  }
}
