import JSON
import Model

/// An endpoint, compiled.
final class EndpointPlan: Sendable {
  let record: EndpointRecord
  /// The segments that a client's URI must have.
  let template: [TemplateSegment]
  /// The segments of the URI at the server, where it is another one than the client's.
  let rewrite: [TemplateSegment]?
  /// `nil` when the API's servers count.
  let servers: ServerRing?
  /// Whether bodies must be validated.
  let isValidated: Bool
  let counters: StatusCounters

  init(_ record: EndpointRecord, servers: ServerRing?, isValidated: Bool, counters: StatusCounters) {
    self.counters = counters
    self.record = record
    self.servers = servers
    self.isValidated = isValidated
    let upstream = TemplateSegment.split(record.uri)
    let client = record.clientURI.map(TemplateSegment.split)
    template = client ?? upstream
    rewrite = client == nil ? nil : upstream
  }
}

/// A segment of an endpoint's URI.
enum TemplateSegment: Sendable, Equatable {
  case literal(UTF8Key)
  /// `{name}`: any segment that is not empty.
  case parameter(String)

  /// The segments of a URI. Empty ones do not count.
  static func split(_ uri: String) -> [TemplateSegment] {
    uri.utf8.split(separator: UInt8(ascii: "/")).map { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      guard bytes.count > 2, bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else {
        return .literal(UTF8Key(text))
      }
      return .parameter(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self))
    }
  }
}
