import JSON
import Model
import NIOCore

/// Writes the head of a request to a server: what the API lets pass, and what the gateway says itself.
struct RequestWriter {
  let admission: Admission
  let head: RequestHead
  let identifier: CallIdentifier
  /// The connection's other end.
  let client: String
  /// Whether the client's connection comes from a proxy whose fields count.
  let isFromTrustedProxy: Bool
  let isSecure: Bool
  /// `1.1 gatehouse-…`
  let via: String
  let traceParent: TraceParent

  enum Framing: Equatable {
    case none
    case counted(Int)
    case chunked
  }

  func write(to server: ServerAddress, _ framing: Framing, into buffer: HeadBytes) {
    head.bytes.withUnsafeReadableBytes { bytes in
      buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[head.methodName]))
      buffer.writeStaticString(" ")
      writeTarget(server, bytes, into: buffer)
    }
    buffer.writeStaticString(" HTTP/1.1\r\nhost: ")
    buffer.writeString(server.hostField)
    buffer.writeStaticString("\r\n")
    writePassed(into: buffer)
    switch framing {
    case .none: break
    case .counted(let count):
      buffer.writeStaticString("content-length: ")
      buffer.writeNumber(count)
      buffer.writeStaticString("\r\n")
    case .chunked:
      buffer.writeStaticString("transfer-encoding: chunked\r\n")
      writeTrailerNames(into: buffer)
    }
    buffer.writeStaticString("x-request-id: ")
    identifier.write(to: buffer)
    buffer.writeStaticString("\r\n")
    if let user = admission.user, user.isNameSendable {
      field("x-doorman-user: ", user.username, into: buffer)
      field("x-user-email: ", user.username, into: buffer)
    }
    writeForwarded(into: buffer)
    buffer.writeStaticString("traceparent: ")
    traceParent.write(to: buffer)
    buffer.writeStaticString("\r\n")
    // The state belongs to the client's trace. A trace that begins here has none.
    if case .given = traceParent, let state = head.value(.traceState) {
      field("tracestate: ", state, into: buffer)
    }
    buffer.writeStaticString("\r\n")
  }

  private func writeTarget(_ server: ServerAddress, _ bytes: UnsafeRawBufferPointer, into buffer: HeadBytes) {
    buffer.writeString(server.basePath)
    let path = admission.path
    if let rewrite = admission.endpoint.rewrite {
      if rewrite.isEmpty { buffer.writeStaticString("/") }
      for segment in rewrite {
        buffer.writeStaticString("/")
        switch segment {
        case .literal(let text): buffer.writeString(PathBytes.escaped(text.text))
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
    let query = head.target.lowerBound + path.queryStart..<head.target.upperBound
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[query]))
  }

  /// The client's value of a parameter.
  private func value(of name: String) -> String {
    for (template, text) in zip(admission.endpoint.template, admission.path.spelledURI) {
      if case .parameter(let other) = template, other.hasSameBytes(as: name) { return text }
    }
    // The endpoint asks for a parameter that its client URI does not have: its text stays as it is written.
    return PathBytes.escaped("{\(name)}")
  }

  private func writePassed(into buffer: HeadBytes) {
    let api = admission.api
    // The first of several alone: two values of Authorization are none.
    var swap = api.authorizationField
    let listed = head.connectionNames
    if head.takesTrailers(listed) { buffer.writeStaticString("te: trailers\r\nconnection: te\r\n") }
    head.bytes.withUnsafeReadableBytes { bytes in
      for item in head.fields {
        let name = UnsafeRawBufferPointer(rebasing: bytes[item.name])
        let value = UnsafeRawBufferPointer(rebasing: bytes[item.value])
        if let field = swap, FieldNames.areEqual(field.span.bytes, name.bytes) {
          swap = nil
          buffer.writeStaticString("authorization: ")
          buffer.writeBytes(value)
          buffer.writeStaticString("\r\n")
        }
        guard api.requestFields.contains(name.bytes), listed?.contains(name.bytes) != true else { continue }
        buffer.writeBytes(name)
        buffer.writeStaticString(": ")
        buffer.writeBytes(value)
        buffer.writeStaticString("\r\n")
      }
    }
  }

  /// Announces the trailers that will pass.
  private func writeTrailerNames(into buffer: HeadBytes) {
    let listed = head.connectionNames
    let names = TrailerSection.announced(head.values(named: "trailer")) {
      admission.api.passesToServer(trailer: $0) && listed?.contains($0) != true
    }
    if let names { field("trailer: ", names, into: buffer) }
  }

  private func writeForwarded(into buffer: HeadBytes) {
    buffer.writeStaticString("x-forwarded-for: ")
    if isFromTrustedProxy, head.has(.forwardedFor) {
      buffer.writeString(head.values(.forwardedFor).joined(separator: ", "))
      buffer.writeStaticString(", ")
    }
    buffer.writeString(client)
    // A trusted proxy knows how the client spoke to it; from anybody else the fields are made up.
    if isFromTrustedProxy, let scheme = head.value(.forwardedProtocol) {
      field("\r\nx-forwarded-proto: ", scheme, into: buffer)
    } else {
      buffer.writeStaticString(isSecure ? "\r\nx-forwarded-proto: https\r\n" : "\r\nx-forwarded-proto: http\r\n")
    }
    let forwardedHost = isFromTrustedProxy ? head.value(.forwardedHost) : nil
    if let host = forwardedHost ?? head.value(.host) { field("x-forwarded-host: ", host, into: buffer) }
    buffer.writeStaticString("via: ")
    for line in head.values(.via) {
      buffer.writeString(line)
      buffer.writeStaticString(", ")
    }
    field("", via, into: buffer)
  }

  private func field(_ name: StaticString, _ value: String, into buffer: HeadBytes) {
    buffer.writeStaticString(name)
    buffer.writeString(value)
    buffer.writeStaticString("\r\n")
  }
}
