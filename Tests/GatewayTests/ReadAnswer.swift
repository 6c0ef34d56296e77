import NIOCore

@testable import Gateway

/// The things that `ResponseParser` says of some bytes.
struct ReadAnswer: Equatable {
  var informational: [Int] = []
  var status: Int?
  var fields: [String] = []
  var body: [UInt8] = []
  var trailers: [String] = []
  /// Whether the answer is complete.
  var isComplete = false
  var closes = false
  var fault: String?

  var text: String { String(decoding: body, as: UTF8.self) }

  /// Reads bytes that come in pieces.
  ///
  /// - Parameter closes: whether the connection ends after them.
  init(_ pieces: [[UInt8]], toHead: Bool = false, closes: Bool = false) {
    var parser = ResponseParser()
    parser.expectAnswer(toHead: toHead)
    do throws(ResponseFault) {
      for piece in pieces where !isComplete {
        parser.receive(ByteBuffer(bytes: piece))
        try take(from: &parser)
      }
      if closes, !isComplete {
        try parser.end()
        try take(from: &parser)
      }
    } catch {
      fault = error.reason
    }
  }

  init(_ text: String, toHead: Bool = false, closes: Bool = false) {
    self.init([Array(text.utf8)], toHead: toHead, closes: closes)
  }

  /// Bytes behind the answer stay, as a connection leaves them.
  private mutating func take(from parser: inout ResponseParser) throws(ResponseFault) {
    while !isComplete, let event = try parser.nextPart() {
      switch event {
      case .informational(let head): informational.append(head.status)
      case .head(let head):
        status = head.status
        closes = head.closes
        fields = head.fields.map { "\(head.text($0.name)): \(head.text($0.value))" }
      case .body(let bytes): body += bytes.readableBytesView
      case .trailers(let section):
        trailers = section.fields.map { String(decoding: $0.name + Array(": ".utf8) + $0.value, as: UTF8.self) }
      case .end: isComplete = true
      case .more: return
      }
    }
  }
}

extension ResponseParser {
  /// The next part of an answer, or `nil` when more bytes are needed.
  mutating func nextPart() throws(ResponseFault) -> Event? {
    let event = try next()
    if case .more = event { return nil }
    return event
  }
}
