/// How a drain ended.
enum DrainOutcome: String, Sendable, CaseIterable {
  /// A new dump is on the volume, and every byte of it verifies.
  case drained
  /// Another task is the writer of this volume: there was nothing here to save.
  case standby
  /// The service had ended already; the newest dump verifies.
  case serviceGone = "service_gone"
  /// The service never got ready, so it took no changes.
  case neverReady = "never_ready"
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
    case .notOnVolume, .volumeFailed: .volume
    case .damaged: .damaged
    case .interrupted: .failure
    }
  }
}
