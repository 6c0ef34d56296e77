package import DocumentStore
import FoundationEssentials
package import JSON
import Model

/// Rules of APIs. An API says what the gateway offers under `/{name}/{version}`, to whom, and from which servers.
package enum APIs {
  /// The API of a name and a version.
  package static func find(_ name: String, _ version: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.apis, by(name, version))
  }

  /// The fields of an API that leave the server.
  ///
  /// - Throws: `API003` when there is none.
  package static func read(_ name: String, _ version: String, in reader: some DocumentReader) throws(RuleViolation)
    -> JSONObject
  {
    guard let api = find(name, version, in: reader) else { throw missing }
    return api.object.removing("_id")
  }

  /// Creates an API.
  ///
  /// - Returns: the new API, or `nil` when there is one with the same fields.
  /// - Throws: `API002` when there is one with other fields; `API013` for a public API with credits; `API016` for a
  ///   server that is no URL.
  package static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation)
    -> JSONObject?
  {
    let name = try fields.required("api_name")
    let version = try fields.required("api_version")
    try checkCredits(fields)
    if let present = find(name, version, in: transaction)?.object {
      guard isSame(fields, as: present) else {
        throw RuleViolation(
          "API002",
          "This API exists already with other fields; change it with PUT /platform/api/\(name)/\(version)")
      }
      return nil
    }
    try ServerURLs.check("api_servers", of: fields, code: "API016", type: fields["api_type"])
    var api = fields
    api["api_id"] = .string(UUID().uuidString.lowercased())
    api["api_path"] = .string("/\(name)/\(version)")
    try transaction.inserting(api, into: Collections.apis)
    return api
  }

  /// Changes an API.
  ///
  /// - Throws: `API003` when there is none; `API005` for another name or version; `API013` for a public API with
  ///   credits; `API016` for a new server that is no URL.
  package static func update(
    _ name: String, _ version: String, _ changes: JSONObject, in transaction: inout Transaction
  ) throws(RuleViolation) {
    guard let api = find(name, version, in: transaction)?.object else { throw missing }
    var changes = changes
    guard changes.keeps("api_name", as: name), changes.keeps("api_version", as: version) else {
      throw RuleViolation("API005", "An API keeps its name and version. Create a new API instead")
    }
    // The server gives these fields, and endpoints refer to them.
    changes["api_id"] = nil
    changes["api_path"] = nil
    let changed = api.merging(changes)
    try checkCredits(changed)
    try ServerURLs.check("api_servers", of: changed, before: api, code: "API016", type: changed["api_type"])
    try transaction.setting(changes, in: Collections.apis, by(name, version))
  }

  /// Deletes an API with its endpoints and their validations.
  ///
  /// - Throws: `API003` when there is none.
  package static func delete(_ name: String, _ version: String, in transaction: inout Transaction) throws(RuleViolation)
  {
    guard transaction.delete(from: Collections.apis, by(name, version)) > 0 else { throw missing }
    for endpoint in transaction.find(in: Collections.endpoints, by(name, version)) {
      guard let id = endpoint.string("endpoint_id") else { continue }
      transaction.delete(from: Collections.endpointValidations, .fields(["endpoint_id": id]))
    }
    transaction.delete(from: Collections.endpoints, by(name, version))
  }

  /// The times of an API's servers, which an API need not have.
  package static let timeoutFields = [
    "api_connect_timeout", "api_read_timeout", "api_write_timeout", "api_pool_timeout",
  ]

  static func by(_ name: String, _ version: String) -> Filter {
    .fields(["api_name": name, "api_version": version])
  }

  private static let missing = RuleViolation("API003", "There is no API of this name and version")

  private static func checkCredits(_ api: JSONObject) throws(RuleViolation) {
    guard api["api_public"]?.bool != true || api["api_credits_enabled"]?.bool != true else {
      throw RuleViolation("API013", "A public API can't use credits: nobody could be charged. Turn one of both off")
    }
  }

  /// Whether these fields would create the API that is there already, apart from what the server adds.
  private static func isSame(_ fields: JSONObject, as api: JSONObject) -> Bool {
    fields.members.allSatisfy { member in
      ["api_id", "api_path"].containsBytes(of: member.key) || api[member.key] ?? .null == member.value
    } && timeoutFields.allSatisfy { api[$0] ?? .null == fields[$0] ?? .null }
  }
}
