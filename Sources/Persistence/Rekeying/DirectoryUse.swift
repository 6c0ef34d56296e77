import DumpDirectory
import DumpFormat
import JSON

/// The files of a directory that a gateway which runs may be using.
///
/// A process writes only to journals of its own epoch, and to one of them at a time: the newest. So a journal that is
/// not the newest is not written to, and no process that starts now will write to it.
struct DirectoryUse {
  private enum Holder {
    /// The lease was given up, or its holder has ended.
    case nobody
    case process(LeaseRecord)
    /// A process is about to take the lease, or the lease can't be read.
    case unknown
  }

  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let holder: Holder
  /// The lowest epoch in which a process may be writing.
  private let epoch: Int

  init(_ directory: DumpDirectory, _ keyring: DumpKeyring) throws(DumpDirectoryError) {
    self.directory = directory
    self.keyring = keyring
    let volume = LeaseVolume(directory: directory.location.directory, holder: .current())
    let reading = try volume.readLease()
    if let record = reading.record { epoch = record.epoch } else { epoch = reading.highestEpoch }
    holder = Self.holder(of: reading, in: volume)
  }

  /// A process that claimed an epoch above the lease's may have ended before it took the lease. That says nothing of
  /// the holder, so each claim is asked for its own process.
  private static func holder(of reading: LeaseReading, in volume: LeaseVolume) -> Holder {
    if let record = reading.record {
      let claims = reading.claims.filter { $0 > record.epoch }
      guard claims.allSatisfy(volume.isKnownDead(makerOf:)) else { return .unknown }
      return record.isReleased || volume.isKnownDead(makerOf: record.epoch) ? .nobody : .process(record)
    }
    if reading.lease == .absent, reading.claims.isEmpty, reading.announcement == nil { return .nobody }
    // A process that announced an epoch above the claims is about to claim it.
    if let announcement = reading.announcement, announcement.epoch > reading.highestClaim { return .unknown }
    return !reading.claims.isEmpty && reading.claims.allSatisfy(volume.isKnownDead(makerOf:)) ? .nobody : .unknown
  }

  /// The reason for leaving a file alone, or `nil` when nobody uses it.
  func reason(toLeave path: String, _ kind: Rekeying.Kind) throws(DumpDirectoryError) -> String? {
    let who: String
    switch holder {
    case .nobody: return nil
    case .process(let record):
      who = "a gateway holds the lease (host \(record.holder.host), process \(record.holder.process))"
    case .unknown: who = "a gateway may hold the lease"
    }
    switch kind {
    case .dump:
      guard try directory.catalogue(keyring).first?.path.hasSameBytes(as: path) == true else { return nil }
      return "\(who), and this is its newest dump. Request a dump, then run this again"
    case .journal:
      let journals = try directory.journals()
      guard let journal = journals.first(where: { $0.path.hasSameBytes(as: path) }) else { return nil }
      let isNewest = !journals.contains { $0.number > journal.number }
      let isNewestOfHolder =
        journal.number.epoch >= epoch
        && !journals.contains { $0.number.epoch == journal.number.epoch && $0.number > journal.number }
      guard isNewest || isNewestOfHolder else { return nil }
      return "\(who), and may be writing to this journal. Request a dump, then run this again"
    }
  }
}
