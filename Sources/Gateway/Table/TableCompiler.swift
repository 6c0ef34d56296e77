import DocumentStore
import HashTreeCollections
import JSON
import Model

/// Compiles tables from documents: a whole one, or the next one after a commit, for which it looks at the changed
/// documents alone.
struct TableCompiler: Sendable {
  let servers: ServerRegistry
  let breakers: CircuitBreaker.Settings
  let metrics: CallMetrics

  /// A table of all documents.
  ///
  /// - Parameter previous: the turns of its servers and its breakers are kept.
  func everything(_ model: ModelVersion, after previous: GatewayTable.Parts?) -> GatewayTable.Parts {
    var parts = GatewayTable.Parts(model: model)
    var rings = EndpointRings()
    if let previous {
      parts.apiNumbers = NameNumbers(after: previous.apiNumbers)
      parts.groupNumbers = NameNumbers(after: previous.groupNumbers)
      for api in previous.apis.values { api.endpoints.forEach { rings.add($0) } }
    }
    var tries: [GatewayTable.Key: EndpointTrie] = [:]
    let validated = validatedEndpoints(in: model, &parts)
    for document in model.find(in: Collections.endpoints, .everything) {
      let record = parts.decode(document, as: EndpointRecord.self)
      tries[GatewayTable.Key(record.apiName, record.apiVersion), default: EndpointTrie()]
        .insert(plan(record, isValidated: record.id.map { validated.contains(UTF8Key($0)) } ?? false, &rings))
    }
    for document in model.find(in: Collections.apis, .everything) {
      let record = parts.decode(document, as: APIRecord.self)
      let key = GatewayTable.Key(record.name, record.version)
      parts.replace(key, by: plan(record, tries[key] ?? EndpointTrie(), &parts, after: previous?.apis[key]))
    }
    for document in model.find(in: Collections.routings, .everything) {
      let record = parts.decode(document, as: RoutingRecord.self)
      parts.routings[UTF8Key(record.clientKey)] = ring(record, previous?.routings[UTF8Key(record.clientKey)])
    }
    return parts
  }

  /// The table after some changes.
  ///
  /// A document may take the name of another one in the same commit, and a foreign dump may hold a name twice. So the
  /// model is asked what each name stands for now. Endpoints come first, so that an API that stays has its new ones.
  ///
  /// - Parameter model: the state after them.
  func next(_ parts: GatewayTable.Parts, _ changes: [Change], _ model: ModelVersion) -> GatewayTable.Parts {
    var parts = parts
    parts.model = model
    applyEndpoints(changes.filter { $0.collection.hasSameBytes(as: Collections.endpoints) }, to: &parts)
    applyValidations(changes.filter { $0.collection.hasSameBytes(as: Collections.endpointValidations) }, to: &parts)
    applyAPIs(changes.filter { $0.collection.hasSameBytes(as: Collections.apis) }, to: &parts)
    applyRoutings(changes.filter { $0.collection.hasSameBytes(as: Collections.routings) }, to: &parts)
    return parts
  }

  private func applyAPIs(_ changes: [Change], to parts: inout GatewayTable.Parts) {
    var keys: Set<GatewayTable.Key> = []
    for document in changes.flatMap({ [$0.before, $0.after] }).compactMap(\.self) {
      let record = parts.decode(document, as: APIRecord.self)
      keys.insert(GatewayTable.Key(record.name, record.version))
    }
    for key in keys {
      let filter = Filter.fields(["api_name": key.name.text, "api_version": key.version.text])
      guard let document = parts.model.find(in: Collections.apis, filter).last else {
        parts.replace(key, by: nil)
        continue
      }
      let record = parts.decode(document, as: APIRecord.self)
      let present = parts.apis[key]
      let endpoints = present?.endpoints ?? endpoints(of: record, &parts)
      parts.replace(key, by: plan(record, endpoints, &parts, after: present))
    }
  }

  private func applyEndpoints(_ changes: [Change], to parts: inout GatewayTable.Parts) {
    var rings = EndpointRings()
    for document in changes.compactMap(\.before) {
      let record = parts.decode(document, as: EndpointRecord.self)
      edit(record, &parts) { if let removed = $0.remove(record) { rings.add(removed) } }
    }
    for document in changes.compactMap(\.after) {
      let record = parts.decode(document, as: EndpointRecord.self)
      let plan = plan(record, isValidated: isValidated(record, &parts), &rings)
      edit(record, &parts) { $0.insert(plan) }
    }
  }

  private func applyValidations(_ changes: [Change], to parts: inout GatewayTable.Parts) {
    let ids = changes.flatMap { [$0.before, $0.after] }.compactMap { $0?.string("endpoint_id") }
    for id in Set(ids.map(UTF8Key.init)) {
      for document in parts.model.find(in: Collections.endpoints, .fields(["endpoint_id": id.text])) {
        let record = parts.decode(document, as: EndpointRecord.self)
        let isValidated = isValidated(record, &parts)
        edit(record, &parts) { endpoints in
          var rings = EndpointRings()
          if let removed = endpoints.remove(record) { rings.add(removed) }
          endpoints.insert(plan(record, isValidated: isValidated, &rings))
        }
      }
    }
  }

  private func applyRoutings(_ changes: [Change], to parts: inout GatewayTable.Parts) {
    let documents = changes.flatMap { [$0.before, $0.after] }.compactMap(\.self)
    for key in Set(documents.compactMap { $0.string("client_key") }.map(UTF8Key.init)) {
      let document = parts.model.find(in: Collections.routings, .fields(["client_key": key.text])).last
      parts.routings[key] = document.map { ring(parts.decode($0, as: RoutingRecord.self), parts.routings[key]) }
    }
  }

  private func edit(
    _ record: EndpointRecord, _ parts: inout GatewayTable.Parts, _ change: (inout EndpointTrie) -> Void
  ) {
    let key = GatewayTable.Key(record.apiName, record.apiVersion)
    guard let api = parts.apis[key] else { return }
    var endpoints = api.endpoints
    change(&endpoints)
    parts.apis[key] = api.with(endpoints)
  }

  private func isValidated(_ record: EndpointRecord, _ parts: inout GatewayTable.Parts) -> Bool {
    guard let id = record.id else { return false }
    let documents = parts.model.find(in: Collections.endpointValidations, .fields(["endpoint_id": id]))
    return documents.contains { parts.decode($0, as: EndpointValidationRecord.self).isEnabled }
  }

  private func endpoints(of api: APIRecord, _ parts: inout GatewayTable.Parts) -> EndpointTrie {
    var (trie, rings) = (EndpointTrie(), EndpointRings())
    let filter = Filter.fields(["api_name": api.name, "api_version": api.version])
    for document in parts.model.find(in: Collections.endpoints, filter) {
      let record = parts.decode(document, as: EndpointRecord.self)
      trie.insert(plan(record, isValidated: isValidated(record, &parts), &rings))
    }
    return trie
  }

  private func validatedEndpoints(in model: ModelVersion, _ parts: inout GatewayTable.Parts) -> Set<UTF8Key> {
    var ids: Set<UTF8Key> = []
    for document in model.find(in: Collections.endpointValidations, .everything) {
      let record = parts.decode(document, as: EndpointValidationRecord.self)
      if record.isEnabled { ids.insert(UTF8Key(record.endpointID)) }
    }
    return ids
  }

  private func plan(_ record: EndpointRecord, isValidated: Bool, _ rings: inout EndpointRings) -> EndpointPlan {
    EndpointPlan(
      record,
      servers: record.servers.isEmpty ? nil : servers.ring(record.servers, present: rings.take(for: record)),
      isValidated: isValidated,
      counters: metrics.endpoint(APIPlan.label(record.apiName, record.apiVersion), record.method, record.uri))
  }

  private func plan(
    _ record: APIRecord, _ endpoints: EndpointTrie, _ parts: inout GatewayTable.Parts, after previous: APIPlan?
  ) -> APIPlan {
    APIPlan(
      record, number: parts.apiNumbers.take(APIPlan.label(record.name, record.version)),
      allowedGroups: BitSet(record.allowedGroups.map { parts.groupNumbers.take($0) }), endpoints: endpoints,
      servers: servers.ring(record.servers, present: previous?.servers),
      breaker: previous?.breaker ?? CircuitBreaker(breakers))
  }

  private func ring(_ record: RoutingRecord, _ present: ServerRing?) -> ServerRing {
    servers.ring(record.servers, first: record.firstServer, present: present)
  }
}
