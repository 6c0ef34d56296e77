import HTTPTypes
import JSON
import Model
import Resources

/// One row of the platform's table: it routes requests, and it describes them in OpenAPI.
package struct Route: Sendable {
  typealias Handler = @Sendable (Call, PlatformServices) async throws -> Answer

  /// Who may call.
  enum Access: Sendable {
    case everyone
    /// Everyone; a valid token makes the answer say more.
    case optionalUser
    /// Any user; a missing or bad token answers 401 with the code.
    case user(missingToken: String = "GTW998")
    /// A user whose role has the permission, else 403 with the code.
    case permission(Permission, String, missingToken: String = "GTW998")
  }

  enum Body: Sendable {
    case none
    /// Checked against a model: 422 `VAL001`.
    case model(BodyModel, isOptional: Bool = false)
    /// Judged by the handler, in its own words and after its own limits; the model is for the description only.
    case unchecked(BodyModel)
  }

  struct Failure: Sendable {
    let status: Int
    let codes: [String]
  }

  let method: HTTPRequest.Method
  let pattern: PathPattern
  let summary: String
  let access: Access
  let body: Body
  let query: [String]
  let success: Int
  let failures: [Failure]
  /// Whether it changes what dumps hold, and so needs a task that may write them.
  let changesState: Bool
  let handler: Handler

  /// - Parameters:
  ///   - failures: the codes of the contract by status, as `[400: ["API003"]]`.
  ///   - changesState: as the method says where nothing else is said.
  init(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ access: Access, body: Body = .none,
    query: [String] = [], success: Int = 200, failures: KeyValuePairs<Int, [String]> = [:],
    changesState: Bool? = nil, _ handler: @escaping Handler
  ) {
    self.method = method
    pattern = PathPattern(path)
    self.summary = summary
    self.access = access
    self.body = body
    self.query = query
    self.success = success
    self.failures = failures.map { Failure(status: $0.key, codes: $0.value) }
    self.changesState = changesState ?? ![.get, .head, .options].contains(method)
    self.handler = handler
  }

  static let paging = ["page", "page_size"]
}
