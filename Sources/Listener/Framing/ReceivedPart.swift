import JSON
package import NIOCore
package import NIOHTTP1

/// A part of a request, with what the connection knows of the request.
package enum ReceivedPart: Sendable, Equatable {
  case head(HTTPRequestHead, RequestStanding)
  case body(ByteBuffer)
  case end(HTTPHeaders?)
}

extension HTTPRequestHead {
  /// Whether a body follows, even if it is empty.
  var hasBody: Bool { headers.contains(name: "Content-Length") || headers.contains(name: "Transfer-Encoding") }

  /// Bytes of the body, where the head tells them.
  var declaredLength: Int? { headers.first(name: "Content-Length").flatMap { Int($0.withoutOuterSpace) } }

  /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
  var expectsContinue: Bool {
    version.minor > 0
      && headers["Expect"].contains { line in
        line.parts(betweenBytes: UInt8(ascii: ",")).contains { part in
          part.withoutOuterSpace.asciiLowercased.hasSameBytes(as: "100-continue")
        }
      }
  }

  /// Whether the connection ends after the answer (RFC 9112, sections 9.3 and 9.6): the client says `close` or speaks
  /// HTTP/1.0, or it asks to change the protocol, behind which the decoder reads nothing.
  var isLast: Bool { version.minor == 0 || !isKeepAlive || headers.contains(name: "Upgrade") }
}

/// The connection's knowledge of a request beside its bytes. It travels beside the request, so no client can forge
/// it.
package struct RequestStanding: Sendable, Hashable {
  /// The request came after the gateway began to drain. Whether a request is still taken is decided once, where it
  /// comes in.
  package var isTooLate: Bool
  /// Why the request can't be taken as HTTP. Then its head stands only for the place of its answer.
  package var malformation: Malformation?

  /// A request that is taken, unless something else is said.
  package init(isTooLate: Bool = false, malformation: Malformation? = nil) {
    self.isTooLate = isTooLate
    self.malformation = malformation
  }
}
