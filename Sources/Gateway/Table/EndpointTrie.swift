import HashTreeCollections
import JSON
import Model

/// The endpoints of one API by method and URI. A value: a change copies the nodes on its path.
struct EndpointTrie: Sendable {
  private final class Node: Sendable {
    let literals: TreeDictionary<UTF8Key, Node>
    let parameter: Node?
    let endpoints: [(method: String, plan: EndpointPlan)]

    init(
      literals: TreeDictionary<UTF8Key, Node> = [:], parameter: Node? = nil,
      endpoints: [(method: String, plan: EndpointPlan)] = []
    ) {
      self.literals = literals
      self.parameter = parameter
      self.endpoints = endpoints
    }

    var isEmpty: Bool { literals.isEmpty && parameter == nil && endpoints.isEmpty }

    /// The first one counts.
    func endpoint(_ method: String) -> EndpointPlan? {
      endpoints.first { $0.method.hasSameBytes(as: method) }?.plan
    }

    func changing(
      _ segments: ArraySlice<TemplateSegment>, _ change: (inout [(method: String, plan: EndpointPlan)]) -> Void
    ) -> Node {
      guard let segment = segments.first else {
        var endpoints = endpoints
        change(&endpoints)
        return Node(literals: literals, parameter: parameter, endpoints: endpoints)
      }
      switch segment {
      case .parameter:
        let next = (parameter ?? Node()).changing(segments.dropFirst(), change)
        return Node(literals: literals, parameter: next.isEmpty ? nil : next, endpoints: endpoints)
      case .literal(let text):
        let next = (literals[text] ?? Node()).changing(segments.dropFirst(), change)
        var literals = literals
        literals[text] = next.isEmpty ? nil : next
        return Node(literals: literals, parameter: parameter, endpoints: endpoints)
      }
    }

    func find(_ method: String, _ segments: ArraySlice<String>) -> EndpointPlan? {
      guard let segment = segments.first else { return endpoint(method) }
      if let next = literals[UTF8Key(segment)], let found = next.find(method, segments.dropFirst()) { return found }
      return parameter?.find(method, segments.dropFirst())
    }

    func forEach(_ body: (EndpointPlan) -> Void) {
      for endpoint in endpoints { body(endpoint.plan) }
      for node in literals.values { node.forEach(body) }
      parameter?.forEach(body)
    }

    func hasAny(_ segments: ArraySlice<String>) -> Bool {
      guard let segment = segments.first else { return !endpoints.isEmpty }
      return literals[UTF8Key(segment)]?.hasAny(segments.dropFirst()) == true
        || parameter?.hasAny(segments.dropFirst()) == true
    }
  }

  private var root = Node()

  /// Whether a URI has an endpoint of any method.
  func hasAny(_ segments: ArraySlice<String>) -> Bool { root.hasAny(segments) }

  /// Looks at each endpoint, in no order.
  func forEach(_ body: (EndpointPlan) -> Void) { root.forEach(body) }

  /// Adds an endpoint. Endpoints with the same method and the same shape of URI (`/a/{x}` and `/a/{y}`) all stay, and
  /// the one whose URI comes first by its bytes counts, whatever the order in which they were added.
  mutating func insert(_ plan: EndpointPlan) {
    let method = plan.record.method.asciiUppercased
    root = root.changing(plan.template[...]) { endpoints in
      let place = endpoints.firstIndex { plan.record.precedes($0.plan.record) } ?? endpoints.endIndex
      endpoints.insert((method, plan), at: place)
    }
  }

  /// Removes an endpoint.
  ///
  /// - Returns: the endpoint as it was, or `nil` when there was none.
  @discardableResult
  mutating func remove(_ record: EndpointRecord) -> EndpointPlan? {
    let template = TemplateSegment.split(record.clientURI ?? record.uri)
    var removed: EndpointPlan?
    root = root.changing(template[...]) { endpoints in
      let place = endpoints.firstIndex { !record.precedes($0.plan.record) && !$0.plan.record.precedes(record) }
      if let place { removed = endpoints.remove(at: place).plan }
    }
    return removed
  }

  /// The endpoint of a call. A literal segment goes before a parameter.
  ///
  /// - Parameters:
  ///   - method: in upper case.
  ///   - segments: of the client's URI, decoded.
  func find(_ method: String, _ segments: ArraySlice<String>) -> EndpointPlan? {
    root.find(method, segments)
  }
}

extension EndpointRecord {
  /// Whether this endpoint counts before another one of the same shape.
  fileprivate func precedes(_ other: EndpointRecord) -> Bool {
    for (own, others) in zip(orderedTexts, other.orderedTexts) where !own.hasSameBytes(as: others) {
      return own.precedesByBytes(others)
    }
    return false
  }

  private var orderedTexts: [String] { [uri, method, clientURI ?? "", id ?? "", servers.joined(separator: " ")] }
}
