import DumpDirectory
import DumpFormat
import DumpReports
import JSON

/// The newest place of the journals that is safe on the volume: a start restores every change up to it.
struct SafePlace: Sendable, Equatable {
  let name: String
  let number: JournalNumber
  let contents: GoodJournal
  /// Whether the newest verified dump has all of it.
  let isInDump: Bool
  /// Whether the newest verified dump is of a later epoch. Its writer may have kept no journal.
  var isOfEarlierEpoch = false

  /// The changes that are safe, as a clause of a sentence. It is `nil` when the journals do not tell.
  var sentence: String? {
    guard !isOfEarlierEpoch else { return nil }
    let place = isInDump ? "" : " up to commit \(contents.commits) of journal \(number)"
    return "every change\(place) is safe, and with MEM_JOURNAL=always no later one was acknowledged"
  }

  var json: JSONValue {
    .object([
      "name": .string(name), "epoch": .integer(number.epoch), "sequence": .integer(number.sequence),
      "commits": .integer(contents.commits), "bytes": .integer(contents.bytes), "closed": .bool(contents.isClosed),
      "in_dump": .bool(isInDump),
    ])
  }
}

extension DumpVolume {
  /// Reads the newest journal, and those between it and the newest dump: a start needs all of them.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: `OutOfReach` when a start could not restore its changes, or when it can't be read.
  func safePlace() throws -> SafePlace? {
    let dumps = try dumps()
    let journals = try journals(beside: dumps)
    guard let newest = journals.last else { return nil }
    if let gap = try gap(in: journals, behind: dumps) { throw OutOfReach(description: gap) }
    let order = dumps.first(where: \.isGood)?.verification?.good?.order
    for journal in journals.dropLast() where order.map({ journal.number >= JournalNumber($0) }) != false {
      _ = try contents(of: journal, among: journals)
    }
    let good = try contents(of: newest, among: journals)
    let isInDump = order.map { newest.number < JournalNumber($0) } == true
    return SafePlace(
      name: newest.name, number: newest.number, contents: good, isInDump: isInDump,
      isOfEarlierEpoch: order.map { newest.number.epoch < $0.epoch } == true)
  }

  private func contents(of journal: KnownJournal, among journals: [KnownJournal]) throws -> GoodJournal {
    let verified = journal.verification == nil ? verify(journal, among: journals) : journal
    guard let good = verified.verification?.good else {
      throw OutOfReach(description: verified.report().error ?? "it can't be read")
    }
    return good
  }

  /// Changes in journals that a start could not restore.
  struct OutOfReach: Error, CustomStringConvertible {
    let description: String
  }
}
