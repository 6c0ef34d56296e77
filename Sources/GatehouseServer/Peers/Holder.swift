import DumpDirectory
import Peers

/// Another task that holds the lease, as it can be reached.
struct Holder: Sendable, Equatable {
  let name: PeerName
  let port: PeerPort

  /// The task of a lease's record, or `nil` when the record states no address.
  init?(_ record: LeaseRecord) {
    guard let name = PeerName(record.holder.name), let address = record.address else { return nil }
    (self.name, port) = (name, PeerPort(address))
  }
}

extension PeerPort {
  /// The port of an address that a lease states.
  init(_ address: LeaseAddress) {
    self.init(host: address.host, port: address.port, isSecure: address.isSecure)
  }
}

/// The task to which a change can be handed.
enum ChangeTarget {
  case holder(Holder)
  /// There is none.
  ///
  /// - Parameters:
  ///   - reason: a sentence, or nothing where the reason is that of the lease.
  ///   - isPassing: whether there can be one soon.
  case none(reason: String, isPassing: Bool)

  init(_ role: LeaseRole) {
    switch role {
    case .standby(let record?) where !record.isReleased:
      guard let holder = Holder(record) else {
        self = .none(
          reason: "the task that holds the lease states no address, so changes can't be handed to it", isPassing: false)
        return
      }
      self = .holder(holder)
    case .standby, .holding: self = .none(reason: "", isPassing: true)
    case .unknown, .ended: self = .none(reason: "", isPassing: false)
    }
  }
}
