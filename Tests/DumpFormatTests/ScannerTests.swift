import TestSupport
import Testing

@testable import DumpFormat

/// The scanner as one would write it who has time: a byte at a time, with an array.
private struct PlainScanner {
  private var open: [UInt8] = []
  private var isInString = false
  private var isEscaped = false

  mutating func take(_ byte: UInt8) throws(ValueScanner.Fault) -> Bool {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        return open.isEmpty
      }
      return false
    }
    switch byte {
    case UInt8(ascii: "\""): isInString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard open.count < ValueScanner.maximumDepth else { throw .tooDeep }
      open.append(byte + 2)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard open.popLast() == byte else { throw .unbalanced }
      return open.isEmpty
    default: break
    }
    return false
  }
}

/// Where a value ends, or why it has no end.
private enum Verdict: Equatable {
  case end(Int)
  case fault(ValueScanner.Fault)
  case open
}

@Suite("Finding the end of a value")
struct ScannerTests {
  private static func plain(_ text: [UInt8]) -> Verdict {
    var scanner = PlainScanner()
    do throws(ValueScanner.Fault) {
      for (index, byte) in text.enumerated() where try scanner.take(byte) { return .end(index + 1) }
    } catch { return .fault(error) }
    return .open
  }

  /// - Parameter blocks: where blocks end.
  private static func fast(_ text: [UInt8], blocks: [Int]) -> Verdict {
    var scanner = ValueScanner()
    var start = 0
    do throws(ValueScanner.Fault) {
      for border in blocks + [text.count] {
        // Behind some bytes of another value, so that vectors begin anywhere.
        let block = [UInt8](repeating: UInt8(ascii: "\""), count: start % 5) + text[start..<border]
        let end = try block.withUnsafeBytes { block in
          Result { () throws(ValueScanner.Fault) in try scanner.end(in: block, from: start % 5) }
        }.get()
        if let end { return .end(start + end - start % 5) }
        start = border
      }
    } catch { return .fault(error) }
    return .open
  }

  private static func check(_ text: [UInt8], _ random: inout SeededGenerator) {
    let expected = plain(text)
    for count in [0, 0, 1, 2, 5] {
      let blocks = (0..<count).map { _ in Int.random(in: 0...text.count, using: &random) }.sorted()
      #expect(fast(text, blocks: blocks) == expected, "\(String(decoding: text, as: UTF8.self)) at \(blocks)")
    }
  }

  /// Something like JSON: the more `wild`, the less.
  private static func value(_ depth: Int, _ random: inout SeededGenerator, wild: Int) -> [UInt8] {
    if Int.random(in: 0..<100, using: &random) < wild { return garbage(Int.random(in: 0..<4, using: &random), &random) }
    switch Int.random(in: 0..<(depth > 4 ? 4 : 8), using: &random) {
    case 0: return Array("-1.5e3".utf8)
    case 1: return Array("null".utf8)
    case 2...3:
      let pieces = ["a", "Y_y", "é", "{", "]", "}", "[", "\\\"", "\\\\", "\\u00e9", ",", ":", "longer than others"]
      let count = Int.random(in: 0..<12, using: &random)
      let text = (0..<count).map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }.joined()
      return Array("\"\(text)\"".utf8)
    case 4...5:
      let items = (0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth + 1, &random, wild: wild) }
      return Array("[".utf8) + Array(items.joined(separator: Array(", ".utf8))) + Array("]".utf8)
    default:
      let members = (0..<Int.random(in: 0..<5, using: &random)).map { number in
        Array("\"key\(number)\":".utf8) + value(depth + 1, &random, wild: wild)
      }
      return Array("{".utf8) + Array(members.joined(separator: Array(",".utf8))) + Array("}".utf8)
    }
  }

  private static func garbage(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    let alphabet = Array("{}[]\"\\\\aY_y,: ".utf8) + [0x00, 0x7F, 0xFB, 0xDB, 0xA2, 0xDC]
    return (0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
  }

  @Test("gives the same 64 bytes at a time as byte by byte, for JSON and what is nearly JSON", arguments: 0..<20)
  func json(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for wild in [0, 0, 0, 2, 10] {
      for _ in 0..<20 {
        let value = Self.value(0, &random, wild: wild)
        Self.check(value + Self.garbage(100, &random), &random)
        Self.check(Array("{\"k\":".utf8) + value + Array("}".utf8) + Self.garbage(70, &random), &random)
      }
    }
  }

  @Test("gives the same for any bytes", arguments: 0..<20)
  func anything(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      // Such bytes soon close more than is open; what is open first makes them last.
      let brackets = [UInt8](repeating: UInt8(ascii: "{"), count: Int.random(in: 0..<8, using: &random))
      Self.check(brackets + Self.garbage(Int.random(in: 0..<400, using: &random), &random), &random)
      Self.check(
        brackets + (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &random) }, &random)
    }
  }

  @Test("is exact with backslashes in any number before any place of a vector")
  func backslashes() {
    for place in 0..<70 {
      for count in 0..<8 {
        let text =
          "{\"" + String(repeating: "a", count: place) + String(repeating: "\\", count: count) + "\"}\"}"
          + String(repeating: " ", count: 70)
        let bytes = Array(text.utf8)
        let expected = Self.plain(bytes)
        #expect(expected == .end(place + count + (count % 2 == 0 ? 4 : 6)))
        for border in max(0, place - 2)...place + count + 6 {
          #expect(Self.fast(bytes, blocks: [border]) == expected, "\(place) \(count) \(border)")
        }
      }
    }
  }

  @Test("counts brackets to the depth that is allowed and no further")
  func depth() {
    for kind in ["{", "["] {
      let deep = Array(String(repeating: kind, count: 512).utf8)
      #expect(Self.fast(deep, blocks: []) == .open)
      #expect(Self.fast(deep + Array(kind.utf8), blocks: [100]) == .fault(.tooDeep))
    }
  }
}

@Suite("The marks of 64 bytes")
struct TextMarksTests {
  @Test("are where the characters are, whatever the others", arguments: 0..<20)
  func places(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let common = Array("\"\\{}[]".utf8)
      let text = (0..<80).map { _ in
        Bool.random(using: &random)
          ? UInt8.random(in: .min ... .max, using: &random) : common[Int.random(in: common.indices, using: &random)]
      }
      let start = Int.random(in: 0...16, using: &random)
      let marks = text.withUnsafeBytes { TextMarks($0, at: start) }
      var isInside = Bool.random(using: &random)
      let strings = marks.strings(marks.quotes, beginsInside: isInside)
      for (index, byte) in text[start..<start + 64].enumerated() {
        let isMarked = { (word: UInt64) in word >> UInt64(index) & 1 == 1 }
        #expect(isMarked(marks.quotes) == (byte == UInt8(ascii: "\"")))
        #expect(isMarked(marks.backslashes) == (byte == UInt8(ascii: "\\")))
        #expect(isMarked(marks.brackets) == Array("{}[]Y_y\u{7F}".utf8).contains(byte))
        if byte == UInt8(ascii: "\"") { isInside.toggle() }
        #expect(isMarked(strings) == isInside)
      }
    }
  }
}
