/// Why a request can't be taken as HTTP: the client's fault, whatever the request asks for.
package enum Malformation: Sendable, Hashable, CaseIterable {
  /// The decoder can't read the head.
  case head
  case longHead
  case longTarget
  case method
  case version
  case hostMissing
  case hostRepeated
  case hostInvalid
  case target
  case fragment
  case tunnel
  case length
  case codingRepeated
  case codingUnknown
  case codingInOlderVersion
  case body

  /// The status of the answer.
  package var status: Int {
    switch self {
    case .longTarget: 414
    case .longHead: 431
    case .method, .tunnel: 405
    case .codingUnknown: 501
    case .version: 505
    default: 400
    }
  }

  /// A sentence for the client.
  package var sentence: String {
    switch self {
    case .head: "The request's head is not valid HTTP/1.1"
    case .longHead: "The request's head is too long; send at most 32 KiB, and 16 KiB in a field"
    case .longTarget: "The request's target is too long; send at most 16 KiB"
    case .method: "The method is not one of HTTP; methods are in upper case"
    case .version: "The version of HTTP is not supported; send HTTP/1.1 or HTTP/1.0"
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
