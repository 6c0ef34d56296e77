import JSON
import Testing

@testable import DumpFormat

@Suite("A journal")
struct JournalTests {
  private static let keyring = DumpKeyring(sealing: DumpKey("a key of at least thirty-two characters"))

  private static let header = JournalSamples.header(.journal(JournalSamples.place))

  private static let commits = [
    JournalSamples.commit,
    JournalCommit(number: 2, time: -1, actor: nil, changes: []),
    JournalCommit(
      number: 3, time: 0, actor: "", changes: [JournalChange(collection: "", id: "", before: 0, after: [])]),
  ]

  /// A journal whose chunks have one commit each.
  private static func file(_ commits: [JournalCommit] = commits, isClosed: Bool = false) throws -> [UInt8] {
    try JournalSamples.sealed(commits, header, key: keyring.sealing, isClosed: isClosed)
  }

  private struct Reading: Equatable {
    var commits: [JournalCommit] = []
    var ending: JournalReader.Ending?
  }

  private static func read(_ bytes: [UInt8]) throws -> Reading {
    var reading = Reading()
    guard var reader = try JournalReader(BytesSource(bytes: bytes), keyring) else { return reading }
    #expect(reader.header == header)
    while let batch = try reader.next() { reading.commits += batch.commits }
    reading.ending = reader.ending
    return reading
  }

  @Test("is read as it was written, open and closed")
  func roundTrip() throws {
    #expect(try Self.read(Self.file()) == Reading(commits: Self.commits, ending: .open))
    #expect(try Self.read(Self.file(isClosed: true)) == Reading(commits: Self.commits, ending: .closed))
    #expect(try Self.read(Self.file([])) == Reading(ending: .open))
    for start in [JournalStart.empty, .ownDump, .dump(identity: "ab")] {
      let header = JournalHeader(number: JournalSamples.number(1, 0), start: start, createdAt: "t", writer: "w")
      #expect(try JournalHeader(header.bytes) == header)
    }
  }

  @Test("that is cut anywhere has the commits before the cut, and never an error")
  func truncation() throws {
    for isClosed in [false, true] {
      let file = try Self.file(isClosed: isClosed)
      var last = 0
      for count in 0..<file.count {
        let reading = try Self.read(Array(file.prefix(count)))
        #expect(reading.commits == Array(Self.commits.prefix(reading.commits.count)))
        #expect(reading.commits.count >= last)
        last = reading.commits.count
        if reading.ending == .closed { Issue.record("a cut journal counts as closed at \(count)") }
      }
    }
  }

  @Test("that lost its end in a power cut, with zeros in its place, has the commits before them")
  func zeros() throws {
    let file = try Self.file()
    for count in stride(from: 0, to: file.count, by: 3) {
      let reading = try Self.read(file.prefix(count) + [UInt8](repeating: 0, count: file.count - count))
      #expect(reading.commits == Array(Self.commits.prefix(reading.commits.count)))
    }
  }

  @Test("with a bit that flipped gives no other commits: an error, or only the last ones are missing")
  func flips() throws {
    let file = try Self.file()
    let lastChunk = file.count - (try Self.file(Array(Self.commits.dropLast())).count)
    for index in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[index] ^= 1 << bit
        do {
          let reading = try Self.read(damaged)
          #expect(reading.commits == Array(Self.commits.dropLast()) && index >= file.count - lastChunk, "byte \(index)")
          if case .torn = reading.ending {} else { Issue.record("byte \(index) is not missed") }
        } catch let error as DumpFormatError {
          #expect([.damaged, .noKey, .notADump, .unsupportedLayout].contains(error.code), "byte \(index): \(error)")
        }
      }
    }
  }

  @Test("with a bit that flipped is damaged if it was closed, whatever the bit is")
  func closedFlips() throws {
    let file = try Self.file(isClosed: true)
    for index in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[index] ^= 1 << bit
        let reading = try? Self.read(damaged)
        // Only the end itself can be taken for a write that was cut off.
        if let reading { #expect(reading.commits == Self.commits && index >= file.count - ChunkHeader.overhead) }
      }
    }
  }

  @Test("with chunks that are repeated, left out or in another order is damaged")
  func order() throws {
    let ends = try (0...3).map { try Self.file(Array(Self.commits.prefix($0))).count }
    let file = try Self.file(isClosed: true)
    let start = Array(file[..<ends[0]])
    let chunks = [ends[0]..<ends[1], ends[1]..<ends[2], ends[2]..<ends[3], ends[3]..<file.count].map { Array(file[$0]) }
    for order in [[0, 0, 1, 2, 3], [1, 2, 3], [0, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2], [0, 1, 2, 3, 0], [3]] {
      #expect(throws: DumpFormatError.self, "\(order)") {
        try Self.read(start + order.flatMap { chunks[$0] })
      }
    }
  }

  @Test("with another key tells so")
  func otherKey() throws {
    let file = try Self.file()
    let other = DumpKeyring(sealing: DumpKey("another key of at least 32 characters"), older: [DumpKey("short")])
    let error = #expect(throws: DumpFormatError.self) { _ = try JournalReader(BytesSource(bytes: file), other) }
    #expect(error?.code == .noKey)
  }

  @Test("of a later version is refused, and not read as one of this version")
  func laterVersion() throws {
    let text = String(decoding: Self.header.bytes, as: UTF8.self)
    let later = text.replacing(#""version":1"#, with: #""version":3"#)
    #expect(text != later)
    let (key, preamble) = try SealedFileKey.create(.journal, compression: .none, key: Self.keyring.sealing)
    var sealer = ChunkSealer(key)
    let file = try preamble.bytes + sealer.seal(Array(later.utf8))
    let error = #expect(throws: DumpFormatError.self) { try Self.read(file) }
    #expect(error?.code == .unsupportedVersion)
    #expect(error?.description.contains("newer") == true)
  }

  @Test("with random bytes in its records is refused without a crash")
  func records() throws {
    var generator = SystemRandomNumberGenerator()
    var content: [UInt8] = []
    for commit in Self.commits { commit.encode(into: &content) }
    #expect(try JournalCommit.decode(content) == Self.commits)
    for _ in 0..<20_000 {
      var bytes = content
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
      }
      if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
      _ = try? JournalCommit.decode(bytes)
    }
  }

  @Test("has no commit out of its order")
  func numbers() throws {
    let commits = Self.commits
    #expect(throws: DumpFormatError.self) { try Self.read(Self.file([commits[0], commits[2]])) }
    #expect(throws: DumpFormatError.self) { try Self.read(Self.file([commits[1]])) }
  }
}
