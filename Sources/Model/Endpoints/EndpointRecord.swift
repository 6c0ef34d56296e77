import DocumentStore
package import JSON

/// An endpoint, decoded from its document.
package struct EndpointRecord: StoredRecord, Equatable {
  /// The collection of endpoints.
  package static let collection = Collections.endpoints
  /// Endpoints are found by their API, method and URI.
  package static let keyFields = ["api_name", "api_version", "endpoint_method", "endpoint_uri"]

  /// The name of the endpoint's API.
  package let apiName: String
  /// The version of the endpoint's API.
  package let apiVersion: String
  /// The method, in upper case.
  package let method: String
  /// The URI at the server, with or without its leading slash.
  package let uri: String
  /// The URI that clients use, where it is another one.
  package let clientURI: String?
  /// The identifier that validations refer to.
  package let id: String?
  /// The servers of the endpoint. They go before those of the API, unless the list is empty.
  package let servers: [String]

  /// Decodes an endpoint.
  package init(_ fields: JSONObject) {
    apiName = fields.text("api_name")
    apiVersion = fields.text("api_version")
    method = fields.text("endpoint_method")
    uri = fields.text("endpoint_uri")
    clientURI = fields["client_uri"]?.string
    id = fields["endpoint_id"]?.string
    servers = fields.texts("endpoint_servers")
  }
}
