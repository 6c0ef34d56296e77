import DumpDirectory
import DumpFormat

extension JournalReplayer {
  /// The journal whose changes a start would lose if it took a dump without an order, as Doorman's, that no journal
  /// follows.
  ///
  /// - Returns: `nil` when a dump of this program holds all changes.
  func uncovered() throws -> Ladder.Failure? {
    guard let newest = try directory.journals().last else { return nil }
    if let order = try directory.catalogue(keyring).compactMap(\.order).max(), newest.number < JournalNumber(order) {
      return nil
    }
    let reason: String
    do {
      guard var reader = try JournalReader(directory.source(of: newest.path), keyring), try reader.next() != nil else {
        return nil
      }
      reason = "it has changes that no dump holds, and the newest dump is of another program and does not follow them"
    } catch {
      reason = "no dump holds its changes, and it can't be read: \(error)"
    }
    return Ladder.Failure(path: newest.path, fault: .unloadable, isOfJournal: true, reason: reason)
  }
}
