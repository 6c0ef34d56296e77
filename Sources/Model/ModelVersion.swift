package import DocumentStore
import JSON

/// The state at one moment: a snapshot of the store, with the documents that requests ask for most, decoded.
///
/// It is immutable, and the decoded values are always those of its snapshot. A commit makes the next version, which
/// decodes only the documents that the commit changed.
package final class ModelVersion: Sendable, DocumentReader {
  /// All documents.
  package let snapshot: Snapshot
  /// The security settings, over the defaults of the environment.
  package let settings: SecuritySettings
  /// All roles.
  package let roles: RecordTable<RoleRecord>
  /// All revocations of tokens.
  package let revocations: RevocationTable
  private let defaults: SecuritySettings.Defaults
  private let users: RecordCache<UserRecord>

  /// Decodes a whole snapshot.
  ///
  /// - Parameter users: keeps decoded users for this version and those after it.
  init(of snapshot: Snapshot, defaults: SecuritySettings.Defaults, users: RecordCache<UserRecord>) {
    self.snapshot = snapshot
    self.defaults = defaults
    self.users = users
    settings = SecuritySettings(in: snapshot, defaults: defaults)
    roles = RecordTable(in: snapshot)
    revocations = RevocationTable(in: snapshot)
  }

  private init(after previous: ModelVersion, _ changes: [Change], in snapshot: Snapshot) {
    self.snapshot = snapshot
    defaults = previous.defaults
    users = previous.users
    let changesSettings = changes.contains { $0.collection.hasSameBytes(as: Collections.settings) }
    settings = changesSettings ? SecuritySettings(in: snapshot, defaults: previous.defaults) : previous.settings
    var roles = previous.roles
    roles.apply(changes, in: snapshot)
    self.roles = roles
    var revocations = previous.revocations
    revocations.apply(changes, in: snapshot)
    self.revocations = revocations
  }

  /// The commits up to this version.
  package var sequence: UInt64 { snapshot.sequence }

  /// The version after a commit.
  func next(_ commit: Commit) -> ModelVersion {
    guard case .documents(let changes) = commit.scope, commit.sequence == sequence + 1 else {
      return next(everythingIn: commit.snapshot)
    }
    return ModelVersion(after: self, changes, in: commit.snapshot)
  }

  /// The version of another snapshot of the same store, decoded as a whole.
  func next(everythingIn snapshot: Snapshot) -> ModelVersion {
    ModelVersion(of: snapshot, defaults: defaults, users: users)
  }

  /// The rows of one collection, for the functions of `DocumentReader`.
  package func contents(of collection: String) -> CollectionContents { snapshot.contents(of: collection) }

  /// The first document with a string in a top-level field.
  package func first(in collection: String, where field: String, is value: String) -> Document? {
    snapshot.first(in: collection, where: field, is: value)
  }

  /// The user of a name, decoded once as long as its document stays the same.
  package func user(_ username: String) -> UserRecord? {
    snapshot.first(in: Collections.users, where: "username", is: username).map { users.record(username, of: $0) }
  }
}
