/// A path with places for values: `/platform/endpoint/{method}/{endpoint_uri:path}`.
struct PathPattern: Sendable, Hashable {
  enum Segment: Sendable, Hashable {
    case literal(String)
    /// One segment.
    case capture(String)
    /// One or more segments with their slashes; only at the end.
    case rest(String)
  }

  let segments: [Segment]

  init(_ text: String) {
    segments = text.split(separator: "/").map { part in
      guard part.first == "{", part.last == "}" else { return .literal(String(part)) }
      let name = part.dropFirst().dropLast()
      return name.hasSuffix(":path") ? .rest(String(name.dropLast(5))) : .capture(String(name))
    }
  }

  /// As OpenAPI writes it.
  var template: String {
    "/"
      + segments.map { segment in
        switch segment {
        case .literal(let text): text
        case .capture(let name), .rest(let name): "{\(name)}"
        }
      }.joined(separator: "/")
  }

  var parameters: [String] {
    segments.compactMap { segment in
      switch segment {
      case .literal: nil
      case .capture(let name), .rest(let name): name
      }
    }
  }
}
