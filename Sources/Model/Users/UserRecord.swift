package import DocumentStore
import JSON

/// A user, decoded from its document.
package struct UserRecord: Sendable {
  /// The name of the user's role, or `nil` for a user without one.
  package let role: String?
  /// Whether the user may log in. A user whose document does not say so may, as in Doorman. A value that is neither true nor
  /// false counts as false.
  package let isActive: Bool

  /// Decodes a document of the collection of users.
  package init(_ document: Document) {
    role = document.string("role")
    isActive = document.value("active").map { $0.isNull || $0.bool == true } ?? true
  }
}
