package import DocumentStore
package import HTTPAPI
import HTTPTypes
package import JSON
package import Model

/// Routes of the usual kinds. They carry what such routes have in common.
extension Route {
  /// A route that creates a document.
  ///
  /// - Parameters:
  ///   - message: the answer.
  ///   - rule: makes the change from the fields of the body.
  package static func create(
    _ path: String, _ summary: String, _ access: Access, body: BodyModel, failures: KeyValuePairs<Int, [String]> = [:],
    message: String, _ rule: @escaping @Sendable (Call, JSONObject, inout Transaction) throws -> Void
  ) -> Route {
    Route(.post, path, summary, access, body: .model(body), success: 201, failures: failures) { call in
      let fields = try call.requiredBody().fields
      try await call.write { try rule(call, fields, &$0) }
      return .message(message, status: 201)
    }
  }

  /// A route that changes a document.
  ///
  /// - Parameters:
  ///   - message: the answer.
  ///   - rule: makes the change from the fields of the body that are not null.
  package static func change(
    _ path: String, _ summary: String, _ access: Access, body: BodyModel, failures: KeyValuePairs<Int, [String]> = [:],
    message: String, _ rule: @escaping @Sendable (Call, JSONObject, inout Transaction) throws -> Void
  ) -> Route {
    Route(.put, path, summary, access, body: .model(body), failures: failures) { call in
      let changes = try call.requiredBody().changes
      try await call.write { try rule(call, changes, &$0) }
      return .message(message)
    }
  }

  /// A route that deletes a document.
  ///
  /// - Parameter message: the answer.
  package static func delete(
    _ path: String, _ summary: String, _ access: Access, failures: KeyValuePairs<Int, [String]> = [:],
    message: String, _ rule: @escaping @Sendable (Call, inout Transaction) throws -> Void
  ) -> Route {
    Route(.delete, path, summary, access, failures: failures) { call in
      try await call.write { try rule(call, &$0) }
      return .message(message)
    }
  }

  /// A route that reads one object of the state.
  ///
  /// - Parameter readsMuch: whether the object may have very many elements.
  package static func read(
    _ path: String, _ summary: String, _ access: Access, failures: KeyValuePairs<Int, [String]> = [:],
    readsMuch: Bool = false, _ object: @escaping @Sendable (Call) throws -> JSONObject
  ) -> Route {
    Route(.get, path, summary, access, failures: failures, readsMuch: readsMuch) { call in .data(try object(call)) }
  }

  /// A route that lists a collection page by page.
  ///
  /// - Parameters:
  ///   - key: the plural under which the rows stand.
  ///   - hidden: the documents that a user must not see.
  ///   - shape: the fields of a document that are shown. By default, all but `_id`.
  package static func list(
    _ path: String, _ summary: String, _ access: Access, _ key: String, of collection: String,
    by order: CollectionSchema.Order, hiding hidden: (@Sendable (Requester) -> Filter?)? = nil,
    shape: @escaping @Sendable (JSONObject) -> JSONObject = { $0.removing("_id") }
  ) -> Route {
    Route(.get, path, summary, access, query: paging, readsMuch: true) { call in
      let page = try call.page()
      let hidden = try hidden.flatMap { hidden throws(APIError) in hidden(try call.requester()) }
      let (documents, total) = call.state.page(
        of: collection, by: order, offset: page.offset, limit: page.size, hiding: hidden)
      return .data([
        key: .array(documents.map { .object(shape($0.object)) }),
        "page": .integer(page.page),
        "page_size": .integer(page.size),
        "has_next": .bool(page.offset + documents.count < total),
        "total": .integer(total),
      ])
    }
  }
}
