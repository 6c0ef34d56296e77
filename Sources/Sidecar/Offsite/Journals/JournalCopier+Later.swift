import Clocks
import DumpDirectory
import DumpFormat

extension JournalCopier {
  /// The fewest bytes of a part of a journal that is too large for one round.
  private static let leastPart = 1 << 16

  /// Copies journals that the newest state does not need, for as long as the newest journal can wait. One that is too
  /// large for a round stays in parts until a round has the time for all of it.
  func copyLater(_ others: [JournalEntry], _ directory: DumpDirectory, until deadline: Deadline) throws {
    var others = Array(others.reversed())
    if let index = others.firstIndex(where: { $0.number == later?.entry.number }) {
      others.swapAt(0, index)
    } else {
      later = nil
    }
    for entry in others {
      guard !deadline.isOver, mayCopy() else { return }
      try attempt(entry) {
        let (bytes, room) = (try FileIdentity(of: entry.path).bytes, pace.bytes(in: deadline.left))
        if try bytes <= room || !copyPart(of: entry, directory, room) {
          later = nil
          try copyWhole(entry, directory)
        }
      }
      if later != nil { return }
    }
  }

  /// Copies a further part of a journal, unless S3 has all of it.
  ///
  /// - Parameter room: the bytes that can be copied in the time that is left.
  /// - Returns: whether that is possible. Otherwise it has to be copied whole.
  private func copyPart(of entry: JournalEntry, _ directory: DumpDirectory, _ room: Int) throws -> Bool {
    guard !finished.contains(entry.number) else { return true }
    let begun: JournalTail? = if let later { later } else { try resume(entry, directory) }
    guard var part = begun else { return false }
    later = nil
    // A part that S3 did not take is not made longer.
    let more = part.isCopied ? max(room, Self.leastPart) : 0
    let isRead = try part.follower.advance(to: part.follower.end + more)
    defer { later = isRead && part.isCopied ? nil : part }
    try send(&part)
    if isRead { finished.insert(entry.number) }
    return true
  }

  /// Forgets journals that are gone. The last one stays, as the newest journal may go on from it.
  func forgetFinished(before oldest: JournalNumber) {
    let last = finished.max()
    finished = finished.filter { $0 >= oldest || $0 == last }
  }
}
