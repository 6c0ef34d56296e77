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
  /// The highest epoch that a process has.
  private let epoch: Int

  init(_ directory: DumpDirectory, _ keyring: DumpKeyring) throws(DumpDirectoryError) {
    self.directory = directory
    self.keyring = keyring
    let volume = LeaseVolume(directory: directory.location.directory, holder: .current())
    let reading = try volume.readLease()
    epoch = reading.highestEpoch
    holder = Self.holder(of: reading)
  }

  private static func holder(of reading: LeaseReading) -> Holder {
    if reading.isHolderDead { return .nobody }
    switch reading.lease {
    case .absent: return reading.claims.isEmpty && reading.announcement == nil ? .nobody : .unknown
    case .damaged: return .unknown
    case .record(let record):
      guard reading.highestClaim <= record.epoch else { return .unknown }
      return record.isReleased ? .nobody : .process(record)
    }
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
        journal.number.epoch == epoch
        && !journals.contains { $0.number.epoch == journal.number.epoch && $0.number > journal.number }
      guard isNewest || isNewestOfHolder else { return nil }
      return "\(who), and may be writing to this journal. Request a dump, then run this again"
    }
  }
}
