import JSON
import NIOCore
import NIOHTTP1

/// The fields behind a chunked body (RFC 9112, section 7.1.2). A value.
struct TrailerSection: Equatable {
  struct Field: Equatable {
    let name: [UInt8]
    let value: [UInt8]
  }

  /// The longest section of a request that is passed on, in bytes: this much of each request needs no account.
  static let longestOfRequest = 4096

  private(set) var fields: [Field] = []
  /// Bytes of the section, with the ends of its lines.
  private(set) var size = 0

  init() {}

  /// The trailers that came through NIO's decoder.
  init(_ headers: HTTPHeaders) {
    for (name, value) in headers { add(Array(name.utf8), Array(value.withoutOuterSpace.utf8)) }
  }

  /// Adds a field that is valid.
  mutating func add(_ name: [UInt8], _ value: [UInt8]) {
    fields.append(Field(name: name, value: value))
    size += name.count + value.count + 4
  }

  /// The fields that pass, or `nil` when none does.
  func passing(_ passes: (RawSpan) -> Bool) -> TrailerSection? {
    var section = TrailerSection()
    for field in fields where passes(field.name.span.bytes) { section.add(field.name, field.value) }
    return section.fields.isEmpty ? nil : section
  }

  /// The section for a handler that writes fields itself.
  var headers: HTTPHeaders {
    HTTPHeaders(fields.map { (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) })
  }

  /// The names of a `Trailer` field that pass, as the value of another one; `nil` when none does.
  static func announced(_ lines: [String], _ passes: (RawSpan) -> Bool) -> String? {
    let names = lines.flatMap { $0.parts(betweenBytes: UInt8(ascii: ",")) }.map(\.withoutOuterSpace)
    let passed = names.filter { !$0.isEmpty && passes($0.utf8.span.bytes) }
    return passed.isEmpty ? nil : passed.joined(separator: ", ")
  }
}

extension Chunk {
  /// The end of a body with trailers.
  static func last(_ trailers: TrailerSection?) -> ByteBuffer {
    guard let trailers else { return last }
    var buffer = ByteBuffer(string: "0\r\n")
    for field in trailers.fields {
      buffer.writeBytes(field.name)
      buffer.writeStaticString(": ")
      buffer.writeBytes(field.value)
      buffer.writeStaticString("\r\n")
    }
    buffer.writeStaticString("\r\n")
    return buffer
  }
}

extension APIPlan {
  /// Whether a trailer of a client goes to the server.
  func passesToServer(trailer name: RawSpan) -> Bool {
    requestFields.contains(name) && !PassedFields.neverInTrailers.contains(name)
      && authorizationField.map { FieldNames.areEqual($0.span.bytes, name) } != true
  }

  /// Whether a trailer of a server goes to the client.
  func passesToClient(trailer name: RawSpan) -> Bool {
    responseFields.contains(name) && !PassedFields.neverInTrailers.contains(name)
  }
}
