package import DocumentStore
import Synchronization

/// Follows a store, and has the version of the model that belongs to the store's newest commit.
package final class CurrentModel: Sendable {
  private let current: Mutex<ModelVersion>

  /// The number of users that are kept decoded. Each takes about 500 bytes.
  private static let keptUsers = 8192

  /// Decodes the present state of a store, and follows its commits from then on.
  ///
  /// - Parameter defaults: settings of the environment, for a store without saved settings.
  package init(following store: DocumentStore, defaults: SecuritySettings.Defaults) {
    let users = RecordCache<UserRecord>(capacity: Self.keptUsers)
    current = Mutex(ModelVersion(of: store.snapshot(), defaults: defaults, users: users))
    let subscribed = store.subscribe { self.follow($0) }
    current.withLock { version in
      // A commit may have come before the subscription.
      if version.sequence < subscribed.sequence { version = version.next(everythingIn: subscribed) }
    }
  }

  /// The newest version. After a write has returned, the version has its changes.
  package func version() -> ModelVersion { current.withLock { $0 } }

  /// Runs in turn with the writers, so nothing else changes the version meanwhile. Readers do not wait for the
  /// decoding.
  private func follow(_ commit: Commit) {
    let next = version().next(commit)
    current.withLock { $0 = next }
  }
}
