package import HTTPTypes
package import JSON
package import NIOCore

/// The answer of a handler. The envelope gives it its shape.
package struct Answer: Sendable {
  enum Content: Sendable {
    case data(JSONValue)
    /// Data that stands under `response` in both envelopes.
    case response(JSONValue)
    case message(String)
    /// JSON that has no envelope: probes and descriptions that programs read.
    case raw(JSONValue)
    /// Bytes of a media type, without an envelope.
    case encoded(ByteBuffer, type: String)
    case nothing
  }

  let status: Int
  let content: Content
  /// Header fields of the answer.
  package private(set) var headers = HTTPFields()

  private init(_ status: Int, _ content: Content) {
    self.status = status
    self.content = content
  }

  /// An object in the envelope.
  package static func data(_ object: JSONObject, status: Int = 200) -> Answer { Answer(status, .data(.object(object))) }
  /// A value under `response`, in both envelopes.
  package static func response(_ value: JSONValue) -> Answer { Answer(200, .response(value)) }
  /// A sentence in the envelope.
  package static func message(_ text: String, status: Int = 200) -> Answer { Answer(status, .message(text)) }
  /// JSON without an envelope.
  package static func raw(_ value: JSONValue, status: Int = 200) -> Answer { Answer(status, .raw(value)) }
  /// Bytes without an envelope.
  package static func encoded(
    _ bytes: ByteBuffer, type: String = "application/json", status: Int = 200
  ) -> Answer { Answer(status, .encoded(bytes, type: type)) }
  /// No body.
  package static func nothing(status: Int = 204) -> Answer { Answer(status, .nothing) }

  /// The bytes of an answer that is given as bytes, with its status and media type, or `nil`.
  package var encoded: (status: Int, type: String, bytes: ByteBuffer)? {
    if case .encoded(let bytes, let type) = content { (status, type, bytes) } else { nil }
  }

  /// The answer with further header fields.
  package func adding(_ fields: HTTPFields) -> Answer {
    var answer = self
    answer.headers.append(contentsOf: fields)
    return answer
  }
}
