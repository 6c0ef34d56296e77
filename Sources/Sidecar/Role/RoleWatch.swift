import Clocks
import DumpDirectory
import JSON
import Logging
import Synchronization

/// Knows the role of this task. Its work asks right before each step that the sidecar of another task may make, too.
final class RoleWatch: Sendable {
  private let volume: DumpVolume
  private let metrics: SidecarMetrics
  private let logger: Logger
  private let state = Mutex(RoleState())
  private let logged = Mutex<VolumeRole.Word?>(nil)

  init(volume: DumpVolume, metrics: SidecarMetrics, logger: Logger) {
    self.volume = volume
    self.metrics = metrics
    self.logger = logger
  }

  /// The gateway's name as the holder of the lease, as it was last known.
  var own: String? { state.withLock { $0.own } }

  /// Whether a further check of the gateway soon would tell more.
  var isSettling: Bool { state.withLock { $0.isSettling } }

  /// Takes in a check of the gateway that ends now.
  func note(_ gateway: RoleState.Gateway, since began: Duration) {
    let now = SteadyClock.now()
    let (before, own, role) = state.withLock { state in
      let before = state.own
      state.checked(gateway, from: began, to: now)
      return (before, state.own, state.role(at: now))
    }
    if let own, before?.hasSameBytes(as: own) != true {
      logger.debug("the gateway holds the lease", metadata: ["lease.holder": "\(own)"])
    }
    report(role)
  }

  /// Reads the lease, and tells the role. It blocks for as long as the volume does.
  func look() -> VolumeRole {
    let began = SteadyClock.now()
    let lease = readLease()
    let now = SteadyClock.now()
    let role = state.withLock { state in
      state.read(lease, from: began, to: now)
      return state.role(at: now)
    }
    report(role)
    return role
  }

  /// Why nothing may be removed now, or `nil` when it may.
  func pruningObstacle() -> String? {
    let role = look()
    return role.prunes ? nil : role.reason
  }

  private func readLease() -> RoleState.Lease {
    do throws(DumpDirectoryError) {
      guard let record = LeaseRecord(try volume.directory.readSmallFile(LeaseVolume.file)) else {
        return .unreadable("\(LeaseVolume.file) makes no sense")
      }
      return .record(record)
    } catch {
      return error.code == .notFound ? .absent : .unreadable("\(error)")
    }
  }

  /// Logs each change of the role once, and sets the metrics.
  private func report(_ role: VolumeRole) {
    metrics.change { $0.role = role.word }
    let isNew = logged.withLock { logged in
      // At the start nothing is known, which needs no line.
      guard logged != role.word, logged != nil || role.word != .unknown else { return false }
      logged = role.word
      return true
    }
    guard isNew else { return }
    var metadata: Logger.Metadata = ["volume.role": "\(role.word.rawValue)"]
    if let reason = role.reason { metadata["reason"] = "\(reason)" }
    logger.info(Self.sentence(of: role), metadata: metadata)
  }

  private static func sentence(of role: VolumeRole) -> Logger.Message {
    switch role {
    case .holder: "this sidecar prunes and copies, as its gateway is the writer"
    case .standby: "this sidecar neither verifies, prunes nor copies, as its gateway is not the writer"
    case .unknown: "this sidecar does not prune while it is unknown whether its gateway is the writer"
    case .vacant: "this sidecar prunes, as no task has been the writer for a minute"
    }
  }
}
