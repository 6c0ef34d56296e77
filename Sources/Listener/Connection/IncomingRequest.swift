package import HTTPTypes
package import Model
package import NIOCore

/// Answers a request that is not for the data plane. It is called on the connection's event loop, and must not block
/// there.
package typealias ListenerResponder = @Sendable (IncomingRequest) async -> OutgoingResponse

/// A request that is not for the data plane.
package struct IncomingRequest: Sendable {
  /// Method, target and header fields.
  package let head: HTTPRequest
  /// The connection's knowledge of the request.
  package let standing: RequestStanding
  /// `nil` when the request has none.
  package let body: RequestBodyStream?
  /// The connection.
  package let channel: any Channel
  /// The address of the other end.
  package let client: NetworkAddress?
}

/// The answer to an `IncomingRequest`.
package struct OutgoingResponse: Sendable {
  /// Status and header fields.
  package let head: HTTPResponse
  /// `nil` when the answer has none.
  package let body: ByteBuffer?

  /// - Parameter head: with the length of the body.
  package init(head: HTTPResponse, body: ByteBuffer?) {
    self.head = head
    self.body = body
  }
}
