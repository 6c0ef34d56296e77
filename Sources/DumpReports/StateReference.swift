import JSON

/// A state that an operator names: `NAME` for a dump, `NAME@MOMENT` for a moment behind it, `@MOMENT` for one behind
/// whichever dump is right.
package struct StateReference: Sendable, Equatable {
  /// A moment as it was typed: a time, or a place in a journal such as `3-17.204`.
  package enum Moment: Sendable, Equatable {
    case time(String)
    case sequence(String)
  }

  /// The dump, or `nil` when only a moment was named.
  package let dump: String?
  /// The moment, or `nil` for the dump itself.
  package let moment: Moment?

  /// A reference of these values.
  package init(dump: String?, moment: Moment?) {
    self.dump = dump
    self.moment = moment
  }

  /// Reads a reference. What stands behind the last `@` is a moment if it begins with a digit and has nothing but what
  /// times and places have. Otherwise the text is the name of a file, in which `@` may occur.
  package init(_ text: String) {
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else {
      self.init(dump: text, moment: nil)
      return
    }
    let (name, rest) = (String(text[..<at]), String(text[text.utf8.index(after: at)...]))
    guard let first = rest.utf8.first, Self.digits ~= first, rest.utf8.allSatisfy(Self.isOfMoment) else {
      self.init(dump: text, moment: nil)
      return
    }
    let isTime = rest.utf8.contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "T") }
    self.init(dump: name.isEmpty ? nil : name, moment: isTime ? .time(rest) : .sequence(rest))
  }

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  private static func isOfMoment(_ byte: UInt8) -> Bool { digits ~= byte || "-+.:TZ".utf8.contains(byte) }
}
