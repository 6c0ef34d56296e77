/// A path with captured segments: `/platform/endpoint/{method}/{endpoint_uri:path}`.
package struct PathPattern: Sendable, Hashable {
  /// One part of a path between slashes.
  package enum Segment: Sendable, Hashable {
    /// A segment that is these characters.
    case literal(String)
    /// Any one segment.
    case capture(String)
    /// One or more segments with their slashes. It stands at the end only.
    case rest(String)
  }

  /// The parts between slashes.
  package let segments: [Segment]

  /// Reads a pattern.
  package init(_ text: String) {
    segments = text.split(separator: "/").map { part in
      guard part.first == "{", part.last == "}" else { return .literal(String(part)) }
      let name = part.dropFirst().dropLast()
      return name.hasSuffix(":path") ? .rest(String(name.dropLast(5))) : .capture(String(name))
    }
  }

  /// The pattern as OpenAPI writes it.
  package var template: String {
    "/"
      + segments.map { segment in
        switch segment {
        case .literal(let text): text
        case .capture(let name), .rest(let name): "{\(name)}"
        }
      }.joined(separator: "/")
  }

  /// The names of the captured segments.
  package var parameters: [String] {
    segments.compactMap { segment in
      switch segment {
      case .literal: nil
      case .capture(let name), .rest(let name): name
      }
    }
  }
}
