package import DocumentStore
import FoundationEssentials
package import JSON
import Model

/// Rules of endpoints. Endpoints say which methods and URIs of an API may be called.
package enum Endpoints {
  /// The four fields that name an endpoint.
  package struct Key: Sendable {
    /// In upper case.
    package let method: String
    /// The name of the endpoint's API.
    package let apiName: String
    /// The version of the endpoint's API.
    package let apiVersion: String
    /// With or without its leading slash.
    package let uri: String

    /// Names an endpoint.
    ///
    /// - Parameters:
    ///   - method: in any case of its letters.
    ///   - uri: with or without its leading slash, which the path of a platform route takes for its own.
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

  /// Whether the URI of a key is registered, whatever the method.
  package static func isRegistered(uriOf key: Key, in reader: some DocumentReader) -> Bool {
    let uris = spellings(of: key.uri)
    return reader.find(in: Collections.endpoints, APIs.by(key.apiName, key.apiVersion)).contains {
      $0.string("endpoint_uri").map { uris.containsBytes(of: $0) } ?? false
    }
  }

  /// The fields of an API's endpoints that leave the server.
  ///
  /// - Throws: `END005` when there is no such API.
  package static func list(ofAPI name: String, _ version: String, in reader: some DocumentReader) throws(RuleViolation)
    -> JSONObject
  {
    guard APIs.find(name, version, in: reader) != nil else {
      throw RuleViolation("END005", "There is no API of this name and version, so it has no endpoints")
    }
    let endpoints = reader.find(in: Collections.endpoints, APIs.by(name, version))
    return ["endpoints": .array(endpoints.map { .object($0.object.removing("_id")) })]
  }

  /// Creates an endpoint.
  ///
  /// - Throws: `END002` when there is no such API; `END001` when it has the endpoint already; `END024` for a server
  ///   that is no URL.
  package static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation) {
    let key = try Key(
      method: fields.required("endpoint_method"), apiName: fields.required("api_name"),
      apiVersion: fields.required("api_version"), uri: fields.required("endpoint_uri"))
    guard let api = APIs.find(key.apiName, key.apiVersion, in: transaction) else {
      throw RuleViolation("END002", "There is no API of this name and version; create it first")
    }
    guard find(key, in: transaction) == nil else {
      throw RuleViolation("END001", "This method and URI are registered for the API already")
    }
    try ServerURLs.check("endpoint_servers", of: fields, code: "END024", type: api.value("api_type"))
    var endpoint = fields
    endpoint["endpoint_method"] = .string(key.method)
    endpoint["api_id"] = api.value("api_id") ?? .null
    endpoint["endpoint_id"] = .string(UUID().uuidString.lowercased())
    try transaction.inserting(endpoint, into: Collections.endpoints)
  }

  /// Changes an endpoint.
  ///
  /// - Throws: `END003` when there is none; `END006` for another name; `END007` for an endpoint without an
  ///   `endpoint_id`; `END024` for a new server that is no URL.
  package static func update(_ key: Key, _ changes: JSONObject, in transaction: inout Transaction) throws(RuleViolation)
  {
    guard let endpoint = find(key, in: transaction)?.object else {
      throw RuleViolation("END003", "There is no such endpoint")
    }
    var changes = changes
    // The server gives these fields, and validations refer to them.
    changes["api_id"] = nil
    changes["endpoint_id"] = nil
    if let method = changes["endpoint_method"]?.string { changes["endpoint_method"] = .string(method.asciiUppercased) }
    for field in ["api_name", "api_version", "endpoint_method", "endpoint_uri"]
    where changes[field] != nil && changes[field] != endpoint[field] {
      throw RuleViolation("END006", "An endpoint keeps its \(field). Create a new endpoint instead")
    }
    guard let id = endpoint["endpoint_id"]?.string else {
      throw RuleViolation(
        "END007", "The endpoint has no endpoint_id and can't be changed; delete it and create it anew")
    }
    let type = APIs.find(key.apiName, key.apiVersion, in: transaction)?.value("api_type")
    try ServerURLs.check(
      "endpoint_servers", of: endpoint.merging(changes), before: endpoint, code: "END024", type: type)
    try transaction.setting(changes, in: Collections.endpoints, .fields(["endpoint_id": id]))
  }

  /// Deletes an endpoint with its validation.
  ///
  /// - Throws: `END004` when there is none.
  package static func delete(_ key: Key, in transaction: inout Transaction) throws(RuleViolation) {
    guard let endpoint = find(key, in: transaction), let uri = endpoint.string("endpoint_uri") else {
      throw RuleViolation("END004", "There is no such endpoint")
    }
    let exact = Key(method: key.method, apiName: key.apiName, apiVersion: key.apiVersion, uri: uri)
    transaction.delete(from: Collections.endpoints, exact.filter)
    if let id = endpoint.string("endpoint_id") {
      transaction.delete(from: Collections.endpointValidations, .fields(["endpoint_id": id]))
    }
  }

  /// The endpoint of a key.
  package static func find(_ key: Key, in reader: some DocumentReader) -> Document? {
    spellings(of: key.uri).lazy.compactMap { uri in
      reader.first(
        in: Collections.endpoints,
        Key(method: key.method, apiName: key.apiName, apiVersion: key.apiVersion, uri: uri).filter)
    }.first
  }

  /// The ways to write a URI: `items` and `/items` name the same endpoint.
  private static func spellings(of uri: String) -> [String] {
    uri.beginsWithBytes("/")
      ? [uri, String(decoding: uri.utf8.dropFirst(), as: UTF8.self)] : ["/" + uri, uri]
  }
}
