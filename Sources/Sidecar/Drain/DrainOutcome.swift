/// How a drain ended.
enum DrainOutcome: String, Sendable, CaseIterable {
  /// A new dump is on the volume, and every byte of it verifies.
  case drained
  /// Another task is the writer of this volume: there was nothing here to save.
  case standby
  /// The service had ended already, in order as far as its lease tells.
  case serviceGone = "service_gone"
  /// The service was not seen ready, and its lease shows no crash.
  case neverReady = "never_ready"
  /// The service ended without releasing its lease: changes since the newest dump may be lost.
  case serviceCrashed = "service_crashed"
  /// Another task took the lease from this one, which had taken changes.
  case leaseLost = "lease_lost"
  /// The service took changes, and there is no dump.
  case noDump = "no_dump"
  /// The service is gone, and whether it ended in order can't be read.
  case leaseUnreadable = "lease_unreadable"
  case loginRefused = "login_refused"
  /// The account may not ask for dumps.
  case forbidden
  /// The service refused, for a reason that asking again does not change.
  case rejected
  /// The service tried and failed until the time was over.
  case dumpFailed = "dump_failed"
  /// The service did not answer in time.
  case timedOut = "timed_out"
  /// The path that the service answered is not on this volume.
  case notOnVolume = "not_on_volume"
  /// The dump does not verify, or is not what the service said.
  case damaged
  /// The volume can't be read, or hangs.
  case volumeFailed = "volume_failed"
  /// A second signal ended the drain.
  case interrupted

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
