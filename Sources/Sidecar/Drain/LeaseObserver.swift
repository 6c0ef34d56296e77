import Clocks
import DumpDirectory
import Threads

/// Reads the lease of the volume, and takes no part in who holds it.
struct LeaseObserver: Sendable {
  let volume: DumpVolume
  let worker: Worker

  /// A live holder renews its lease every three seconds, a little later on a slow volume.
  private static let watch = Duration.seconds(6)
  private static let pause = Duration.milliseconds(250)

  /// Reads the lease until it is clear whether the holder lives, or until the deadline.
  func observe(until deadline: Deadline) -> LeaseEvidence {
    // The last read needs some time, too.
    let watch = deadline.keeping(.milliseconds(300)).within(Self.watch)
    var first: LeaseReading?
    while true {
      let reading: LeaseReading
      switch worker.run(until: deadline, { [volume] in try Self.read(volume) }) {
      case .done(let found): reading = found
      case .failed(let error):
        if (error as? DumpDirectoryError)?.code == .notFound { return .absent }
        return .unreadable("the lease of the volume can't be read: \(error)")
      case .late: return .unreadable("the volume did not answer when it was asked for its lease")
      }
      if let evidence = Self.evidence(reading, since: first, isLast: watch.isOver) { return evidence }
      first = first ?? reading
      Wakeup().wait(until: watch.within(Self.pause))
    }
  }

  private static func predecessor(of record: LeaseRecord) -> LeaseEvidence.Predecessor? {
    record.predecessor.map { LeaseEvidence.Predecessor(holder: $0.holder, isReleased: $0.isReleased) }
  }

  private static func read(_ volume: DumpVolume) throws -> LeaseReading {
    try LeaseVolume(directory: volume.directory.location.directory, holder: .current()).readLease()
  }

  /// The result of reading the lease.
  ///
  /// - Parameters:
  ///   - first: the first read, or `nil` when this is it.
  ///   - isLast: whether the time for reads is over.
  /// - Returns: `nil` when one more read may tell more.
  static func evidence(_ reading: LeaseReading, since first: LeaseReading?, isLast: Bool) -> LeaseEvidence? {
    switch reading.lease {
    case .absent where reading.claims.isEmpty: return .absent
    case .absent:
      // The file was removed, or its holder is about to write it.
      if reading.isAbandoned { return .held(by: "", .abandoned, after: nil) }
      return isLast ? .unreadable("\(LeaseVolume.file) is not there, though a task has claimed the lease") : nil
    case .damaged:
      return isLast ? .unreadable("\(LeaseVolume.file) can't be read, or makes no sense") : nil
    case .record(let record):
      let held = { (state: LeaseEvidence.State) in
        LeaseEvidence.held(by: record.holder.name, state, after: Self.predecessor(of: record))
      }
      if record.isReleased { return held(.released) }
      if reading.isAbandoned { return held(.abandoned) }
      if let before = first?.record, before != record { return held(.renewed) }
      return isLast ? held(.silent) : nil
    }
  }
}
