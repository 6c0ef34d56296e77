import DocumentStore
import DumpDirectory
import DumpFormat
import Gateway
import Logging
import Peers
import Persistence

extension Gatehouse {
  /// The link to the other tasks, for a task that follows their journals.
  static func link(
    _ settings: Configuration.Standby, _ keys: CurrentKeyring, _ store: DocumentStore, _ lease: WriterLease,
    _ journal: Journal?, _ follower: Follower?, _ limits: SharedLimits, _ logger: Logger
  ) -> TaskLink? {
    guard let journal, let follower, let name = PeerName(lease.holder.name) else { return nil }
    return TaskLink(
      name, keys: keys, patience: settings.patience,
      TaskLink.Parts(
        store: store, lease: lease, journal: journal, follower: follower, exchange: LimitExchange(limits: limits),
        logger: logger))
  }

  /// Says hello to the task that holds the lease, for as long as this one lives.
  func greetHolder() async -> Event {
    await peers?.greet()
    return .ended
  }
}
