/// How a drain ended.
enum DrainOutcome: String, Sendable, CaseIterable {
  /// A new dump is on the volume, and every byte of it verifies.
  case drained
  /// Another task is the writer of this volume: there was nothing to save.
  case standby
  /// The gateway had ended already, in order as far as its lease tells.
  case serviceGone = "service_gone"
  /// The gateway was not seen ready, and its lease shows no crash.
  case neverReady = "never_ready"
  /// The gateway ended without releasing its lease: changes that no dump and no journal has may be lost.
  case serviceCrashed = "service_crashed"
  /// Another task took the lease from this one, which had taken changes.
  case leaseLost = "lease_lost"
  /// The gateway took changes, and there is no dump.
  case noDump = "no_dump"
  /// The gateway is gone, and whether it ended in order can't be read.
  case leaseUnreadable = "lease_unreadable"
  case loginRefused = "login_refused"
  /// The account may not ask for dumps.
  case forbidden
  /// The gateway refused, for a reason that asking again does not change.
  case rejected
  /// The gateway tried and failed until the time was over.
  case dumpFailed = "dump_failed"
  /// The gateway did not answer in time.
  case timedOut = "timed_out"
  /// The path that the gateway answered is not on this volume.
  case notOnVolume = "not_on_volume"
  /// The dump does not verify, or is not what the gateway said.
  case damaged
  /// The volume can't be read, or hangs.
  case volumeFailed = "volume_failed"
  /// A second signal ended the drain.
  case interrupted

  /// The exit code of a drain with this outcome.
  var exit: SidecarExit {
    switch self {
    case .drained, .standby, .serviceGone, .neverReady: .success
    case .loginRefused, .forbidden: .refused
    case .rejected, .dumpFailed: .unavailable
    case .timedOut: .timedOut
    case .notOnVolume, .volumeFailed, .leaseUnreadable: .volume
    case .serviceCrashed, .leaseLost, .noDump: .changesMayBeLost
    case .damaged: .damaged
    case .interrupted: .failure
    }
  }
}
