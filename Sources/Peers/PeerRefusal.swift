/// A reason why a message is not taken.
package enum PeerRefusal: String, Error, Sendable, CaseIterable {
  /// It is no message, or one of another version.
  case malformed
  /// It is for another process.
  case foreignReceiver
  /// None of the keys has the name that it states.
  case unknownKey
  /// It was changed, or made without the key.
  case notAuthentic
  /// It came before, or is older than the messages that are remembered.
  case replayed
  /// More processes have sent messages than are remembered.
  case tooManySenders
}

extension PeerRefusal: CustomStringConvertible {
  /// The reason in words.
  package var description: String {
    switch self {
    case .malformed: "it is no message of this version"
    case .foreignReceiver: "it is for another process"
    case .unknownKey: "it is encrypted with a key that this task does not have; both need the same MEM_ENCRYPTION_KEY"
    case .notAuthentic: "it was changed, or made without the key"
    case .replayed: "it came before"
    case .tooManySenders: "too many processes have sent messages since the start; restart this task"
    }
  }
}
