import Cryptography
import Testing

@testable import DumpFormat

@Suite("A DMP2 dump")
struct DMP2Tests {
  private static let expected = Contents(
    groups: DMP2Samples.groups.map(\.0),
    records: Dictionary(uniqueKeysWithValues: DMP2Samples.groups.filter { !$0.1.isEmpty }))

  @Test("is read as it was written, in chunks of any size", arguments: [1, 20, 64, 1 << 20])
  func roundTrip(chunkSize: Int) throws {
    for compression in [ChunkCompression.none, .zstd] {
      let bytes = try DMP2Samples.sealed(chunkSize: chunkSize, compression: compression)
      let (contents, summary) = try DMP2Samples.read(bytes)
      #expect(contents == Self.expected)
      #expect(summary.header == DMP2Samples.header && summary.bytes == bytes.count)
      #expect(summary.counts.map(\.records) == [3, 0, 1])
      let hash = try SHA256Stream()
      try hash.update(bytes)
      #expect(try summary.sha256 == hash.hexadecimal())
    }
  }

  @Test("is written by DumpWriter with the summary that readers find")
  func writer() throws {
    var writer = try DumpWriter(header: DMP2Samples.header, key: DMP2Samples.key, sink: BytesSink())
    for (name, records) in DMP2Samples.groups {
      try writer.beginGroup(name)
      for record in records { try Array(record.utf8).withUnsafeBytes { try writer.append(record: $0) } }
    }
    let (summary, sink) = try writer.finish()
    let read = try DMP2Samples.read(sink.bytes)
    #expect(read.contents == Self.expected && read.summary == summary)
    #expect(try UnverifiedDump(BytesSource(bytes: sink.bytes)).format == .dmp2)
  }

  @Test("may have many records, a large one, and no collections")
  func sizes() throws {
    let many = (0..<20_000).map { "{\"_id\":\"\($0)\",\"text\":\"\(String(repeating: "x", count: $0 % 300))\"}" }
    let large = ["{\"text\":\"\(String(repeating: "y", count: 3 << 20))\"}"]
    let bytes = try DMP2Samples.sealed([("many", many), ("large", large), ("small", ["{}"])])
    let (contents, _) = try DMP2Samples.read(bytes)
    #expect(contents.records == ["many": many, "large": large, "small": ["{}"]])
    #expect(DMP2Samples.chunks(of: bytes).count >= 6)
    #expect(bytes.count < 1 << 20)
    #expect(try DMP2Samples.read(DMP2Samples.sealed([])).summary.counts.isEmpty)
  }

  @Test("has another key, identity and bytes each time")
  func identities() throws {
    let dumps = try [DMP2Samples.sealed(), DMP2Samples.sealed()]
    #expect(dumps[0] != dumps[1])
    let identities = try dumps.map { try DumpIdentity.of(BytesSource(bytes: $0)) }
    #expect(identities[0] != identities[1])
  }

  @Test("has the identity that follows from its writes, however they are cut", arguments: [1, 15, 16, 17, 64, 1000])
  func ends(count: Int) throws {
    let bytes = try DMP2Samples.sealed()
    for size in [0, 1, 40, 64, 79, 80, 81, bytes.count] {
      let file = Array(bytes.prefix(size))
      var ends = DumpIdentity.Ends()
      for start in stride(from: 0, to: file.count, by: count) {
        file[start..<min(start + count, file.count)].withUnsafeBytes { ends.add($0) }
      }
      #expect(try ends.identity(DMP2Samples.header) == DumpIdentity.of(BytesSource(bytes: file)), "\(size)")
    }
  }

  @Test("tells a wrong key from damage")
  func keys() throws {
    let bytes = try DMP2Samples.sealed()
    let other = DumpKey("another key, as long as it should be")
    #expect(DMP2Samples.code(bytes, keyring: DumpKeyring(sealing: other)) == .noKey)
    #expect(
      try DMP2Samples.read(bytes, keyring: DumpKeyring(sealing: other, older: [DMP2Samples.key])).contents
        == Self.expected)
    let short = try DMP2Samples.sealed(key: DumpKey("short-key"))
    #expect(DMP2Samples.code(short) == .noKey)
    #expect(try DMP2Samples.read(short, keyring: DumpKeyring(sealing: DumpKey("short-key"))).contents == Self.expected)
  }

  @Test("shows its header, a wrong key, and damage, from the beginning alone")
  func beginnings() throws {
    func beginning(_ bytes: [UInt8], _ keyring: DumpKeyring = DMP2Samples.keyring) throws -> DumpBeginning {
      try UnverifiedDump(BytesSource(bytes: bytes)).unverifiedBeginning(keyring)
    }
    let bytes = try DMP2Samples.sealed()
    let first = DMP2Samples.chunks(of: bytes)[0]
    #expect(try beginning(bytes) == .header(DMP2Samples.header))
    #expect(try beginning(Array(bytes[..<first.upperBound])) == .header(DMP2Samples.header))
    let other = DumpKeyring(sealing: DumpKey("another key, as long as it should be"))
    #expect(try beginning(bytes, other) == .unintelligible)
    #expect(try beginning(Array(bytes[..<(first.upperBound - 1)])) == .text)
    var damaged = bytes
    damaged[first.lowerBound + 20] ^= 1
    #expect(try beginning(damaged) == .text)
  }

  @Test("keeps the order and the predecessor that its writer gave")
  func headers() throws {
    let cases: [(DumpOrder?, String?)] = [(nil, "00ff"), (DumpOrder(epoch: 1, sequence: DumpOrder.maximum), nil)]
    for (order, predecessor) in cases {
      let header = DumpHeader(
        format: .dmp2, createdAt: "2026-01-02T03:04:05Z", order: order, predecessor: predecessor)
      let bytes = try DMP2Samples.sealed(header: header)
      #expect(try DMP2Samples.read(bytes).summary.header == header)
      #expect(try UnverifiedDump(BytesSource(bytes: bytes)).unverifiedHeader(DMP2Samples.keyring) == header)
      let written = DMP2Header(header: header, writer: "gatehouse/1")
      #expect(try DMP2Header(written.bytes) == written && written.isCanonical)
    }
    #expect(!DMP2Header(header: DMP2Samples.header, writer: "other/1").isCanonical)
  }

  @Test("says whether its documents are in compact form")
  func canonical() throws {
    for (program, isCanonical) in [("gatehouse/1.2", true), ("other", false)] {
      let source = BytesSource(bytes: try DMP2Samples.sealed(program: program))
      _ = try UnverifiedDump(source).load(DMP2Samples.keyring, prepare: \.isCanonical) { _, found in
        #expect(found == isCanonical)
      }
    }
  }

  @Test("ends a load at the first fault of its taker or its preparation")
  func faults() throws {
    struct Fault: Error {}
    let source = BytesSource(bytes: try DMP2Samples.sealed(chunkSize: 1))
    #expect(throws: Fault.self) {
      _ = try UnverifiedDump(source).load(DMP2Samples.keyring, prepare: { _ in throw Fault() }) { _, _ in }
    }
    #expect(throws: Fault.self) {
      _ = try UnverifiedDump(source).load(DMP2Samples.keyring, prepare: { _ in }) { _, _ in throw Fault() }
    }
    #expect(throws: DumpFormatError.self) {
      _ = try UnverifiedDump(source).inspect(DMP2Samples.keyring, isCancelled: { true })
    }
  }
}
