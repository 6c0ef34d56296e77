import DocumentStore
import JSON
import Model

/// Random documents of few names, so that they meet: the same name twice, endpoints of the same shape, and endpoints
/// and validations before and after what they belong to.
enum RandomDocuments {
  static let apiNames = ["a", "b", "caf\u{E9}", "cafe\u{301}"]
  static let versions = ["v1", "v2"]
  static let groups = ["g", "h"]
  static let clientKeys = ["k", "l"]
  static let uris = ["", "x", "x/1", "x/y", "y/1", "y/x/1"]
  private static let templates = ["/", "/x", "x", "/x/{a}", "/x/{b}", "/{a}/1", "/y/{a}", "/{a}", "/y/x/{c}", "/x/y"]
  private static let urls = ["http://s", "http://t", "no URL"]

  /// A change of a document.
  struct Step: CustomStringConvertible, Sendable {
    enum Action: Sendable {
      case insert(JSONObject)
      case set(JSONObject, at: Int)
      case delete(at: Int)
    }

    let collection: String
    let action: Action

    var description: String {
      switch action {
      case .insert(let fields): "insert \(String(decoding: JSONWriter.bytes(fields), as: UTF8.self)) into \(collection)"
      case .set(let fields, let place):
        "set \(String(decoding: JSONWriter.bytes(fields), as: UTF8.self)) of \(place) in \(collection)"
      case .delete(let place): "delete \(place) from \(collection)"
      }
    }

    /// A step that a unique index forbids does nothing.
    func apply(to transaction: inout Transaction) throws(StoreError) {
      do throws(StoreError) {
        switch action {
        case .insert(let fields): try transaction.insert(fields, into: collection)
        case .set(let fields, let place):
          guard let filter = filter(place, transaction) else { return }
          try transaction.update(
            in: collection, filter, fields.members.map { .set(FieldPath(field: $0.key), $0.value) })
        case .delete(let place):
          guard let filter = filter(place, transaction) else { return }
          transaction.delete(from: collection, filter)
        }
      } catch {
        guard case .duplicateKey = error else { throw error }
      }
    }

    private func filter(_ place: Int, _ transaction: Transaction) -> Filter? {
      let documents = transaction.find(in: collection, .everything)
      guard !documents.isEmpty, let id = documents[place % documents.count].id else { return nil }
      return .fields(["_id": id])
    }
  }

  static func step(using generator: inout some RandomNumberGenerator) -> Step {
    let collections = [
      Collections.apis, Collections.apis, Collections.endpoints, Collections.endpoints, Collections.endpoints,
      Collections.routings, Collections.endpointValidations,
    ]
    let collection = pick(collections, &generator)
    let fields = document(of: collection, using: &generator)
    let place = Int.random(in: 0..<1000, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0, 1: return Step(collection: collection, action: .insert(fields))
    case 2, 3:
      let some = fields.members.filter { _ in Bool.random(using: &generator) }
      return Step(collection: collection, action: .set(JSONObject(some.map { ($0.key, $0.value) }), at: place))
    default: return Step(collection: collection, action: .delete(at: place))
    }
  }

  /// Replaces all documents, as a restore does, which takes the same key twice.
  static func replaceAll(in store: DocumentStore, using generator: inout some RandomNumberGenerator) throws {
    var loader = CollectionLoader(schemas: Collections.schemas)
    for number in 0..<30 {
      let step = step(using: &generator)
      let id: JSONObject = ["_id": .string("restored \(number)")]
      let fields = id.merging(document(of: step.collection, using: &generator))
      try JSONWriter.bytes(fields).withUnsafeBytes { try loader.append($0, to: step.collection) }
    }
    try store.replaceAll(with: loader.finish()) { (_, _) throws(StoreError) in }
  }

  private static func document(
    of collection: String, using generator: inout some RandomNumberGenerator
  ) -> JSONObject {
    let (name, version) = (pick(apiNames, &generator), pick(versions, &generator))
    let id: JSONValue = .string("e\(Int.random(in: 0..<6, using: &generator))")
    switch collection {
    case Collections.apis:
      return [
        "api_name": .string(name), "api_version": .string(version), "active": .bool(Bool.random(using: &generator)),
        "api_servers": servers(&generator), "api_allowed_groups": .array([.string(pick(groups, &generator))]),
      ]
    case Collections.endpoints:
      let client = Int.random(in: 0..<4, using: &generator) == 0 ? pick(templates, &generator) : nil
      return [
        "api_name": .string(name), "api_version": .string(version),
        "endpoint_method": .string(pick(["GET", "POST", "get"], &generator)), "endpoint_id": id,
        "endpoint_uri": .string(pick(templates, &generator)), "client_uri": client.map { .string($0) } ?? .null,
        "endpoint_servers": servers(&generator),
      ]
    case Collections.routings:
      return [
        "client_key": .string(pick(clientKeys, &generator)), "routing_servers": servers(&generator),
        "server_index": .integer(Int.random(in: 0...1, using: &generator)),
      ]
    default: return ["endpoint_id": id, "validation_enabled": .bool(Bool.random(using: &generator))]
    }
  }

  private static func servers(_ generator: inout some RandomNumberGenerator) -> JSONValue {
    .array((0..<Int.random(in: 0...2, using: &generator)).map { _ in .string(pick(urls, &generator)) })
  }

  private static func pick<Element>(_ list: [Element], _ generator: inout some RandomNumberGenerator) -> Element {
    list[Int.random(in: list.indices, using: &generator)]
  }
}
