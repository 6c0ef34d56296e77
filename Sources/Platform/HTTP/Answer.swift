import HTTPTypes
import JSON
import NIOCore

/// What a handler answers; the envelope gives it its shape.
package struct Answer: Sendable {
  enum Content: Sendable {
    case data(JSONValue)
    /// Data under `response`, in both envelopes.
    case response(JSONValue)
    case message(String)
    /// Outside the envelope: probes and descriptions that programs read.
    case raw(JSONValue)
    /// The same JSON for everybody, kept as bytes.
    case encoded(ByteBuffer)
    case nothing
  }

  let status: Int
  let content: Content
  var headers = HTTPFields()

  private init(_ status: Int, _ content: Content) {
    self.status = status
    self.content = content
  }

  static func data(_ object: JSONObject, status: Int = 200) -> Answer { Answer(status, .data(.object(object))) }
  static func response(_ value: JSONValue) -> Answer { Answer(200, .response(value)) }
  static func message(_ text: String, status: Int = 200) -> Answer { Answer(status, .message(text)) }
  static func raw(_ value: JSONValue, status: Int = 200) -> Answer { Answer(status, .raw(value)) }
  static func encoded(_ bytes: ByteBuffer) -> Answer { Answer(200, .encoded(bytes)) }
  static func nothing(status: Int = 204) -> Answer { Answer(status, .nothing) }

  /// The bytes of an answer that is kept as bytes.
  var encoded: ByteBuffer? {
    if case .encoded(let bytes) = content { bytes } else { nil }
  }

  func adding(_ fields: HTTPFields) -> Answer {
    var answer = self
    answer.headers.append(contentsOf: fields)
    return answer
  }
}
