/// The exit code of the process. Numbers above 63 follow sysexits.h.
package enum SidecarExit: Int32, Sendable, CaseIterable {
  /// The command succeeded. A drain ended with a verified dump, or had nothing to save.
  case success = 0
  /// `health` found a fault, or a second signal ended a drain at once.
  case failure = 1
  /// The arguments are wrong.
  case usage = 64
  /// A dump does not verify.
  case damaged = 65
  /// The gateway or S3 could not be reached.
  case unavailable = 69
  /// The gateway did not end in order, or lost its lease.
  case changesMayBeLost = 70
  /// The volume can't be read or written.
  case volume = 74
  /// The deadline passed.
  case timedOut = 75
  /// The login was refused, or the account may not request dumps.
  case refused = 77
  /// The settings are wrong.
  case configuration = 78

  /// The sentence in `--help`.
  var meaning: String {
    switch self {
    case .success: "success; a drain ended with a verified dump, or had nothing to save"
    case .failure: "health: unhealthy; drain: a second signal ended it at once"
    case .usage: "wrong arguments"
    case .damaged: "a dump does not verify"
    case .unavailable: "the gateway (or S3) could not be asked, or failed to write the dump"
    case .changesMayBeLost:
      "drain: changes that no dump and no journal has may be lost, as the gateway crashed or lost its lease"
    case .volume: "the volume can't be read or written, or the dump is not on it"
    case .timedOut: "the drain's deadline passed"
    case .refused: "the login was refused, or the account may not ask for dumps"
    case .configuration: "the settings are not in order"
    }
  }
}
