/// The part of this task on its volume. Two tasks can have one volume, each with a sidecar, and only one of these works
/// on the files.
enum VolumeRole: Sendable, Equatable {
  /// The gateway of this task holds the lease, or there is none: this sidecar verifies, prunes and copies.
  case holder
  /// Another task writes, and its sidecar works on the files. The gateway's own words say why.
  case standby(String)
  /// It is not known whether the gateway holds the lease, with the reason. Nothing is removed meanwhile.
  ///
  /// - Parameter hasLease: whether it was the writer, and the lease is still in its name.
  case unknown(String, hasLease: Bool = false)
  /// The gateway is no writer, and nobody has renewed the lease for a while. Old files are removed, since a full volume
  /// may be what keeps every task from writing.
  case vacant(String)

  /// Whether this sidecar moves files to the trash, deletes them there, and deletes copies.
  var prunes: Bool {
    switch self {
    case .holder, .vacant: true
    case .standby, .unknown: false
    }
  }

  /// Whether this sidecar copies to S3. The last changes of a gateway that does not answer any more are copied, too.
  var copies: Bool {
    switch self {
    case .holder, .unknown(_, hasLease: true): true
    case .standby, .unknown, .vacant: false
    }
  }

  /// Whether this sidecar verifies files and notes the results.
  var verifies: Bool { if case .standby = self { false } else { true } }

  /// Whether there is something to do that was not to be done in another role.
  func does(moreThan other: VolumeRole) -> Bool {
    verifies && !other.verifies || prunes && !other.prunes || copies && !other.copies
  }

  /// The role in logs and metrics.
  var word: Word {
    switch self {
    case .holder: .holder
    case .standby: .standby
    case .unknown: .unknown
    case .vacant: .vacant
    }
  }

  /// The role without what explains it.
  enum Word: String, Sendable, CaseIterable {
    case holder
    case standby
    case unknown
    case vacant
  }

  /// The explanation of the role, or `nil` for the holder.
  var reason: String? {
    switch self {
    case .holder: nil
    case .standby(let reason), .unknown(let reason, _), .vacant(let reason): reason
    }
  }
}
