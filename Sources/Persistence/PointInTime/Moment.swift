import Clocks
package import DumpFormat

/// A moment of the history to which a state can be restored.
package enum Moment: Sendable, Equatable {
  /// Behind the last commit up to a time, in microseconds of Unix time.
  case time(Int)
  /// Behind a commit of a journal.
  case position(JournalPosition)

  /// Reads a time of RFC 3339.
  package init(time text: String) throws(MomentError) {
    guard let time = CivilTime.unixMicroseconds(of: text) else {
      throw MomentError(
        .malformed,
        "'\(text)' is no time of RFC 3339; write it as 2026-11-29T14:03:00Z, or with an offset as 2026-11-29T15:03:00+01:00"
      )
    }
    self = .time(time)
  }

  /// Reads a position.
  package init(sequence text: String) throws(MomentError) {
    guard let position = JournalPosition(text) else {
      throw MomentError(
        .malformed, "'\(text)' is no sequence; write it as 3-17 for dump 3-17, or as 3-17.204 for commit 204 behind it")
    }
    self = .position(position)
  }
}

/// The reason why a moment can't be restored.
package struct MomentError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of the reason.
  package enum Code: Sendable, Equatable {
    /// The text names no moment.
    case malformed
    /// A clock was set back, so the time names more than one state.
    case ambiguous
    /// The dumps and journals that are there don't have the state, or don't tell which state it was.
    case uncovered
  }

  /// The kind of the reason.
  package let code: Code
  /// A sentence for the operator.
  package let description: String

  /// An error with a sentence.
  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
