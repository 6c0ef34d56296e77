package import DocumentStore
import FoundationEssentials
package import JSON

/// APIs: what the gateway offers under `/{name}/{version}`, to whom, and from which servers.
package enum APIs {
  package static func find(_ name: String, _ version: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.apis, by(name, version))
  }

  package static func read(_ name: String, _ version: String, in reader: some DocumentReader) throws(Refusal)
    -> JSONObject
  {
    guard let api = find(name, version, in: reader) else { throw missing }
    return api.object.removing("_id")
  }

  /// - Returns: the new API, or `nil` when the very same one exists already.
  package static func create(_ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) -> JSONObject? {
    let name = try body.required("api_name")
    let version = try body.required("api_version")
    try checkCredits(body.fields)
    if let present = find(name, version, in: transaction)?.object {
      guard isSame(body.fields, as: present) else {
        throw Refusal(
          400, "API002",
          "This API exists already with other fields; change it with PUT /platform/api/\(name)/\(version)")
      }
      return nil
    }
    var api = body.fields
    api["api_id"] = .string(UUID().uuidString.lowercased())
    api["api_path"] = .string("/\(name)/\(version)")
    try transaction.inserting(api, into: Collections.apis)
    return api
  }

  package static func update(
    _ name: String, _ version: String, _ body: CheckedBody, in transaction: inout Transaction
  ) throws(Refusal) {
    guard let api = find(name, version, in: transaction)?.object else { throw missing }
    var changes = body.changes
    guard changes["api_name"] ?? .string(name) == .string(name),
      changes["api_version"] ?? .string(version) == .string(version)
    else {
      throw Refusal(400, "API005", "An API keeps its name and version. Create a new API instead")
    }
    // The server's own; endpoints refer to them.
    changes["api_id"] = nil
    changes["api_path"] = nil
    try checkCredits(api.merging(changes))
    try transaction.setting(changes, in: Collections.apis, by(name, version))
  }

  /// Deletes an API with its endpoints and their validations.
  package static func delete(_ name: String, _ version: String, in transaction: inout Transaction) throws(Refusal) {
    guard transaction.delete(from: Collections.apis, by(name, version)) > 0 else { throw missing }
    for endpoint in transaction.find(in: Collections.endpoints, by(name, version)) {
      guard let id = endpoint.string("endpoint_id") else { continue }
      transaction.delete(from: Collections.endpointValidations, .fields(["endpoint_id": id]))
    }
    transaction.delete(from: Collections.endpoints, by(name, version))
  }

  static func by(_ name: String, _ version: String) -> Filter {
    .fields(["api_name": name, "api_version": version])
  }

  private static let missing = Refusal(400, "API003", "There is no API of this name and version")

  private static func checkCredits(_ api: JSONObject) throws(Refusal) {
    guard api["api_public"]?.bool != true || api["api_credits_enabled"]?.bool != true else {
      throw Refusal(400, "API013", "A public API can't use credits: nobody could be charged. Turn one of both off")
    }
  }

  /// Whether a body would create what is there already, apart from what the server adds.
  private static func isSame(_ body: JSONObject, as api: JSONObject) -> Bool {
    body.members.allSatisfy { member in
      ["api_id", "api_path"].containsBytes(of: member.key) || api[member.key] ?? .null == member.value
    }
  }
}
