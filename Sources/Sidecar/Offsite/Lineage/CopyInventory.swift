import DumpDirectory
import DumpFormat

/// The copies of a location's dumps and journals in S3.
struct CopyInventory: Sendable {
  /// The newest first.
  let dumps: [OffsiteStore.Copy]
  /// The oldest first.
  let journals: [JournalCopy]
  /// The object by which a volume has claimed the place, or `nil` when there is none.
  let claim: S3Object?

  /// A copy with a number. Those of dumps without one, as Doorman's, are told apart by their times.
  struct Numbered: Sendable {
    let number: JournalNumber
    let name: String
  }

  /// The copy with the highest number, or `nil` when none has one. Objects that only look like copies of dumps do not
  /// count.
  var top: Numbered? {
    let dumps = dumps.filter { $0.documents != nil }.compactMap { copy in
      copy.entry.order.map { Numbered(number: JournalNumber($0), name: copy.object.name) }
    }
    let journals = journals.map { Numbered(number: $0.name.number, name: $0.name.file) }
    return (journals + dumps).max { $0.number < $1.number }
  }

  /// Whether there is a copy that this program made.
  var hasCopies: Bool { !journals.isEmpty || dumps.contains { $0.documents != nil } }

  /// Whether there is no copy at all.
  var isEmpty: Bool { dumps.isEmpty && journals.isEmpty }
}
