import HummingbirdCore
import Synchronization

/// Nothing is accepted before the gate stands: Hummingbird asks this from the moment it listens.
struct ClosedUntilGated: AvailableConnectionsDelegate {
  private let isGated: ConnectionGateFlag

  init(_ flag: ConnectionGateFlag) {
    isGated = flag
  }

  func isAcceptingNewConnections() -> Bool { isGated.value }
  func connectionOpened() {}
  func connectionClosed() {}
}

/// Whether the gate stands.
final class ConnectionGateFlag: Sendable {
  private let state = Mutex(false)

  var value: Bool { state.withLock { $0 } }

  func raise() { state.withLock { $0 = true } }
}
