import Clocks
import DumpDirectory
import Logging
import Persistence
import Platform

extension WriterLease {
  /// The reason why this task does not accept changes, or `nil` when it does.
  var standby: Standby? {
    guard epoch != nil else { return Standby(reason: standbySentence, isForOthers: mayPass) }
    return unconfirmedFor.map { time in
      Standby(
        reason:
          "this task could not renew its lease of the volume for \(time.milliseconds / 1000) seconds, so another may have taken it; changes are refused until it is renewed",
        hasLease: true)
    }
  }

  /// Whether another task may take changes, or this one may soon.
  private var mayPass: Bool {
    switch role {
    case .unknown: false
    case .standby(let record): record?.isReleased == false || trouble == nil
    case .holding, .ended: true
    }
  }
}

extension WriterLease {
  /// The reason why this task does not hold the lease, without paths, for clients.
  var standbySentence: String { sentence(role.standbySentence) }

  /// The same reason with the holder's name, for authorized clients and the log.
  var holderSentence: String { sentence(role.holderSentence) }

  private func sentence(_ standbySentence: String) -> String {
    guard let trouble else { return standbySentence }
    return switch role {
    case .standby(let record?) where !record.isReleased: "\(standbySentence) (\(trouble.summary))"
    case .standby, .unknown:
      "this task can't take the lease of its volume, as \(trouble.summary); changes and dumps are refused here until it can"
    case .holding, .ended: standbySentence
    }
  }
}

extension LeaseTrouble {
  /// The error without the path.
  var summary: String { code.sentenceForClients }
}

extension LeaseRole {
  /// The reason that follows from the lease's role alone.
  fileprivate var standbySentence: String {
    let remedy = "changes and dumps are refused here until it ends"
    switch self {
    case .standby(let record?) where !record.isReleased:
      return "another task holds the lease of this volume since \(record.acquiredAt); \(remedy)"
    case .standby: return "another task may hold the lease of this volume; \(remedy), or 15 seconds have passed"
    case .unknown:
      return "the lease of this volume could not be read yet; changes and dumps are refused until it can"
    case .holding:
      return
        "this task takes the lease of the volume over; changes and dumps are refused until the newest dump is restored"
    case .ended: return "this task has given up the lease of its volume"
    }
  }

  /// The same reason with the holder's name.
  fileprivate var holderSentence: String {
    guard case .standby(let record?) = self else { return standbySentence }
    return standbySentence + " (it is \(record.holder.name) on \(record.holder.host), epoch \(record.epoch))"
  }

  var metadata: Logger.Metadata {
    guard case .standby(let record?) = self else { return [:] }
    return [
      "lease.holder": "\(record.holder.name)", "lease.host": "\(record.holder.host)",
      "lease.process": .stringConvertible(record.holder.process), "lease.epoch": .stringConvertible(record.epoch),
    ]
  }
}
