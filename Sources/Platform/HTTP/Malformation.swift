import HTTPAPI
import HTTPTypes

/// Why a request can't be taken as HTTP: the client's fault, whatever the request asks for.
package enum Malformation: String, Sendable, CaseIterable {
  /// The decoder can't read the head.
  case head
  case hostMissing = "host-missing"
  case hostRepeated = "host-repeated"
  case hostInvalid = "host-invalid"
  case target
  case fragment
  case tunnel
  case length
  case codingRepeated = "coding-repeated"
  case codingUnknown = "coding-unknown"
  case codingInOlderVersion = "coding-in-older-version"
  case body

  /// Of a field that the connection sets, never a client, in the place of a request that can't be taken.
  package static let fieldName = "X-Gatehouse-Malformed"

  /// The connection can't be used after it, since nobody knows where the next request begins.
  var error: APIError {
    let status = self == .codingUnknown || self == .tunnel ? 501 : 400
    return APIError(status, "GTW\(status)", sentence, headers: [.connection: "close"])
  }

  private var sentence: String {
    switch self {
    case .head: "The request's head is not valid HTTP/1.1"
    case .hostMissing: "The request has no Host field, which HTTP/1.1 needs"
    case .hostRepeated: "The request has several Host fields; send one"
    case .hostInvalid: "The host is not valid; send a name or an address, and a port up to 65535 where one is needed"
    case .target: "The request's target is not valid; send a path that begins with '/'"
    case .fragment: "The request's target has a fragment, '#'; send it without"
    case .tunnel: "CONNECT is not supported: this is no proxy"
    case .length: "The Content-Length is not a number of bytes that a body can have"
    case .codingRepeated: "The Transfer-Encoding is empty or names 'chunked' more than once"
    case .codingUnknown: "The Transfer-Encoding is not supported; send 'chunked' alone, or a Content-Length"
    case .codingInOlderVersion: "HTTP/1.0 has no Transfer-Encoding; send a Content-Length"
    case .body: "The body does not end as its head says, or its chunks are not valid"
    }
  }
}
