import NIOCore
import NIOEmbedded
import NIOHTTP1

/// Messages that are changed at random places, with the bytes that readers of HTTP/1 disagree on.
struct HeadFuzzer {
  let corpus: [[UInt8]]
  /// Lines that are put in.
  let lines: [String]

  private static let bytes: [UInt8] = [
    0, 1, 9, 10, 11, 12, 13, 32, 34, 35, 37, 44, 45, 46, 47, 48, 49, 58, 59, 61, 63, 65, 92, 97, 102, 127, 128, 195,
    255,
  ]

  init(_ corpus: [String], lines: [String]) {
    self.corpus = corpus.map { Array($0.utf8) }
    self.lines = lines
  }

  func message(using generator: inout some RandomNumberGenerator) -> [UInt8] {
    var message = pick(corpus, &generator)
    for _ in 0..<Int.random(in: 0...3, using: &generator) { change(&message, &generator) }
    return message
  }

  private func change(_ message: inout [UInt8], _ generator: inout some RandomNumberGenerator) {
    let place = Int.random(in: 0...message.count, using: &generator)
    switch Int.random(in: 0..<9, using: &generator) {
    case 0 where place < message.count: message[place] = pick(Self.bytes, &generator)
    case 1: message.insert(pick(Self.bytes, &generator), at: place)
    case 2 where place < message.count: message.remove(at: place)
    case 3: insertLine(Array(pick(lines, &generator).utf8), into: &message, &generator)
    case 4:
      let other = pick(corpus, &generator)
      let start = Int.random(in: 0...other.count, using: &generator)
      message.insert(contentsOf: other[start..<min(other.count, start + 12)], at: place)
    case 5: message.removeSubrange(place..<min(message.count, place + Int.random(in: 1...6, using: &generator)))
    case 6: message += pick(corpus, &generator)
    case 7 where place < message.count: message[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    default:
      // A line end of another form.
      guard let end = message.indices.filter({ message[$0] == 13 }).randomElement(using: &generator) else { return }
      let forms: [[UInt8]] = [[], [13, 13], [32, 13], [10], [13, 10, 32], [13, 10, 9]]
      message.replaceSubrange(end..<min(message.count, end + 1), with: pick(forms, &generator))
    }
  }

  private func insertLine(_ line: [UInt8], into message: inout [UInt8], _ generator: inout some RandomNumberGenerator) {
    let starts = message.indices.filter { $0 > 0 && message[$0 - 1] == 10 }
    message.insert(contentsOf: line, at: starts.randomElement(using: &generator) ?? 0)
  }

  private func pick<Element>(_ list: [Element], _ generator: inout some RandomNumberGenerator) -> Element {
    list[Int.random(in: list.indices, using: &generator)]
  }
}

/// Keeps what comes out of a decoder, in order.
final class PartRecorder<Part: Sendable>: ChannelInboundHandler {
  typealias InboundIn = Part

  private(set) var parts: [Part] = []
  /// The number of parts that came before the first error, or `nil` when there was none.
  private(set) var partsBeforeError: Int?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { parts.append(unwrapInboundIn(data)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if partsBeforeError == nil { partsBeforeError = parts.count }
  }
}
