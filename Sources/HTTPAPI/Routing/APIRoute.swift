package import HTTPTypes
import JSON

/// The types that the routes of one API work with.
package protocol APIDefinition: Sendable {
  /// One request as a handler sees it.
  associatedtype Call: Sendable
  /// The services of the API. A handler gets the one that its route names.
  associatedtype Services: Sendable
  /// A permission that a route can need. The raw value is its name in the description.
  associatedtype Permission: Sendable, RawRepresentable where Permission.RawValue == String
}

/// A status, and the codes that answers of this status can have.
package struct DeclaredFailure: Sendable, Equatable {
  /// The HTTP status.
  package let status: Int
  /// The codes. There are none where the contract answers a bare sentence.
  package let codes: [String]

  /// A failure that is part of the contract.
  package init(_ status: Int, _ codes: [String]) {
    self.status = status
    self.codes = codes
  }
}

/// One row of an API's table. It routes requests, and it describes them in OpenAPI.
package struct APIRoute<API: APIDefinition>: Sendable {
  /// Answers a request.
  package typealias Handler = @Sendable (API.Call, API.Services) async throws -> Answer

  /// The clients that may use a route.
  package enum Access: Sendable {
    /// Everyone.
    case everyone
    /// Everyone. With a valid token the answer says more.
    case optionalUser
    /// Any user. A missing or bad token answers 401 with the code.
    case user(missingToken: String = "GTW998")
    /// A user whose role has the permission. Other users get 403 with the code.
    case permission(API.Permission, String, missingToken: String = "GTW998")
  }

  /// The body that a route takes.
  package enum Body: Sendable {
    /// No body. One that comes is read and dropped.
    case none
    /// A body of a model. Another body answers 422 `VAL001`.
    case model(BodyModel, isOptional: Bool = false)
    /// A body that the handler checks. The model is for the description only.
    case unchecked(BodyModel)
  }

  /// The method.
  package let method: HTTPRequest.Method
  /// The path.
  package let pattern: PathPattern
  /// One line about the route, for the description.
  package let summary: String
  /// The clients that may use the route.
  package let access: Access
  /// The body that the route takes.
  package let body: Body
  /// The names of the query's parameters, which are all integers.
  package let query: [String]
  /// The status of success.
  package let success: Int
  /// Whether the route changes what dumps hold, and so needs a task that may write them.
  package let changesState: Bool
  /// Whether only the task that writes on the volume can answer.
  package let needsWriter: Bool
  /// Whether the answer may have very many elements, so that other requests would wait for it on an event loop.
  package let readsMuch: Bool
  /// Whether the answer is about this task, and not about the state that all tasks share.
  package let isOfTask: Bool
  /// Answers a request.
  package let handler: Handler
  private let ownFailures: [DeclaredFailure]

  /// A route whose handler needs one of the services.
  ///
  /// - Parameters:
  ///   - failures: the codes of the contract that the handler can answer, by status, as `[400: ["API003"]]`. The codes
  ///     of the access and of the body are declared by themselves.
  ///   - changesState: `nil` for what the method says.
  ///   - needsWriter: `nil` for what `changesState` says.
  ///   - readsMuch: whether the answer may have very many elements.
  ///   - isOfTask: whether the answer is about this task, and not about the state that all tasks share.
  ///   - service: the gateway that the handler gets.
  package init<Service>(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ access: Access, body: Body = .none,
    query: [String] = [], success: Int = 200, failures: KeyValuePairs<Int, [String]> = [:],
    changesState: Bool? = nil, needsWriter: Bool? = nil, readsMuch: Bool = false, isOfTask: Bool = false,
    using service: any KeyPath<API.Services, Service> & Sendable,
    _ handler: @escaping @Sendable (API.Call, Service) async throws -> Answer
  ) {
    self.method = method
    pattern = PathPattern(path)
    self.summary = summary
    self.access = access
    self.body = body
    self.query = query
    self.success = success
    ownFailures = failures.map { DeclaredFailure($0.key, $0.value) }
    let changesState = changesState ?? ![.get, .head, .options].contains(method)
    self.changesState = changesState
    self.needsWriter = needsWriter ?? changesState
    (self.readsMuch, self.isOfTask) = (readsMuch, isOfTask)
    self.handler = { call, services in try await handler(call, services[keyPath: service]) }
  }

  /// A route whose handler needs nothing but the request.
  ///
  /// - Parameters: see the other initializer.
  package init(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ access: Access, body: Body = .none,
    query: [String] = [], success: Int = 200, failures: KeyValuePairs<Int, [String]> = [:],
    changesState: Bool? = nil, readsMuch: Bool = false, isOfTask: Bool = false,
    _ handler: @escaping @Sendable (API.Call) async throws -> Answer
  ) {
    self.init(
      method, path, summary, access, body: body, query: query, success: success, failures: failures,
      changesState: changesState, readsMuch: readsMuch, isOfTask: isOfTask, using: \.self
    ) { call, _ in try await handler(call) }
  }
}

extension APIRoute {
  /// The parameters of a list.
  package static var paging: [String] { ["page", "page_size"] }

  /// All failures of the route: those of its access, of its body and of its handler.
  package var failures: [DeclaredFailure] {
    var failures = ownFailures
    switch access {
    case .everyone, .optionalUser: break
    case .user(let missingToken): failures.append(DeclaredFailure(401, [missingToken]))
    case .permission(_, let code, let missingToken):
      failures += [DeclaredFailure(401, [missingToken]), DeclaredFailure(403, [code])]
    }
    if bodyModel != nil {
      failures += [DeclaredFailure(413, ["REQ001"]), DeclaredFailure(503, ["GTW505"])]
      if case .model = body { failures.append(DeclaredFailure(422, ["VAL001"])) }
    }
    if changesState { failures += [DeclaredFailure(400, ["GTW007"]), DeclaredFailure(503, ["GTW504"])] }
    if !query.isEmpty { failures.append(DeclaredFailure(400, ["PAG001"])) }
    return failures.merged
  }

  /// The status that the handler declares for a code, or `nil` when it declares none.
  package func status(of code: String) -> Int? {
    failures.first { $0.codes.containsBytes(of: code) }?.status
  }

  /// The model of the body, or `nil` when the route takes none.
  package var bodyModel: BodyModel? {
    switch body {
    case .none: nil
    case .model(let model, _), .unchecked(let model): model
    }
  }

  var hasOptionalBody: Bool {
    if case .model(_, let isOptional) = body { isOptional } else { false }
  }

  /// Whether the route answers users only.
  package var needsToken: Bool {
    switch access {
    case .everyone, .optionalUser: false
    case .user, .permission: true
    }
  }

  /// The permission that the route needs, or `nil`.
  package var permission: API.Permission? {
    if case .permission(let permission, _, _) = access { permission } else { nil }
  }
}

extension [DeclaredFailure] {
  /// One failure for each status, in ascending order, with each code once.
  var merged: [DeclaredFailure] {
    Dictionary(grouping: self, by: \.status).sorted { $0.key < $1.key }.map { status, failures in
      var codes: [String] = []
      for code in failures.flatMap(\.codes) where !codes.containsBytes(of: code) { codes.append(code) }
      return DeclaredFailure(status, codes)
    }
  }
}
