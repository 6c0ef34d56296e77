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

  /// The version of a state of the store, if it is the newest one or an older one that is kept.
  package func kept(_ snapshot: Snapshot) -> ModelVersion? {
    let (newest, older) = current.withLock { ($0.newest, $0.older) }
    return [newest, older].compactMap(\.self).first { $0.sequence == snapshot.sequence }
  }

  /// The version of an older state of the store. It is decoded as a whole when it is asked for first, and kept until
  /// another one is asked for, or `forgetOlder`.
  package func version(of snapshot: Snapshot) -> ModelVersion {
    if let kept = kept(snapshot) { return kept }
    let version = version().next(everythingIn: snapshot)
    let before = current.withLock { versions in
      defer { versions.older = version }
      return versions.older
    }
    withExtendedLifetime(before) {}
    return version
  }

  /// Lets go of the older version, which may be all that holds on to a store that was replaced.
  package func forgetOlder() {
    let older = current.withLock { versions in
      defer { versions.older = nil }
      return versions.older
    }
    withExtendedLifetime(older) {}
  }

  /// Runs in turn with the writers, so nothing else changes the version meanwhile. Readers do not wait for the
  /// decoding.
  private func follow(_ commit: Commit) {
    let next = version().next(commit)
    let before = current.withLock { versions in
      defer { versions.newest = next }
      return versions.newest
    }
    // It may be the last one that holds on to a store that was replaced. Freeing it takes long, so nobody waits for it.
    withExtendedLifetime(before) {}
  }
}
