import DocumentStore
import JSON
import Model
import Rules
import Testing

/// A store under the rules.
struct RuleTest {
  let store = DocumentStore(schemas: Collections.schemas)

  static let admin = Requester(username: "root", role: RoleRecord.admin, permissions: Set(Permission.allCases))

  static func requester(_ username: String, _ permissions: Permission...) -> Requester {
    Requester(username: username, role: "role of \(username)", permissions: Set(permissions))
  }

  init(_ documents: [(collection: String, fields: JSONObject)] = []) throws {
    for (collection, fields) in documents { try change { try $0.inserting(fields, into: collection) } }
  }

  /// Makes a change, or leaves everything as it is when a rule is broken.
  @discardableResult
  func change<Value: Sendable>(_ body: (inout Transaction) throws -> Value) throws -> Value {
    try store.write(body).value
  }

  /// The code of the rule that a change breaks: "-" for a violation without a code, `nil` when the change was made.
  func code<Value: Sendable>(_ body: (inout Transaction) throws -> Value) -> String? {
    Self.code { _ = try change(body) }
  }

  /// The code of the rule that something breaks.
  static func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch let violation as RuleViolation {
      return violation.code ?? "-"
    } catch {
      return "\(error)"
    }
  }

  /// The fields of the only document that a filter finds, without `_id`.
  func document(_ collection: String, _ filter: Filter = .everything) throws -> JSONObject {
    let documents = store.snapshot().find(in: collection, filter)
    try #require(documents.count == 1)
    return try #require(documents.first).object.removing("_id")
  }

  func count(_ collection: String) -> Int { store.snapshot().count(in: collection) }
}
