import JSON

/// The rule for a name that becomes part of a path. Clients remove the segments `.` and `..` from a path before they
/// send it (RFC 3986 section 5.2.4), so a resource of such a name could never be reached.
package struct NameRule: Sendable {
  private enum Shape: Sendable {
    case segment
    case plainSegment
    case fieldValue
    case path
  }

  private let shape: Shape
  private let taken: [String]

  /// A name that is one segment of a path. Clients escape the characters that a segment can't hold.
  ///
  /// - Parameter taken: names that other routes hide.
  package static func segment(taken: [String] = []) -> NameRule { NameRule(shape: .segment, taken: taken) }

  /// A name that is one segment of the paths that callers of an API send.
  package static let plainSegment = NameRule(shape: .plainSegment, taken: [])

  /// A name that is one segment of a path, and comes as the value of a header field.
  package static func fieldValue(taken: [String]) -> NameRule { NameRule(shape: .fieldValue, taken: taken) }

  /// Some segments with their slashes.
  package static let path = NameRule(shape: .path, taken: [])

  /// The fault of a name, as the rest of a sentence, or `nil` when the name is allowed.
  package func fault(in name: String) -> String? {
    guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      return "is part of a path: control characters can't be in it"
    }
    guard !taken.contains(where: name.hasSameBytes) else {
      return "can't be '\(name)': a path that ends in this word lists all there is"
    }
    switch shape {
    case .segment:
      break
    case .plainSegment:
      if name.utf8.contains(where: { "/?#".utf8.contains($0) }) {
        return "is part of a path: '/', '?', '#' and control characters can't be in it"
      }
    case .fieldValue:
      let ends = [name.utf8.first, name.utf8.last]
      if ends.contains(UInt8(ascii: " ")) {
        return "is the value of a header: it can't begin or end with a space"
      }
    case .path:
      return name.utf8.split(separator: UInt8(ascii: "/")).contains(where: Self.isDots)
        ? "has '.' or '..' as a segment, which clients remove from a path: no call could reach it" : nil
    }
    return Self.isDots(name.utf8[...])
      ? "can't be '.' or '..', which clients remove from a path: nothing could reach it" : nil
  }

  private static func isDots(_ segment: Substring.UTF8View) -> Bool {
    (1...2).contains(segment.count) && segment.allSatisfy { $0 == UInt8(ascii: ".") }
  }
}
