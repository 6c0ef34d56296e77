import Cryptography
import Testing
import Threads

@testable import DumpFormat

@Suite("A sealed file")
struct SealedFileTests {
  /// A file that an independent program (Python's cryptography) wrote: salt 0, 1, 2 …, two chunks, `first` and nothing.
  struct Vector: Sendable {
    let kind: SealedFileKind
    let compression: ChunkCompression
    let key: String
    let preamble: String
    let chunks: [String]
  }

  static let vectors = [
    Vector(
      kind: .dump, compression: .zstd, key: "a key of at least thirty-two characters",
      preamble: "444d5032010100000001000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        + "961923f89032e864e5b83349087cbcc518656dfc80f65b8caf754f57d2eb2e312d60a213cd7718170000000000000000",
      chunks: [
        "43484e4b05000000000000000000000025943176b053c30f6d011ec834d7302c98269131f6",
        "43484e4b000000000100000000000080c77294c14ecaedff19dd9e20aa32a417",
      ]),
    Vector(
      kind: .journal, compression: .none, key: "short key",
      preamble: "4a524e3101020f080100000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        + "00000000000000008e08f2193f661bec2b8408657f3d3b26f30cd7773a6cbdf7279b54f26f11fa970000000000000000",
      chunks: [
        "43484e4b050000000000000000000000a070e9eff53ee61df5c9b8be4bf9b01c22d9c3f2f3",
        "43484e4b0000000001000000000000802ec7b55cee1e519aeafdd23e014ac98e",
      ]),
  ]

  private static let long = DumpKey("a key of at least thirty-two characters")
  private static let short = DumpKey("short key")

  private func decoded(_ hexadecimal: String) throws -> [UInt8] {
    try #require(Hexadecimal.decode(hexadecimal.utf8))
  }

  private func counting() -> RandomBytes {
    let next = Counter()
    return RandomBytes { count in (0..<count).map { _ in next.take() } }
  }

  private func file(
    _ key: DumpKey = long, _ kind: SealedFileKind = .dump
  ) throws -> (key: SealedFileKey, preamble: SealedPreamble) {
    try SealedFileKey.create(kind, compression: .none, key: key, masters: ScryptMasters())
  }

  private func code(_ body: () throws -> Void) -> DumpFormatError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? DumpFormatError)?.code
    }
  }

  @Test("is written as the vectors are", arguments: vectors)
  func writing(vector: Vector) throws {
    let (key, preamble) = try SealedFileKey.create(
      vector.kind, compression: vector.compression, key: DumpKey(vector.key), randomness: counting(),
      masters: ScryptMasters())
    #expect(try preamble.bytes == decoded(vector.preamble))
    var sealer = ChunkSealer(key)
    #expect(try sealer.seal(Array("first".utf8)) == decoded(vector.chunks[0]))
    #expect(try sealer.seal([], isLast: true) == decoded(vector.chunks[1]))
  }

  @Test("is read as the vectors are", arguments: vectors)
  func reading(vector: Vector) throws {
    let preamble = try SealedPreamble(decoded(vector.preamble), kind: vector.kind)
    #expect(preamble.compression == vector.compression)
    let keyring = DumpKeyring(sealing: DumpKey("some other key that is long enough too"), older: [DumpKey(vector.key)])
    let opener = ChunkOpener(try SealedFileKey.find(for: preamble, in: keyring, masters: ScryptMasters()))
    var order = ChunkOrder()
    var contents: [[UInt8]] = []
    for chunk in vector.chunks {
      let chunk = try decoded(chunk)
      let header = try #require(ChunkHeader(chunk.prefix(16)))
      #expect(order.accept(header) && header.chunkSize == chunk.count)
      var content = Array(chunk.dropFirst(16))
      #expect(try opener.open(header, &content))
      contents.append(content)
    }
    #expect(contents == [Array("first".utf8), []] && order.isFinished)
  }

  @Test("tells a wrong key from damage by the commitment")
  func wrongKeys() throws {
    for key in [Self.long, Self.short] {
      let preamble = try file(key).preamble
      let other = DumpKeyring(sealing: DumpKey("another key, which is as long as that one"), older: [DumpKey("other")])
      #expect(code { _ = try SealedFileKey.find(for: preamble, in: other) } == .noKey)
    }
    // The id of the key is there, so the right key was tried.
    var changed = try file().preamble.bytes
    changed[20] ^= 1
    let preamble = try SealedPreamble(changed, kind: .dump)
    #expect(code { _ = try SealedFileKey.find(for: preamble, in: DumpKeyring(sealing: Self.long)) } == .damaged)
  }

  @Test("opens under no change of a bit of its preamble", arguments: [long, short])
  func preambleBits(key: DumpKey) throws {
    let whole = try file(key).preamble.bytes
    let masters = ScryptMasters()
    for position in whole.indices {
      // A salt of scrypt that was changed costs a derivation each.
      for bit in stride(from: 0, to: 8, by: key == Self.short ? 7 : 1) {
        var bytes = whole
        bytes[position] ^= 1 << UInt8(bit)
        let code = code {
          let preamble = try SealedPreamble(bytes, kind: .dump)
          _ = try SealedFileKey.find(for: preamble, in: DumpKeyring(sealing: key), masters: masters)
        }
        #expect(code != nil && code != .cryptography, "bit \(bit) of byte \(position)")
      }
    }
  }

  @Test("is refused with its preamble cut at any byte")
  func truncation() throws {
    let whole = try file().preamble.bytes
    for count in whole.indices {
      let code = code { _ = try SealedPreamble(Array(whole.prefix(count)), kind: .dump) }
      #expect(code == (count < 4 ? .notADump : .truncated))
    }
    #expect(code { _ = try SealedPreamble(whole, kind: .journal) } == .notADump)
    var later = whole
    later[4] = 2
    #expect(code { _ = try SealedPreamble(later, kind: .dump) } == .unsupportedLayout)
  }

  @Test("has a key of its own for each kind and each file")
  func separation() throws {
    let keys = try [file(), file(), file(Self.long, .journal), file(Self.short), file(Self.short)].map(\.key.bytes)
    #expect(Set(keys).count == keys.count)
  }

  @Test("names long keys only, as a name would let short ones be guessed without scrypt")
  func names() throws {
    #expect(try file().preamble.keyID == SealedFileKey.id(of: Self.long))
    #expect(try file(Self.short).preamble.keyID == [UInt8](repeating: 0, count: 8))
    #expect(KeyDerivation.suited(to: DumpKey(String(repeating: "é", count: 31))) == .scrypt(.standard))
    #expect(KeyDerivation.suited(to: DumpKey(String(repeating: "é", count: 32))) == .hkdf)
  }

  @Test("takes no chunk behind its last one, and none that is too large")
  func sealerBounds() throws {
    var sealer = ChunkSealer(try file().key)
    _ = try sealer.seal([1])
    let early = sealer.isFinished
    _ = try sealer.seal([], isLast: true)
    let late = sealer.isFinished
    #expect(!early && late)
    do {
      _ = try sealer.seal([1])
      Issue.record("a chunk behind the last one")
    } catch {
      #expect(error.code == .wrongOrder)
    }
    #expect(ChunkHeader(length: ChunkHeader.maximumLength, counter: 0, isLast: false) != nil)
    #expect(ChunkHeader(length: ChunkHeader.maximumLength + 1, counter: 0, isLast: false) == nil)
    #expect(ChunkHeader(length: 0, counter: 1 << 63, isLast: false) == nil)
  }

  @Test("opens no chunk that was changed, cut, or is of another place")
  func chunks() throws {
    let key = try file().key
    var sealer = ChunkSealer(key)
    let chunk = try sealer.seal(Array("content".utf8))
    let opener = ChunkOpener(key)
    func opens(_ bytes: [UInt8]) throws -> Bool {
      guard let header = ChunkHeader(bytes.prefix(16)) else { return false }
      var content = Array(bytes.dropFirst(16))
      let isAuthentic = try opener.open(header, &content)
      #expect(isAuthentic || content.isEmpty)
      return isAuthentic
    }
    #expect(try opens(chunk))
    for position in chunk.indices {
      for bit in 0..<8 {
        var changed = chunk
        changed[position] ^= 1 << UInt8(bit)
        #expect(try !opens(changed))
      }
      #expect(try !opens(Array(chunk.prefix(position))))
    }
    #expect(try !opens(chunk + [0]))
  }

  @Test("has its chunks in their order, each once, up to the last one")
  func order() throws {
    func header(_ counter: UInt64, isLast: Bool = false) throws -> ChunkHeader {
      try #require(ChunkHeader(length: 0, counter: counter, isLast: isLast))
    }
    var order = ChunkOrder()
    #expect(try !order.accept(header(1)))
    #expect(try order.accept(header(0)))
    #expect(try !order.accept(header(0)))
    #expect(try !order.accept(header(2)))
    #expect(try order.accept(header(1, isLast: true)))
    #expect(try order.isFinished && !order.accept(header(2)))
  }

  @Test("bounds what scrypt may cost a reader")
  func scryptBounds() {
    #expect(ScryptParameters(log2N: 15, blockSize: 8, parallelism: 1) == .standard)
    #expect(ScryptParameters(log2N: 18, blockSize: 8, parallelism: 4) != nil)
    #expect(ScryptParameters(log2N: 17, blockSize: 16, parallelism: 1) != nil)
    for (log2N, blockSize, parallelism) in [(19, 8, 1), (18, 16, 1), (21, 1, 1), (15, 17, 1), (15, 8, 5), (0, 8, 1)] {
      #expect(ScryptParameters(log2N: log2N, blockSize: blockSize, parallelism: parallelism) == nil)
    }
  }

  @Test("of a short key shares the salt of scrypt with the others of its process, and derives once")
  func sharedSalt() throws {
    let masters = ScryptMasters()
    let first = try SealedFileKey.create(.dump, compression: .none, key: Self.short, masters: masters).preamble
    let second = try SealedFileKey.create(.journal, compression: .none, key: Self.short, masters: masters).preamble
    #expect(first.salt.prefix(16) == second.salt.prefix(16))
    #expect(first.salt.suffix(16) != second.salt.suffix(16))
    let other = try SealedFileKey.create(.dump, compression: .none, key: DumpKey("other"), masters: masters).preamble
    #expect(other.salt.prefix(16) != first.salt.prefix(16))
  }

  @Test("shows nothing of its key")
  func redaction() throws {
    let key = try file().key
    #expect("\(key)" == "[redacted]")
    var text = ""
    dump(key, to: &text)
    #expect(!text.contains("\(key.bytes[0])"))
  }
}

/// Gives out 0, 1, 2 and so on.
private final class Counter: Sendable {
  private let next = Lock<UInt8>(0)

  func take() -> UInt8 {
    next.withLock { next in
      defer { next += 1 }
      return next
    }
  }
}
