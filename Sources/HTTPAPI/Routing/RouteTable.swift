package import HTTPTypes
import JSON

/// Finds the route of a request. Literal segments win over captures, and captures over the rest of a path. When one way
/// leads to no route, the next is tried.
package struct RouteTable<API: APIDefinition>: Sendable {
  /// The result of a search.
  package enum Match: Sendable {
    /// The route, with the captured segments by name.
    case route(APIRoute<API>, parameters: [String: String])
    /// The path exists for these methods only.
    case otherMethods([HTTPRequest.Method])
    /// There is no such path.
    case nothing
  }

  private struct Node: Sendable {
    var literals: [UTF8Key: Node] = [:]
    var capture: [Node] = []
    var routes: [APIRoute<API>] = []
    var rest: [APIRoute<API>] = []
  }

  private var root = Node()
  /// The routes without captures, by their paths. Most requests find their route here.
  private var literals: [UTF8Key: [APIRoute<API>]] = [:]

  /// A table of these routes.
  package init(_ routes: [APIRoute<API>]) {
    for route in routes where route.pattern.parameters.isEmpty {
      literals[UTF8Key(route.pattern.template), default: []].append(route)
    }
    for route in routes { Self.add(route, route.pattern.segments[...], to: &root) }
  }

  /// Finds the route of a request.
  ///
  /// - Parameter path: the path without its query.
  package func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
    if let route = literals[UTF8Key(path)]?.first(where: { $0.method == method }) {
      return .route(route, parameters: [:])
    }
    guard let (before, rest) = path.cut(at: UInt8(ascii: "/")), before.isEmpty else { return .nothing }
    var segments = rest.allParts(betweenBytes: UInt8(ascii: "/"))
    if segments.count > 1, segments.last?.isEmpty == true { segments.removeLast() }
    var decoded: [String] = []
    for segment in segments {
      guard let text = PercentEncoding.decode(segment) else { return .nothing }
      decoded.append(text)
    }
    var found: [(route: APIRoute<API>, parameters: [String: String])] = []
    Self.collect(root, decoded[...], [], into: &found)
    // HEAD is GET without the body.
    let wanted = method == .head ? [.head, .get] : [method]
    for method in wanted {
      if let match = found.first(where: { $0.route.method == method }) {
        return .route(match.route, parameters: match.parameters)
      }
    }
    return found.isEmpty ? .nothing : .otherMethods(Self.methods(of: found.map(\.route)))
  }

  /// The methods of routes, each once. HEAD works where GET does.
  private static func methods(of routes: [APIRoute<API>]) -> [HTTPRequest.Method] {
    var methods: [HTTPRequest.Method] = []
    for route in routes {
      let own: [HTTPRequest.Method] = route.method == .get ? [.get, .head] : [route.method]
      methods += own.filter { !methods.contains($0) }
    }
    return methods
  }

  private static func add(_ route: APIRoute<API>, _ segments: ArraySlice<PathPattern.Segment>, to node: inout Node) {
    switch segments.first {
    case nil: node.routes.append(route)
    case .rest?: node.rest.append(route)
    case .literal(let text)?: add(route, segments.dropFirst(), to: &node.literals[UTF8Key(text), default: Node()])
    case .capture?:
      if node.capture.isEmpty { node.capture.append(Node()) }
      add(route, segments.dropFirst(), to: &node.capture[0])
    }
  }

  /// Collects the routes of a path, the most literal first.
  private static func collect(
    _ node: Node, _ segments: ArraySlice<String>, _ values: [String],
    into found: inout [(route: APIRoute<API>, parameters: [String: String])]
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

  private static func parameters(of route: APIRoute<API>, _ values: [String]) -> [String: String] {
    Dictionary(zip(route.pattern.parameters, values)) { first, _ in first }
  }
}
