package import DocumentStore
import HashTreeCollections
import JSON

/// The revocations of tokens, decoded. A value: a copy costs a reference, and a change of one document looks at that
/// document alone.
package struct RevocationTable: Sendable {
  private var tokenIDs = TreeSet<UTF8Key>()
  private var usernames = TreeSet<UTF8Key>()
  /// The number of documents that were decoded for this table and for the tables that it was made from.
  package private(set) var decodings = 0

  /// Decodes all revocations.
  package init(in reader: some DocumentReader) {
    for document in reader.find(in: Collections.revocations, .everything) {
      decodings += 1
      switch Subject(document) {
      case .token(let id): tokenIDs.insert(id)
      case .user(let name): usernames.insert(name)
      case nil: break
      }
    }
  }

  /// Whether a token is revoked, by itself or with all tokens of its user.
  package func isRevoked(username: String, tokenID: String) -> Bool {
    isRevoked(username: username) || tokenIDs.contains(UTF8Key(tokenID))
  }

  /// Whether all tokens of a user are revoked.
  package func isRevoked(username: String) -> Bool {
    usernames.contains(UTF8Key(username))
  }

  /// Follows changes of the store.
  ///
  /// - Parameters:
  ///   - changes: of any collections.
  ///   - reader: the state after the changes.
  package mutating func apply(_ changes: [Change], in reader: some DocumentReader) {
    for change in changes where change.collection.hasSameBytes(as: Collections.revocations) {
      for document in [change.before, change.after].compactMap({ $0 }) {
        decodings += 1
        // The store is asked again, since another document may say the same as a deleted one.
        switch Subject(document) {
        case .token(let id): set(id, in: \.tokenIDs, to: Self.isRevoked(tokenID: id.text, in: reader))
        case .user(let name): set(name, in: \.usernames, to: Self.isRevoked(username: name.text, in: reader))
        case nil: break
        }
      }
    }
  }

  private mutating func set(_ key: UTF8Key, in set: WritableKeyPath<Self, TreeSet<UTF8Key>>, to isMember: Bool) {
    if isMember { self[keyPath: set].insert(key) } else { self[keyPath: set].remove(key) }
  }

  /// The token or the user that a document revokes.
  private enum Subject {
    case token(UTF8Key)
    case user(UTF8Key)

    init?(_ document: Document) {
      guard let type = document.string("type") else { return nil }
      if type.hasSameBytes(as: tokenType), let id = document.string("jti") {
        self = .token(UTF8Key(id))
      } else if type.hasSameBytes(as: userType), let name = document.string("username") {
        self = .user(UTF8Key(name))
      } else {
        return nil
      }
    }
  }
}

extension RevocationTable {
  /// The `type` of a document that revokes one token.
  package static let tokenType = "jti"
  /// The `type` of a document that revokes all tokens of a user.
  package static let userType = "revoke_all"

  /// Whether a token is revoked by itself, for a transaction.
  static func isRevoked(tokenID: String, in reader: some DocumentReader) -> Bool {
    reader.first(
      in: Collections.revocations, .all([.fields(["jti": tokenID]), .fields(["type": tokenType])])) != nil
  }

  /// Whether all tokens of a user are revoked, for a transaction.
  package static func isRevoked(username: String, in reader: some DocumentReader) -> Bool {
    reader.first(
      in: Collections.revocations, .all([.fields(["username": username]), .fields(["type": userType])])) != nil
  }
}
