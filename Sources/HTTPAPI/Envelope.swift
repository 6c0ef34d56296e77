package import JSON

/// The shape of answers: the plain one, or (`STRICT_RESPONSE_ENVELOPE`) HTTP 200 with the status in the body.
package enum Envelope: Sendable {
  /// The data itself, with the status of HTTP.
  case plain
  /// HTTP 200, with the status in the body.
  case strict

  /// Keys that also stand at the top level of the strict envelope.
  private static let tokens = ["access_token", "refresh_token"]

  /// The HTTP status and the body of an answer. The body is `nil` when the answer has none.
  package func wrap(_ answer: Answer) -> (status: Int, body: JSONValue?) {
    switch (self, answer.content) {
    case (_, .nothing), (_, .encoded): return (answer.status, nil)
    case (_, .raw(let value)): return (answer.status, value)
    case (.plain, .data(let value)): return (answer.status, value)
    case (.plain, .response(let value)): return (answer.status, .object(["response": value]))
    case (.plain, .message(let text)): return (answer.status, .object(["message": .string(text)]))
    case (.strict, .message(let text)): return (200, strict(answer.status, ["message": .string(text)]))
    case (.strict, .response(let value)): return (200, strict(answer.status, ["response": value]))
    case (.strict, .data(let value)):
      var fields: JSONObject = ["response": value]
      for token in Self.tokens { fields[token] = value.object?[token] }
      return (200, strict(answer.status, fields))
    }
  }

  /// The HTTP status and the body of a failure.
  package func wrap(_ error: APIError) -> (status: Int, body: JSONValue?) {
    var fields = JSONObject()
    fields["error_code"] = error.code.map(JSONValue.string)
    fields["error_message"] = .string(error.message)
    switch self {
    case .plain: return (error.status, .object(fields))
    case .strict: return (200, strict(error.status, fields))
    }
  }

  private func strict(_ status: Int, _ fields: JSONObject) -> JSONValue {
    .object(JSONObject([("status_code", .integer(status))]).merging(fields))
  }
}
