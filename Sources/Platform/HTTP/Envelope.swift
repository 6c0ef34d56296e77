import JSON
import Resources

/// The shape of answers: the plain one, or (`STRICT_RESPONSE_ENVELOPE`) HTTP 200 with the status in the body.
enum Envelope {
  case plain
  case strict

  /// Keys that also stand at the top level of the strict envelope.
  private static let tokens = ["access_token", "refresh_token"]

  /// - Returns: the HTTP status and the body; no body for `nil`.
  func wrap(_ answer: Answer) -> (status: Int, body: JSONValue?) {
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

  func wrap(_ refusal: Refusal) -> (status: Int, body: JSONValue?) {
    var fields = JSONObject()
    fields["error_code"] = refusal.code.map(JSONValue.string)
    fields["error_message"] = .string(refusal.message)
    switch self {
    case .plain: return (refusal.status, .object(fields))
    case .strict: return (200, strict(refusal.status, fields))
    }
  }

  private func strict(_ status: Int, _ fields: JSONObject) -> JSONValue {
    .object(JSONObject([("status_code", .integer(status))]).merging(fields))
  }
}
