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
    /// JSON that is the same for everybody, kept as bytes.
    case encoded(ByteBuffer)
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
  /// JSON without an envelope, as bytes.
  package static func encoded(_ bytes: ByteBuffer) -> Answer { Answer(200, .encoded(bytes)) }
  /// No body.
  package static func nothing(status: Int = 204) -> Answer { Answer(status, .nothing) }

  /// The bytes of an answer that is kept as bytes, or `nil`.
  package var encoded: ByteBuffer? {
    if case .encoded(let bytes) = content { bytes } else { nil }
  }

  /// The answer with further header fields.
  package func adding(_ fields: HTTPFields) -> Answer {
    var answer = self
    answer.headers.append(contentsOf: fields)
    return answer
  }
}
