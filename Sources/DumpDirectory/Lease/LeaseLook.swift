/// What `lease.json` looks like to one who reads it.
package enum LeaseSighting: Sendable, Equatable {
  case absent
  case record(LeaseRecord)
  /// It can't be read, or makes no sense: held by someone unknown.
  ///
  /// - Parameter fingerprint: another one when the file changed.
  case damaged(fingerprint: String)
}

/// The highest epoch that a process announced before it claimed it. It outlives `lease.json` and the claims, so that no epoch is
/// given out twice, and a holder that was frozen while they were removed knows that it had lost.
package struct LeasePast: Sendable, Equatable {
  package let epoch: Int
  /// The name of the process.
  package let holder: String

  package init(epoch: Int, holder: String) {
    self.epoch = epoch
    self.holder = holder
  }
}

/// One look at the lease of a volume.
package struct LeaseLook: Sendable, Equatable {
  package let lease: LeaseSighting
  /// Epochs that someone claimed and whose claims are not cleared away yet.
  package let claims: [Int]
  /// Whether the process that claimed the highest epoch is known to have ended.
  package let isHolderDead: Bool
  /// The last claim that was announced, as the volume has it noted. Read only where files of the lease are missing.
  package let past: LeasePast?

  package init(lease: LeaseSighting, claims: [Int], isHolderDead: Bool = false, past: LeasePast? = nil) {
    self.lease = lease
    self.claims = claims
    self.isHolderDead = isHolderDead
    self.past = past
  }

  package var record: LeaseRecord? {
    if case .record(let record) = lease { record } else { nil }
  }

  /// 0 when there is none.
  package var highestClaim: Int { claims.max() ?? 0 }

  /// The highest epoch that someone has, or may come to have; 0 when there is none.
  package var highestEpoch: Int { max(record?.epoch ?? 0, highestClaim) }

  /// Whether files are missing that a lease has, so that `past` counts.
  static func isIncomplete(_ lease: LeaseSighting, _ claims: [Int]) -> Bool {
    guard case .record(let record) = lease else { return true }
    return !claims.contains(record.epoch)
  }

  /// Whether the epoch of a holder is no longer the highest.
  ///
  /// The claim decides, not `lease.json`: claims are exclusive, while a late writer of a lower epoch can overwrite the
  /// file.
  package func isOver(_ epoch: Int, of holder: LeaseHolder) -> Bool {
    guard highestEpoch <= epoch else { return true }
    // Files were removed, and another had claimed the lease before.
    if let past, past.epoch > epoch, past.holder != holder.name { return true }
    guard let record, record.epoch == epoch else { return false }
    return record.holder.name != holder.name
  }

  /// Whether another process claimed or wrote an epoch between two: a holder that was frozen while it moved from the one to the
  /// other had lost the lease.
  func hasTaker(between lower: Int, and upper: Int, otherThan holder: LeaseHolder) -> Bool {
    if claims.contains(where: { $0 > lower && $0 < upper }) { return true }
    return record.map { $0.epoch > lower && $0.holder.name != holder.name } ?? false
  }
}
