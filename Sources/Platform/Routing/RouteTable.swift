import HTTPTypes
import JSON

/// Finds the route of a request. Literal segments win over captures, captures over the rest of a path; where one way
/// leads nowhere the next is tried.
struct RouteTable: Sendable {
  enum Match: Sendable {
    case route(Route, parameters: [String: String])
    /// The path is there, but not for this method; these are.
    case otherMethods([HTTPRequest.Method])
    case nothing
  }

  private struct Node: Sendable {
    var literals: [UTF8Key: Node] = [:]
    var capture: [Node] = []
    var routes: [Route] = []
    var rest: [Route] = []
  }

  let routes: [Route]
  private var root = Node()

  init(_ routes: [Route]) {
    self.routes = routes
    for route in routes { Self.add(route, route.pattern.segments[...], to: &root) }
  }

  /// - Parameter path: without its query.
  func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
    guard let (before, rest) = path.cut(at: UInt8(ascii: "/")), before.isEmpty else { return .nothing }
    var segments = rest.allParts(betweenBytes: UInt8(ascii: "/"))
    if segments.count > 1, segments.last?.isEmpty == true { segments.removeLast() }
    var decoded: [String] = []
    for segment in segments {
      guard let text = PercentEncoding.decode(segment) else { return .nothing }
      decoded.append(text)
    }
    var found: [(route: Route, parameters: [String: String])] = []
    Self.collect(root, decoded[...], [], into: &found)
    // HEAD is GET without the body.
    let wanted = method == .head ? [.head, .get] : [method]
    for method in wanted {
      if let match = found.first(where: { $0.route.method == method }) {
        return .route(match.route, parameters: match.parameters)
      }
    }
    let methods = found.map(\.route.method)
    return methods.isEmpty
      ? .nothing : .otherMethods(methods.enumerated().filter { methods.firstIndex(of: $1) == $0 }.map(\.element))
  }

  private static func add(_ route: Route, _ segments: ArraySlice<PathPattern.Segment>, to node: inout Node) {
    switch segments.first {
    case nil: node.routes.append(route)
    case .rest?: node.rest.append(route)
    case .literal(let text)?: add(route, segments.dropFirst(), to: &node.literals[UTF8Key(text), default: Node()])
    case .capture?:
      if node.capture.isEmpty { node.capture.append(Node()) }
      add(route, segments.dropFirst(), to: &node.capture[0])
    }
  }

  /// Gathers the routes of a path, the most literal first.
  private static func collect(
    _ node: Node, _ segments: ArraySlice<String>, _ values: [String],
    into found: inout [(route: Route, parameters: [String: String])]
  ) {
    guard let segment = segments.first else {
      found += node.routes.map { ($0, parameters(of: $0, values)) }
      return
    }
    if let child = node.literals[UTF8Key(segment)] { collect(child, segments.dropFirst(), values, into: &found) }
    if !segment.isEmpty, let child = node.capture.first {
      collect(child, segments.dropFirst(), values + [segment], into: &found)
    }
    let rest = segments.joined(separator: "/")
    if !rest.isEmpty { found += node.rest.map { ($0, parameters(of: $0, values + [rest])) } }
  }

  private static func parameters(of route: Route, _ values: [String]) -> [String: String] {
    Dictionary(zip(route.pattern.parameters, values)) { first, _ in first }
  }
}

/// `%41` and its kin (RFC 3986).
enum PercentEncoding {
  /// - Returns: `nil` when an escape is broken or the bytes are no UTF-8.
  static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let byte = iterator.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { byte < 0x80 ? UInt8($0) : nil }
  }

  /// The pairs of a query; of a name that comes twice the first counts.
  static func query(_ text: String) -> [UTF8Key: String] {
    var pairs: [UTF8Key: String] = [:]
    for part in text.allParts(betweenBytes: UInt8(ascii: "&")) where !part.isEmpty {
      let (encodedName, value) = part.cut(at: UInt8(ascii: "=")) ?? (part, "")
      guard let name = decode(encodedName, plusIsSpace: true).map(UTF8Key.init), pairs[name] == nil else { continue }
      // A value that can't be decoded is there, and empty: no route takes an empty one.
      pairs[name] = decode(value, plusIsSpace: true) ?? ""
    }
    return pairs
  }
}
