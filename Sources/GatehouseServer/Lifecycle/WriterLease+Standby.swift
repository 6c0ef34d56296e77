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

  /// The same for readiness, whose reason also says what becomes of changes here.
  ///
  /// - Parameter handsOn: whether this task hands changes to the one that writes.
  func explainedStandby(handsOn: Bool) -> Standby? {
    guard epoch == nil else { return standby }
    return Standby(reason: explanation(handsOn: handsOn), isForOthers: mayPass)
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
  var standbySentence: String {
    let role = role
    return sentence(role.standbySentence, of: role)
  }

  /// The same reason with the holder's name, for authorized clients and the log.
  var holderSentence: String {
    let role = role
    return sentence(role.holderSentence, of: role)
  }

  /// The same reason with what becomes of changes and dumps here, for readiness and the log.
  ///
  /// - Parameter handsOn: whether this task hands them to the one that writes.
  func explanation(handsOn: Bool) -> String {
    let role = role
    let reason = sentence(role.standbySentence, of: role)
    guard case .standby(let record?) = role, !record.isReleased else { return reason }
    let isHandedOn = handsOn && Holder(record) != nil
    return "\(reason); changes and dumps are \(isHandedOn ? "handed to it" : "refused here until it ends")"
  }

  private func sentence(_ reason: String, of role: LeaseRole) -> String {
    guard let trouble else { return reason }
    return switch role {
    case .standby(let record?) where !record.isReleased: "\(reason) (\(trouble.summary))"
    case .standby, .unknown:
      "this task can't take the lease of its volume, as \(trouble.summary); changes and dumps are refused here until it can"
    case .holding, .ended: reason
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
    switch self {
    case .standby(let record?) where !record.isReleased:
      "another task holds the lease of this volume since \(record.acquiredAt)"
    case .standby:
      "another task may hold the lease of this volume; this one takes it when it is free, or unchanged for 15 seconds"
    case .unknown: "the lease of this volume could not be read yet; changes and dumps are refused until it can"
    case .holding:
      "this task takes the lease of the volume over, and accepts changes and dumps when it has the newest state"
    case .ended: "this task has given up the lease of its volume"
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
