/// What `lease.json` looks like to one who reads it.
package enum LeaseSighting: Sendable, Equatable {
  case absent
  case record(LeaseRecord)
  /// It can't be read, or makes no sense: held by someone unknown.
  ///
  /// - Parameter fingerprint: another one when the file changed.
  case damaged(fingerprint: String)
}

/// One look at the lease of a volume.
package struct LeaseLook: Sendable, Equatable {
  package let lease: LeaseSighting
  /// Epochs that someone claimed and whose claims are not cleared away yet.
  package let claims: [Int]
  /// Whether the process that claimed the highest epoch is known to have ended.
  package let isHolderDead: Bool

  package init(lease: LeaseSighting, claims: [Int], isHolderDead: Bool = false) {
    self.lease = lease
    self.claims = claims
    self.isHolderDead = isHolderDead
  }

  package var record: LeaseRecord? {
    if case .record(let record) = lease { record } else { nil }
  }

  /// 0 when there is none.
  package var highestClaim: Int { claims.max() ?? 0 }

  /// The highest epoch that someone has, or may come to have; 0 when there is none.
  package var highestEpoch: Int { max(record?.epoch ?? 0, highestClaim) }

  /// Whether the epoch of a holder is no longer the highest.
  ///
  /// The claim decides, not `lease.json`: claims are exclusive, while a late writer of a lower epoch can overwrite the
  /// file.
  package func isOver(_ epoch: Int, of holder: LeaseHolder) -> Bool {
    guard highestEpoch <= epoch else { return true }
    guard let record, record.epoch == epoch else { return false }
    return record.holder.name != holder.name
  }
}
