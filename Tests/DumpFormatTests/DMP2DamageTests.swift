import TestSupport
import Testing

@testable import DumpFormat

@Suite("A damaged DMP2 dump")
struct DMP2DamageTests {
  private static let damage: Set<DumpFormatError.Code> = [.damaged, .truncated, .notADump]

  /// A small file of several chunks.
  private static func sample() throws -> [UInt8] { try DMP2Samples.sealed(chunkSize: 48) }

  @Test("is refused when it is cut at any byte")
  func truncation() throws {
    let whole = try Self.sample()
    for count in whole.indices {
      let code = DMP2Samples.code(Array(whole[..<count]))
      #expect(code.map(Self.damage.contains) == true, "\(count) bytes: \(String(describing: code))")
    }
  }

  @Test("is refused with any bit flipped")
  func bits() throws {
    let whole = try Self.sample()
    for position in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[position] ^= 1 << UInt8(bit)
        let code = DMP2Samples.code(bytes)
        // A changed key id can be that of another key. Other magic bytes and versions can be of a newer program.
        let isExpected = code.map { Self.damage.contains($0) || $0 == .noKey || $0 == .unsupportedLayout } == true
        #expect(isExpected, "bit \(bit) of byte \(position): \(String(describing: code))")
        if position >= SealedPreamble.size { #expect(code == .damaged, "bit \(bit) of byte \(position)") }
      }
    }
  }

  @Test("is refused with bytes behind it")
  func suffix() throws {
    let whole = try Self.sample()
    #expect(DMP2Samples.code(whole + [0]) == .damaged)
    #expect(DMP2Samples.code(whole + whole) == .damaged)
  }

  @Test("is refused with chunks dropped, repeated, exchanged or from another file")
  func chunks() throws {
    let whole = try Self.sample()
    let other = try Self.sample()
    let chunks = DMP2Samples.chunks(of: whole)
    #expect(chunks.count >= 5)
    func file(_ order: [Int]) -> [UInt8] { order.reduce(Array(whole[..<96])) { $0 + whole[chunks[$1]] } }
    let all = Array(chunks.indices)
    #expect(file(all) == whole)
    for index in all {
      var dropped = all
      dropped.remove(at: index)
      #expect(DMP2Samples.code(file(dropped)) == .damaged, "without \(index)")
      var repeated = all
      repeated.insert(index, at: index)
      #expect(DMP2Samples.code(file(repeated)) == .damaged, "\(index) twice")
      for second in all[(index + 1)...] {
        var exchanged = all
        exchanged.swapAt(index, second)
        #expect(DMP2Samples.code(file(exchanged)) == .damaged, "\(index) and \(second)")
      }
      var mixed = whole
      let foreign = DMP2Samples.chunks(of: other)[index]
      mixed.replaceSubrange(chunks[index], with: other[foreign])
      #expect(DMP2Samples.code(mixed) == .damaged, "\(index) of another file")
    }
    // The headers say what is expected, and the tags are those of other places.
    for index in all.dropFirst() where chunks[index].count == chunks[index - 1].count {
      var renumbered = whole
      renumbered.replaceSubrange(chunks[index].dropFirst(16), with: whole[chunks[index - 1].dropFirst(16)])
      #expect(DMP2Samples.code(renumbered) == .damaged)
    }
  }

  @Test("is refused after random changes of any kind")
  func mutations() throws {
    let whole = try Self.sample()
    var random = SeededGenerator(seed: 20_261_129)
    for round in 0..<3000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, position + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(position..<end)
        case 2: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 3: for index in position..<end { bytes[index] = UInt8.random(in: 0...255, using: &random) }
        default: bytes.insert(contentsOf: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }, at: position)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      guard bytes != whole else { continue }
      let code = DMP2Samples.code(bytes)
      #expect(code != nil && code != .cryptography, "round \(round): \(String(describing: code))")
    }
  }

  @Test("is refused when its authentic content is not that of a dump")
  func content() throws {
    let header = DMP2Header(header: DMP2Samples.header, writer: "gatehouse/1").bytes
    let trailer = DMP2Trailer.bytes([DumpSummary.GroupCount(name: "a", records: 1)])
    func entry(_ kind: UInt8, _ content: String, length: Int? = nil) -> [UInt8] {
      let length = UInt32(length ?? content.utf8.count)
      return [kind] + withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(content.utf8)
    }
    let good = entry(1, "a") + entry(2, "{}")
    func code(_ contents: [UInt8]...) throws -> DumpFormatError.Code? {
      DMP2Samples.code(try DMP2Samples.sealed(contents: contents))
    }
    #expect(try code(header, good, trailer) == nil)
    #expect(try code(header, entry(1, "a"), good, [], trailer) == nil)
    for bad in [
      entry(2, "{}"), entry(3, "{}"), entry(0, ""), [1], Array(good.dropLast()),
      entry(1, "a") + entry(2, "{}", length: 3),
      entry(1, "a") + entry(2, "[]"), entry(1, "a") + entry(2, "{"), entry(1, "a") + entry(2, "", length: 1 << 31),
      [1, 1, 0, 0, 0, 0xFF], entry(1, String(repeating: "n", count: 1025)),
      good + entry(1, "b") + good,
    ] {
      #expect(try code(header, bad, trailer) == .malformedContent, "\(bad)")
    }
    #expect(try code(header, good, entry(1, "b"), good, trailer) == .malformedContent)
    #expect(try code(header, good, DMP2Trailer.bytes([])) == .malformedContent)
    #expect(try code(header, good, good, trailer) == .malformedContent)
    #expect(try code(header, good, []) == .malformedContent)
    #expect(try code(Array("{\"version\":1}".utf8), good, trailer) == .malformedContent)
    #expect(try code(Array("{".utf8), good, trailer) == .malformedContent)
    // The first 1 in it is the version.
    let version = try #require(header.firstIndex(of: UInt8(ascii: "1")))
    var later = header
    later[version] = UInt8(ascii: "3")
    #expect(try code(later, good, trailer) == .unsupportedVersion)
    // The header alone, as the last chunk.
    #expect(try code(header) == .damaged)
  }

  @Test("is refused when a chunk is no frame of zstd, or one of another size than it states")
  func frames() throws {
    let (key, preamble) = try SealedFileKey.create(.dump, compression: .zstd, key: DMP2Samples.key)
    let header = DMP2Header(header: DMP2Samples.header, writer: "gatehouse/1").bytes
    let content = Array("\u{1}\u{1}\0\0\0a\u{2}\u{2}\0\0\0{}".utf8)
    var frame = [UInt8](repeating: 0, count: ChunkCompressor.bound(content.count))
    let size = try content.withUnsafeBytes { content in
      try frame.withUnsafeMutableBytes { try ChunkCompressor().compress(content, into: $0) }
    }
    frame.removeLast(frame.count - size)
    func code(_ stored: [UInt8]) throws -> DumpFormatError.Code? {
      var sealer = ChunkSealer(key)
      var bytes = try preamble.bytes + sealer.seal(header) + sealer.seal(stored)
      bytes += try sealer.seal(DMP2Trailer.bytes([DumpSummary.GroupCount(name: "a", records: 1)]), isLast: true)
      return DMP2Samples.code(bytes)
    }
    #expect(try code(frame) == nil)
    #expect(try code(content) == .malformedContent)
    #expect(try code([]) == .malformedContent)
    #expect(try code(frame + [0]) == .malformedContent)
    #expect(try code(frame + frame) == .malformedContent)
    for count in frame.indices { #expect(try code(Array(frame[..<count])) != nil) }
    for position in frame.indices {
      for bit in 0..<8 {
        var changed = frame
        changed[position] ^= 1 << UInt8(bit)
        // Reads within its memory, whatever comes out.
        _ = try code(changed)
      }
    }
  }
}
