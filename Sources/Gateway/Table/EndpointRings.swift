import JSON
import Model

/// The rings of endpoints that have servers of their own, by the name of the endpoint. An endpoint that is compiled
/// anew takes its ring from here, so that its servers keep their turns.
struct EndpointRings {
  private struct Key: Hashable {
    let api: GatewayTable.Key
    let method: UTF8Key
    let uri: UTF8Key

    init(_ record: EndpointRecord) {
      api = GatewayTable.Key(record.apiName, record.apiVersion)
      (method, uri) = (UTF8Key(record.method), UTF8Key(record.uri))
    }
  }

  /// A foreign dump may hold a name more than once.
  private var rings: [Key: [ServerRing]] = [:]

  mutating func add(_ plan: EndpointPlan) {
    if let servers = plan.servers { rings[Key(plan.record), default: []].append(servers) }
  }

  /// The ring that an endpoint had, if it had the same servers. Only one endpoint gets it.
  mutating func take(for record: EndpointRecord) -> ServerRing? {
    let key = Key(record)
    guard let place = rings[key]?.firstIndex(where: { $0.has(record.servers) }) else { return nil }
    return rings[key]?.remove(at: place)
  }
}
