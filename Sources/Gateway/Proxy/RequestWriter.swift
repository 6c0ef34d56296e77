import JSON
import Model
import NIOCore
import NIOHTTP1

/// Writes the head of a request to a server: what the API lets pass, and what the gateway says itself.
struct RequestWriter {
  let admission: Admission
  let fields: CallFields
  let requestID: String
  /// The connection's other end.
  let client: String
  /// Whether the client's connection comes from a proxy whose fields count.
  let isFromTrustedProxy: Bool
  let isSecure: Bool
  /// `1.1 gatehouse-…`
  let via: String
  let traceParent: String

  enum Framing: Equatable {
    case none
    case counted(Int)
    case chunked
  }

  func write(_ head: HTTPRequestHead, to server: ServerAddress, _ framing: Framing, into buffer: inout ByteBuffer) {
    buffer.writeString(head.method.rawValue)
    buffer.writeStaticString(" ")
    writeTarget(server, into: &buffer)
    buffer.writeStaticString(" HTTP/1.1\r\nhost: ")
    buffer.writeString(server.hostField)
    buffer.writeStaticString("\r\n")
    writePassed(head.headers, into: &buffer)
    switch framing {
    case .none: break
    case .counted(let count):
      buffer.writeStaticString("content-length: ")
      buffer.writeString(String(count))
      buffer.writeStaticString("\r\n")
    case .chunked: buffer.writeStaticString("transfer-encoding: chunked\r\n")
    }
    field("x-request-id: ", requestID, into: &buffer)
    if let user = admission.user, user.isNameSendable {
      field("x-doorman-user: ", user.username, into: &buffer)
      field("x-user-email: ", user.username, into: &buffer)
    }
    writeForwarded(into: &buffer)
    field("traceparent: ", traceParent, into: &buffer)
    if let state = fields.traceState, fields.traceParent != nil { field("tracestate: ", state, into: &buffer) }
    buffer.writeStaticString("\r\n")
  }

  private func writeTarget(_ server: ServerAddress, into buffer: inout ByteBuffer) {
    buffer.writeString(server.basePath)
    let path = admission.path
    if let rewrite = admission.endpoint.rewrite {
      if rewrite.isEmpty { buffer.writeStaticString("/") }
      for segment in rewrite {
        buffer.writeStaticString("/")
        switch segment {
        case .literal(let text): buffer.writeString(CallPath.escaped(text.text))
        case .parameter(let name): buffer.writeString(value(of: name))
        }
      }
    } else {
      let segments = path.spelledURI
      if segments.isEmpty { buffer.writeStaticString("/") }
      for segment in segments {
        buffer.writeStaticString("/")
        buffer.writeString(segment)
      }
    }
    buffer.writeString(path.query)
  }

  /// The client's value of a parameter.
  private func value(of name: String) -> String {
    for (template, text) in zip(admission.endpoint.template, admission.path.spelledURI) {
      if case .parameter(let other) = template, other.hasSameBytes(as: name) { return text }
    }
    // The endpoint asks for a parameter that its client URI does not have: its text stays as it is written.
    return CallPath.escaped("{\(name)}")
  }

  private func writePassed(_ headers: HTTPHeaders, into buffer: inout ByteBuffer) {
    let api = admission.api
    let swap = api.record.authorizationHeader
    for (name, value) in headers {
      if let swap, name.asciiLowercased.hasSameBytes(as: swap.asciiLowercased) {
        field("authorization: ", value, into: &buffer)
      }
      guard api.requestFields.contains(name), !isOfConnection(name) else { continue }
      buffer.writeString(name)
      field(": ", value, into: &buffer)
    }
  }

  /// Whether `Connection` lists the name.
  private func isOfConnection(_ name: String) -> Bool {
    guard !fields.connection.isEmpty else { return false }
    let name = name.asciiLowercased
    return fields.connection.contains { line in
      line.parts(betweenBytes: UInt8(ascii: ",")).contains {
        $0.withoutOuterSpace.asciiLowercased.hasSameBytes(as: name)
      }
    }
  }

  private func writeForwarded(into buffer: inout ByteBuffer) {
    buffer.writeStaticString("x-forwarded-for: ")
    if isFromTrustedProxy, !fields.forwardedFor.isEmpty {
      buffer.writeString(fields.forwardedFor.joined(separator: ", "))
      buffer.writeStaticString(", ")
    }
    buffer.writeString(client)
    buffer.writeStaticString(isSecure ? "\r\nx-forwarded-proto: https\r\n" : "\r\nx-forwarded-proto: http\r\n")
    if let host = fields.host { field("x-forwarded-host: ", host, into: &buffer) }
    buffer.writeStaticString("via: ")
    for line in fields.via {
      buffer.writeString(line)
      buffer.writeStaticString(", ")
    }
    field("", via, into: &buffer)
  }

  private func field(_ name: StaticString, _ value: String, into buffer: inout ByteBuffer) {
    buffer.writeStaticString(name)
    buffer.writeString(value)
    buffer.writeStaticString("\r\n")
  }
}
