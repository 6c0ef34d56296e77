import HTTPAPI
import JSON
import NIOCore
import NIOHTTP1

/// Makes the heads of answers to clients.
struct AnswerFields {
  let requestID: String
  let origin: String?
  /// The API, if it was found.
  let api: APIPlan?

  /// The head of an answer that a server gave.
  ///
  /// - Parameters:
  ///   - gatewayTime: milliseconds.
  ///   - backendTime: milliseconds.
  func head(
    of answer: ResponseHead, isHead: Bool, version: HTTPVersion, date: String, gatewayTime: Int, backendTime: Int
  ) -> HTTPResponseHead {
    var fields: [(String, String)] = []
    fields.reserveCapacity(answer.fields.count + 8)
    fields.append(("request_id", requestID))
    fields.append(("X-Request-ID", requestID))
    var hasDate = false
    var vary: String?
    for field in answer.fields {
      guard passes(field, answer) else { continue }
      let name = answer.text(field.name)
      if name.isField("vary") {
        vary = (vary.map { $0 + ", " } ?? "") + answer.text(field.value)
        continue
      }
      if name.isField("date") { hasDate = true }
      // An answer without a body has no length, but one to HEAD and a 304 tell the length that there would be.
      if name.isField("content-length"), answer.framing == .none, !isHead, answer.status != 304 { continue }
      fields.append((name, answer.text(field.value)))
    }
    if !hasDate { fields.append(("date", date)) }
    fields.append(("Vary", vary.map { "Origin, Accept-Encoding, " + $0 } ?? "Origin, Accept-Encoding"))
    fields.append(("X-Gateway-Time", String(gatewayTime)))
    fields.append(("X-Backend-Time", String(backendTime)))
    appendCrossOrigin(to: &fields)
    switch answer.framing {
    case .chunked, .untilClose:
      fields.append(version == .http1_1 ? ("transfer-encoding", "chunked") : ("connection", "close"))
    case .none, .counted: break
    }
    return HTTPResponseHead(
      version: version, status: HTTPResponseStatus(statusCode: answer.status), headers: HTTPHeaders(fields))
  }

  private func passes(_ field: ResponseHead.Field, _ answer: ResponseHead) -> Bool {
    guard let api else { return false }
    let isAllowed = answer.bytes.withUnsafeReadableBytes { bytes in
      api.responseFields.contains(UnsafeRawBufferPointer(rebasing: bytes[field.name]).bytes)
    }
    guard isAllowed, !answer.connectionNames.isEmpty else { return isAllowed }
    return !answer.connectionNames.containsBytes(of: answer.text(field.name).asciiLowercased)
  }

  /// An answer of the gateway itself.
  func answer(
    _ failure: CallFailure, _ fields: CallFields?, envelope: Envelope, version: HTTPVersion, date: String
  ) -> (head: HTTPResponseHead, body: ByteBuffer?) {
    var headers: [(String, String)] = [
      ("request_id", requestID), ("X-Request-ID", requestID), ("date", date), ("Vary", "Origin, Accept-Encoding"),
    ]
    if let seconds = failure.retryAfter { headers.append(("Retry-After", String(seconds))) }
    if let allow = failure.allow { headers.append(("Allow", allow)) }
    var body: ByteBuffer?
    var status = failure.status
    if failure == .preflight {
      appendPreflight(fields, to: &headers)
    } else {
      appendCrossOrigin(to: &headers)
      let wrapped = envelope.wrap(APIError(failure.status, failure.code, failure.message))
      status = wrapped.status
      let bytes = JSONWriter.bytes(wrapped.body ?? .null)
      headers.append(("content-type", "application/json"))
      headers.append(("content-length", String(bytes.count)))
      body = ByteBuffer(bytes: bytes)
    }
    if failure.closes { headers.append(("connection", "close")) }
    return (
      HTTPResponseHead(
        version: version, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(headers)), body
    )
  }

  private func appendCrossOrigin(to fields: inout [(String, String)]) {
    guard let origin, let rules = api?.origins, rules.allows(origin) else { return }
    fields.append(("Access-Control-Allow-Origin", origin))
    if rules.allowsCredentials { fields.append(("Access-Control-Allow-Credentials", "true")) }
    if let exposed = rules.exposed { fields.append(("Access-Control-Expose-Headers", exposed)) }
  }

  private func appendPreflight(_ call: CallFields?, to fields: inout [(String, String)]) {
    guard let call, let rules = api?.origins else { return }
    if let origin, rules.allows(origin), rules.allows(method: call.askedMethod, fields: call.askedFields) {
      fields.append(("Access-Control-Allow-Origin", origin))
      if rules.allowsCredentials { fields.append(("Access-Control-Allow-Credentials", "true")) }
    }
    if call.askedMethod != nil { fields.append(("Access-Control-Allow-Methods", rules.methods)) }
    if call.askedFields != nil { fields.append(("Access-Control-Allow-Headers", rules.headers)) }
  }
}
