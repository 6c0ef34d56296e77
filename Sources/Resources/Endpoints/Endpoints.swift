package import DocumentStore
import FoundationEssentials
package import JSON

/// Endpoints: which methods and URIs of an API may be called.
package enum Endpoints {
  /// What names an endpoint.
  package struct Key: Sendable {
    package let method: String
    package let apiName: String
    package let apiVersion: String
    package let uri: String

    /// - Parameter uri: as in a platform route's path, where its leading slash is that of the route.
    package init(method: String, apiName: String, apiVersion: String, uri: String) {
      self.method = method.asciiUppercased
      self.apiName = apiName
      self.apiVersion = apiVersion
      self.uri = uri
    }

    var filter: Filter {
      .fields([
        "api_name": apiName, "api_version": apiVersion, "endpoint_method": method, "endpoint_uri": uri,
      ])
    }
  }

  package static func read(_ key: Key, in reader: some DocumentReader) throws(Refusal) -> JSONObject {
    if let endpoint = find(key, in: reader) { return endpoint.object.removing("_id") }
    let uris = spellings(of: key.uri)
    let isOtherMethod = reader.find(in: Collections.endpoints, APIs.by(key.apiName, key.apiVersion)).contains {
      $0.string("endpoint_uri").map { uris.containsBytes(of: $0) } ?? false
    }
    guard isOtherMethod else { throw Refusal(400, "END004", "There is no such endpoint") }
    throw Refusal(404, "END004", "The endpoint is not registered for the method \(key.method)")
  }

  package static func list(ofAPI name: String, _ version: String, in reader: some DocumentReader) throws(Refusal)
    -> JSONObject
  {
    guard APIs.find(name, version, in: reader) != nil else {
      throw Refusal(400, "END005", "There is no API of this name and version, so it has no endpoints")
    }
    let endpoints = reader.find(in: Collections.endpoints, APIs.by(name, version))
    return ["endpoints": .array(endpoints.map { .object($0.object.removing("_id")) })]
  }

  package static func create(_ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    let key = try Key(
      method: body.required("endpoint_method"), apiName: body.required("api_name"),
      apiVersion: body.required("api_version"), uri: body.required("endpoint_uri"))
    guard let api = APIs.find(key.apiName, key.apiVersion, in: transaction) else {
      throw Refusal(400, "END002", "There is no API of this name and version; create it first")
    }
    guard find(key, in: transaction) == nil else {
      throw Refusal(400, "END001", "This method and URI are registered for the API already")
    }
    var endpoint = body.fields
    endpoint["endpoint_method"] = .string(key.method)
    endpoint["api_id"] = api.value("api_id") ?? .null
    endpoint["endpoint_id"] = .string(UUID().uuidString.lowercased())
    try transaction.inserting(endpoint, into: Collections.endpoints)
  }

  package static func update(_ key: Key, _ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    guard let endpoint = find(key, in: transaction)?.object else {
      throw Refusal(400, "END003", "There is no such endpoint")
    }
    var changes = body.changes
    // The server's own; validations refer to them.
    changes["api_id"] = nil
    changes["endpoint_id"] = nil
    if let method = changes["endpoint_method"]?.string { changes["endpoint_method"] = .string(method.asciiUppercased) }
    for field in ["api_name", "api_version", "endpoint_method", "endpoint_uri"]
    where changes[field].map({ $0 != endpoint[field] }) ?? false {
      throw Refusal(400, "END006", "An endpoint keeps its \(field). Create a new endpoint instead")
    }
    guard let id = endpoint["endpoint_id"]?.string else {
      throw Refusal(400, "END007", "The endpoint has no endpoint_id and can't be changed; delete it and create it anew")
    }
    try transaction.setting(changes, in: Collections.endpoints, .fields(["endpoint_id": id]))
  }

  /// Deletes an endpoint with its validation.
  package static func delete(_ key: Key, in transaction: inout Transaction) throws(Refusal) {
    guard let endpoint = find(key, in: transaction), let uri = endpoint.string("endpoint_uri") else {
      throw Refusal(400, "END004", "There is no such endpoint")
    }
    let exact = Key(method: key.method, apiName: key.apiName, apiVersion: key.apiVersion, uri: uri)
    transaction.delete(from: Collections.endpoints, exact.filter)
    if let id = endpoint.string("endpoint_id") {
      transaction.delete(from: Collections.endpointValidations, .fields(["endpoint_id": id]))
    }
  }

  package static func find(_ key: Key, in reader: some DocumentReader) -> Document? {
    spellings(of: key.uri).lazy.compactMap { uri in
      reader.first(
        in: Collections.endpoints,
        Key(method: key.method, apiName: key.apiName, apiVersion: key.apiVersion, uri: uri).filter)
    }.first
  }

  /// `items` and `/items` name one endpoint, however it was registered.
  private static func spellings(of uri: String) -> [String] {
    uri.beginsWithBytes("/")
      ? [uri, String(decoding: uri.utf8.dropFirst(), as: UTF8.self)] : ["/" + uri, uri]
  }
}
