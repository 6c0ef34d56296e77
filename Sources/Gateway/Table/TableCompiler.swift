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
  /// - Parameter previous: its turns of servers and its breakers are kept.
  func everything(_ model: ModelVersion, after previous: GatewayTable.Parts?) -> GatewayTable.Parts {
    var parts = GatewayTable.Parts(model: model)
    if let previous { (parts.apiNumbers, parts.groupNumbers) = (previous.apiNumbers, previous.groupNumbers) }
    var tries: [GatewayTable.Key: EndpointTrie] = [:]
    let validated = validatedEndpoints(in: model)
    for document in model.find(in: Collections.endpoints, .everything) {
      let record = EndpointRecord(document)
      tries[GatewayTable.Key(record.apiName, record.apiVersion), default: EndpointTrie()]
        .insert(plan(record, isValidated: record.id.map { validated.contains(UTF8Key($0)) } ?? false, nil))
    }
    for document in model.find(in: Collections.apis, .everything) {
      let record = APIRecord(document)
      let key = GatewayTable.Key(record.name, record.version)
      parts.apis[key] = plan(record, tries[key] ?? EndpointTrie(), &parts, after: previous?.apis[key])
    }
    for document in model.find(in: Collections.routings, .everything) {
      let record = RoutingRecord(document)
      parts.routings[UTF8Key(record.clientKey)] = ring(record, previous?.routings[UTF8Key(record.clientKey)])
    }
    return parts
  }

  /// The table after some changes.
  ///
  /// - Parameter model: the state after them.
  func next(_ parts: GatewayTable.Parts, _ changes: [Change], _ model: ModelVersion) -> GatewayTable.Parts {
    var parts = parts
    parts.model = model
    for change in changes {
      switch change.collection {
      case Collections.apis: applyAPI(change, to: &parts)
      case Collections.endpoints: applyEndpoint(change, to: &parts)
      case Collections.routings: applyRouting(change, to: &parts)
      case Collections.endpointValidations: applyValidation(change, to: &parts)
      default: break
      }
    }
    return parts
  }

  private func applyAPI(_ change: Change, to parts: inout GatewayTable.Parts) {
    let before = change.before.map { APIRecord($0) }
    let oldKey = before.map { GatewayTable.Key($0.name, $0.version) }
    let old = oldKey.flatMap { parts.apis[$0] }
    guard let after = change.after.map({ APIRecord($0) }) else {
      if let oldKey { parts.apis[oldKey] = nil }
      return
    }
    let key = GatewayTable.Key(after.name, after.version)
    if let oldKey, oldKey != key { parts.apis[oldKey] = nil }
    let kept = oldKey == key ? old : nil
    parts.apis[key] = plan(after, kept?.endpoints ?? endpoints(of: after, parts.model), &parts, after: kept)
  }

  private func applyEndpoint(_ change: Change, to parts: inout GatewayTable.Parts) {
    if let before = change.before.map({ EndpointRecord($0) }) {
      edit(before, &parts) { $0.remove(before) }
    }
    if let after = change.after.map({ EndpointRecord($0) }) { insert(after, &parts) }
  }

  private func applyValidation(_ change: Change, to parts: inout GatewayTable.Parts) {
    let ids = [change.before, change.after].compactMap { $0?.string("endpoint_id") }
    for id in Set(ids.map(UTF8Key.init)) {
      for document in parts.model.find(in: Collections.endpoints, .fields(["endpoint_id": id.text])) {
        insert(EndpointRecord(document), &parts)
      }
    }
  }

  private func applyRouting(_ change: Change, to parts: inout GatewayTable.Parts) {
    let before = change.before.map { RoutingRecord($0) }
    let present = before.flatMap { parts.routings.removeValue(forKey: UTF8Key($0.clientKey)) }
    if let after = change.after.map({ RoutingRecord($0) }) {
      parts.routings[UTF8Key(after.clientKey)] = ring(after, present)
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

  private func insert(_ record: EndpointRecord, _ parts: inout GatewayTable.Parts) {
    let isValidated =
      record.id.map { EndpointValidationRecord.find($0, in: parts.model)?.isEnabled == true } ?? false
    edit(record, &parts) { $0.insert(plan(record, isValidated: isValidated, nil)) }
  }

  private func endpoints(of api: APIRecord, _ model: ModelVersion) -> EndpointTrie {
    var trie = EndpointTrie()
    let filter = Filter.fields(["api_name": api.name, "api_version": api.version])
    for document in model.find(in: Collections.endpoints, filter) {
      let record = EndpointRecord(document)
      let isValidated = record.id.map { EndpointValidationRecord.find($0, in: model)?.isEnabled == true } ?? false
      trie.insert(plan(record, isValidated: isValidated, nil))
    }
    return trie
  }

  private func validatedEndpoints(in model: ModelVersion) -> Set<UTF8Key> {
    var ids: Set<UTF8Key> = []
    for document in model.find(in: Collections.endpointValidations, .everything) {
      let record = EndpointValidationRecord(document)
      if record.isEnabled { ids.insert(UTF8Key(record.endpointID)) }
    }
    return ids
  }

  private func plan(_ record: EndpointRecord, isValidated: Bool, _ present: ServerRing?) -> EndpointPlan {
    EndpointPlan(
      record, servers: record.servers.isEmpty ? nil : servers.ring(record.servers, present: present),
      isValidated: isValidated,
      counters: metrics.endpoint(APIPlan.label(record.apiName, record.apiVersion), record.method, record.uri))
  }

  private func plan(
    _ record: APIRecord, _ endpoints: EndpointTrie, _ parts: inout GatewayTable.Parts, after previous: APIPlan?
  ) -> APIPlan {
    APIPlan(
      record, number: parts.apiNumbers.number(for: APIPlan.label(record.name, record.version)),
      allowedGroups: BitSet(record.allowedGroups.map { parts.groupNumbers.number(for: $0) }), endpoints: endpoints,
      servers: servers.ring(record.servers, present: previous?.servers),
      breaker: previous?.breaker ?? CircuitBreaker(breakers))
  }

  private func ring(_ record: RoutingRecord, _ present: ServerRing?) -> ServerRing {
    servers.ring(record.servers, first: record.firstServer, present: present)
  }
}
