import HTTPAPI
import JSON
import NIOCore
import NIOHTTP1

/// Writes the heads of answers to clients, as bytes.
struct AnswerHead {
  /// The client has to be told this.
  struct Call {
    let identifier: CallIdentifier
    let origin: String?
    let isHead: Bool
    /// The minor version of HTTP/1.
    let minorVersion: Int
  }

  /// How the body of an answer is sent to the client.
  enum Framing: Equatable {
    /// As it is, or none.
    case plain
    case chunked
    /// It ends with the connection.
    case untilClose
  }

  let call: Call
  /// The API, if it was found.
  let api: APIPlan?

  /// The head of an answer that a server gave.
  ///
  /// - Parameters:
  ///   - closes: whether the connection ends after the answer.
  ///   - isCompressed: whether the gateway compresses the body, or the one that an answer without a body is about.
  ///   - gatewayTime: milliseconds.
  ///   - backendTime: milliseconds.
  func write(
    _ answer: ResponseHead, closes: Bool, isCompressed: Bool, date: @autoclosure () -> String, gatewayTime: Int,
    backendTime: Int, into buffer: HeadBytes
  ) {
    beginStatus(answer.status, into: buffer)
    var hasDate = false
    var vary: String?
    answer.bytes.withUnsafeReadableBytes { bytes in
      for field in answer.fields {
        let name = UnsafeRawBufferPointer(rebasing: bytes[field.name])
        guard passes(name.bytes, answer) else { continue }
        if RequestHeadNames.isNamed(bytes, field.name, "vary") {
          vary = (vary.map { $0 + ", " } ?? "") + answer.text(field.value)
          continue
        }
        if RequestHeadNames.isNamed(bytes, field.name, "date") { hasDate = true }
        // An answer without a body has no length, but one to HEAD and a 304 tell the length that there would be. A 204
        // never has one (RFC 9110, section 8.6), and that of a compressed body is not known.
        let hasNoLength =
          answer.status == 204 || answer.framing == .none && !call.isHead && answer.status != 304
        if hasNoLength || isCompressed, RequestHeadNames.isNamed(bytes, field.name, "content-length") { continue }
        if isCompressed, PassedFields.notCompressed.contains(name.bytes) { continue }
        buffer.writeBytes(name)
        buffer.writeStaticString(": ")
        // The compressed body is not the same to the byte (RFC 9110, section 8.8.1).
        if isCompressed, RequestHeadNames.isNamed(bytes, field.name, "etag"), bytes[field.value.lowerBound] == 0x22 {
          buffer.writeStaticString("W/")
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[field.value]))
        buffer.writeStaticString("\r\n")
      }
    }
    if !hasDate { Self.field("Date: ", date(), into: buffer) }
    if let vary {
      Self.field("Vary: Origin, Accept-Encoding, ", vary, into: buffer)
    } else {
      buffer.writeStaticString("Vary: Origin, Accept-Encoding\r\n")
    }
    buffer.writeStaticString("X-Gateway-Time: ")
    buffer.writeNumber(gatewayTime)
    buffer.writeStaticString("\r\nX-Backend-Time: ")
    buffer.writeNumber(backendTime)
    buffer.writeStaticString("\r\n")
    writeCrossOrigin(into: buffer)
    // A 304 says nothing of a body but its tag (RFC 9110, section 15.4.5).
    if isCompressed, answer.status != 304 { buffer.writeStaticString("Content-Encoding: gzip\r\n") }
    if framing(answer, isCompressed: isCompressed) == .chunked {
      buffer.writeStaticString("transfer-encoding: chunked\r\n")
      writeTrailerNames(answer, into: buffer)
    }
    if closes { buffer.writeStaticString("connection: close\r\n") }
    buffer.writeStaticString("\r\n")
  }

  /// How the body of a server's answer is sent to the client.
  func framing(_ answer: ResponseHead, isCompressed: Bool) -> Framing {
    switch answer.framing {
    case .none: .plain
    case .counted where !isCompressed: .plain
    case .counted, .chunked, .untilClose: call.minorVersion == 1 ? .chunked : .untilClose
    }
  }

  private func passes(_ name: RawSpan, _ answer: ResponseHead) -> Bool {
    guard let api, api.responseFields.contains(name) else { return false }
    return answer.connectionNames.isEmpty
      || !answer.connectionNames.contains { FieldNames.areEqual($0.utf8.span.bytes, name) }
  }

  /// Announces the trailers that will pass.
  private func writeTrailerNames(_ answer: ResponseHead, into buffer: HeadBytes) {
    guard let api, answer.framing == .chunked else { return }
    let lines = answer.bytes.withUnsafeReadableBytes { bytes in
      answer.fields.filter { RequestHeadNames.isNamed(bytes, $0.name, "trailer") }
    }
    guard !lines.isEmpty else { return }
    let names = TrailerSection.announced(lines.map { answer.text($0.value) }) { name in
      api.passesToClient(trailer: name)
        && !answer.connectionNames.contains { FieldNames.areEqual($0.utf8.span.bytes, name) }
    }
    if let names { Self.field("trailer: ", names, into: buffer) }
  }

  private func beginStatus(_ status: Int, into buffer: HeadBytes) {
    // Also for a client of HTTP/1.0: it is the server's own version (RFC 9110, section 2.5).
    buffer.writeStaticString("HTTP/1.1 ")
    buffer.writeNumber(status)
    buffer.writeStaticString(" ")
    buffer.writeString(HTTPResponseStatus(statusCode: status).reasonPhrase)
    buffer.writeStaticString("\r\nrequest_id: ")
    call.identifier.write(to: buffer)
    buffer.writeStaticString("\r\nX-Request-ID: ")
    call.identifier.write(to: buffer)
    buffer.writeStaticString("\r\n")
  }

  private static func field(_ name: StaticString, _ value: String, into buffer: HeadBytes) {
    buffer.writeStaticString(name)
    buffer.writeString(value)
    buffer.writeStaticString("\r\n")
  }
}

extension AnswerHead {
  /// An answer of the gateway itself.
  ///
  /// - Parameter closes: whether the connection ends after it.
  /// - Returns: the body, if it has one.
  func write(
    _ failure: CallFailure, to head: RequestHead, closes: Bool, envelope: Envelope, date: String,
    into buffer: HeadBytes
  ) -> [UInt8] {
    let (status, body) = content(of: failure, envelope)
    beginStatus(status, into: buffer)
    Self.field("Date: ", date, into: buffer)
    if let seconds = failure.retryAfter { Self.field("Retry-After: ", String(seconds), into: buffer) }
    if let allow = failure.allow { Self.field("Allow: ", allow, into: buffer) }
    // RFC 9110, section 11.6.1, allows it also where the envelope has another status.
    if failure.status == 401 { buffer.writeStaticString("WWW-Authenticate: Bearer\r\n") }
    if failure == .preflight {
      buffer.writeStaticString("Vary: Origin\r\n")
      writePreflight(head, into: buffer)
    } else {
      let variesByOrigin = api != nil && call.origin != nil
      buffer.writeStaticString(
        variesByOrigin ? "Vary: Origin, Accept-Encoding\r\n" : "Vary: Accept-Encoding\r\n")
      buffer.writeStaticString(Self.security)
      writeCrossOrigin(into: buffer)
      buffer.writeStaticString(
        failure.form == .nothing ? "Content-Type: text/plain\r\n" : "Content-Type: application/json\r\n")
      Self.field("Content-Length: ", String(body.count), into: buffer)
      if failure.form != .nothing { Self.field("X-Body-Length: ", String(body.count), into: buffer) }
    }
    if closes { buffer.writeStaticString("connection: close\r\n") }
    buffer.writeStaticString("\r\n")
    return call.isHead ? [] : body
  }

  /// The platform's answers have more of them. These protect a browser that shows the answer, and no cache keeps a
  /// failure: it would go to other origins and users, and outlive its cause.
  private static let security: StaticString = """
    X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
    Cache-Control: no-store\r\n
    """

  private func content(of failure: CallFailure, _ envelope: Envelope) -> (status: Int, body: [UInt8]) {
    switch failure.form {
    case .nothing: return (failure.status, [])
    case .detail: return (failure.status, JSONWriter.bytes(.object(["detail": .string(failure.message)])))
    case .envelope:
      let (status, body) = envelope.wrap(APIError(failure.status, failure.code, failure.message))
      return (status, JSONWriter.bytes(body ?? .null))
    }
  }

  private func writeCrossOrigin(into buffer: HeadBytes) {
    guard let origin = call.origin, let rules = api?.origins, rules.allows(origin) else { return }
    Self.field("Access-Control-Allow-Origin: ", origin, into: buffer)
    if rules.allowsCredentials { buffer.writeStaticString("Access-Control-Allow-Credentials: true\r\n") }
    if let exposed = rules.exposed { Self.field("Access-Control-Expose-Headers: ", exposed, into: buffer) }
  }

  private func writePreflight(_ head: RequestHead, into buffer: HeadBytes) {
    guard let rules = api?.origins else { return }
    let (method, fields) = (head.value(.askedMethod), head.value(.askedFields))
    if let origin = call.origin {
      guard rules.allows(origin) else { return }
      if rules.allows(method: method, fields: fields) { writeCrossOrigin(into: buffer) }
    }
    if method != nil { Self.field("Access-Control-Allow-Methods: ", rules.methods, into: buffer) }
    if fields != nil { Self.field("Access-Control-Allow-Headers: ", rules.headers, into: buffer) }
  }
}
