import Clocks
import DumpFormat

/// The commits of a journal that somebody wants to see.
package struct JournalSelection: Sendable {
  /// A bound, which belongs to the selection.
  package enum Bound: Sendable, Equatable {
    /// The number of a commit in its journal.
    case number(Int)
    /// Microseconds of Unix time.
    case time(Int)

    /// Reads a number, or a time of RFC 3339.
    ///
    /// - Returns: `nil` for anything else.
    package init?(_ text: String) {
      if let number = Int(text), number > 0 {
        self = .number(number)
      } else if let time = CivilTime.unixMicroseconds(of: text) {
        self = .time(time)
      } else {
        return nil
      }
    }
  }

  private let from: Bound?
  private let to: Bound?
  /// The number of commits at the end of the selection that are shown; `nil` for all.
  let last: Int?

  /// A selection of all commits between two bounds, or of the last of them.
  package init(from: Bound? = nil, to: Bound? = nil, last: Int? = nil) {
    self.from = from
    self.to = to
    self.last = last
  }

  func contains(_ commit: JournalCommit) -> Bool {
    switch from {
    case .number(let number)? where commit.number < number: return false
    case .time(let time)? where commit.time < time: return false
    default: break
    }
    switch to {
    case .number(let number)? where commit.number > number: return false
    case .time(let time)? where commit.time > time: return false
    default: return true
    }
  }
}
