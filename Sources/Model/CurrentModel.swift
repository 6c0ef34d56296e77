package import DocumentStore
import Synchronization

/// Follows a store, and has the version of the model that belongs to the store's newest commit.
package final class CurrentModel: Sendable {
  private struct Versions {
    var newest: ModelVersion
    /// The version of an older state that was asked for last.
    var older: ModelVersion?
  }

  private let current: Mutex<Versions>

  /// The number of users that are kept decoded. Each takes about 500 bytes.
  private static let keptUsers = 8192
  /// Commits behind which an older version is not kept, as it holds on to documents that are no more.
  private static let keptCommits: UInt64 = 1024

  /// Decodes the present state of a store, and follows its commits from then on.
  ///
  /// - Parameter defaults: settings of the environment, for a store without saved settings.
  package init(following store: DocumentStore, defaults: SecuritySettings.Defaults) {
    let users = RecordCache<UserRecord>(capacity: Self.keptUsers)
    current = Mutex(Versions(newest: ModelVersion(of: store.snapshot(), defaults: defaults, users: users)))
    let subscribed = store.subscribe { self.follow($0) }
    current.withLock { versions in
      // A commit may have come before the subscription.
      if versions.newest.sequence < subscribed.sequence {
        versions.newest = versions.newest.next(everythingIn: subscribed)
      }
    }
  }

  /// The newest version. After a write has returned, the version has its changes.
  package func version() -> ModelVersion { current.withLock { $0.newest } }

  /// The version of an older state of the store. It is decoded as a whole when it is asked for first.
  package func version(of snapshot: Snapshot) -> ModelVersion {
    let (newest, older) = current.withLock { ($0.newest, $0.older) }
    if let kept = [newest, older].compactMap(\.self).first(where: { $0.sequence == snapshot.sequence }) { return kept }
    let version = newest.next(everythingIn: snapshot)
    current.withLock { $0.older = version }
    return version
  }

  /// Runs in turn with the writers, so nothing else changes the version meanwhile. Readers do not wait for the
  /// decoding.
  private func follow(_ commit: Commit) {
    let next = version().next(commit)
    current.withLock { versions in
      versions.newest = next
      if let older = versions.older, older.sequence + Self.keptCommits < next.sequence { versions.older = nil }
    }
  }
}
