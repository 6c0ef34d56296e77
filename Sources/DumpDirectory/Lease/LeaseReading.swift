/// The state of the file `lease.json`.
package enum LeaseFileState: Sendable, Equatable {
  case absent
  case record(LeaseRecord)
  /// The file can't be read or parsed. The lease counts as held by an unknown process.
  ///
  /// - Parameter fingerprint: differs when the file changed.
  case damaged(fingerprint: String)
}

/// The highest epoch that a process announced before it claimed it. It is kept when `lease.json` and the claims are
/// removed. So no epoch is assigned twice, and a holder that was frozen meanwhile learns that it had lost the lease.
package struct LeaseAnnouncement: Sendable, Equatable {
  /// The announced epoch, or 0 when the file exists but can't be parsed.
  package let epoch: Int
  /// The name of the process that announced it.
  package let holder: String

  /// Creates an announcement.
  package init(epoch: Int, holder: String) {
    self.epoch = epoch
    self.holder = holder
  }
}

/// The files of a lease at one moment.
package struct LeaseReading: Sendable, Equatable {
  /// The state of `lease.json`.
  package let lease: LeaseFileState
  /// The claimed epochs whose claim files are not removed yet.
  package let claims: [Int]
  /// Whether the process that claimed the highest epoch is known to have ended.
  package let isHolderDead: Bool
  /// The last announcement. It is read only when other files of the lease are missing.
  package let announcement: LeaseAnnouncement?

  /// Creates a reading from its parts.
  package init(lease: LeaseFileState, claims: [Int], isHolderDead: Bool = false, announcement: LeaseAnnouncement? = nil)
  {
    self.lease = lease
    self.claims = claims
    self.isHolderDead = isHolderDead
    self.announcement = announcement
  }

  /// The parsed `lease.json`, or `nil` when it is absent or damaged.
  package var record: LeaseRecord? {
    if case .record(let record) = lease { record } else { nil }
  }

  /// 0 when there is none.
  package var highestClaim: Int { claims.max() ?? 0 }

  /// The highest epoch that a process holds or has claimed, or 0 when there is none.
  package var highestEpoch: Int { max(record?.epoch ?? 0, highestClaim) }

  /// Whether files of the lease are missing, so that the announcement counts.
  static func isIncomplete(_ lease: LeaseFileState, _ claims: [Int]) -> Bool {
    guard case .record(let record) = lease else { return true }
    return !claims.contains(record.epoch)
  }

  /// Whether the process that holds the lease is known to have ended. A process with a claim above the lease may have
  /// ended before it took the lease, which says nothing of the holder.
  package var isAbandoned: Bool {
    guard isHolderDead else { return false }
    // A holder removes the claims below its own.
    guard let record else { return claims.count == 1 }
    return highestClaim <= record.epoch
  }

  /// Whether a holder has lost its epoch.
  ///
  /// The claims decide, not `lease.json`: creating a claim is exclusive, while a late write for a lower epoch can
  /// replace `lease.json`.
  package func isLost(_ epoch: Int, by holder: LeaseHolder) -> Bool {
    guard highestEpoch <= epoch else { return true }
    // Files were removed, and another process had announced a higher epoch before.
    if let announcement, announcement.epoch > epoch, announcement.holder != holder.name { return true }
    guard let record, record.epoch == epoch else { return false }
    return record.holder.name != holder.name
  }

  /// Whether another process claimed or wrote an epoch between two epochs. A holder that was frozen while it moved from
  /// the lower to the upper one then had lost the lease in between.
  func hasTaker(between lower: Int, and upper: Int, otherThan holder: LeaseHolder) -> Bool {
    if claims.contains(where: { $0 > lower && $0 < upper }) { return true }
    return record.map { $0.epoch > lower && $0.holder.name != holder.name } ?? false
  }
}
